package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What cannot work ends with one error, what helps, and the right exit code; and what can, does.
 */
class BadInputTest {

  @TempDir Path base;

  private Path source;
  private Path parent;
  private Path copy;
  private Trees.Canary canary;

  @BeforeEach
  void makeWorld() throws IOException {
    base = base.toRealPath();
    source = Files.createDirectories(base.resolve("here/project"));
    Files.writeString(source.resolve("file"), "content\n");
    parent = Files.createDirectories(base.resolve("there"));
    copy = parent.resolve("project");
    Files.createDirectories(base.resolve("outside/folder"));
    Files.writeString(base.resolve("outside/folder/file"), "canary\n");
    canary = Trees.canary(base.resolve("outside"), base.resolve("outside/none"));
  }

  @AfterEach
  void nothingIsLeftBehind() {
    canary.assertUntouched();
    Trees.assertNoStage(base);
  }

  // ---- the command line ----

  @Test
  void missesASource() {
    fails(
        Exit.SOURCE, ".*/no such: no such folder", "--once", base + "/no such", parent, "--", "sh");
    fails(Exit.USAGE, ".*SRC_DIR.*");
    fails(Exit.SOURCE, "SRC_DIR is empty", "--once", "", parent, "--", "sh");
  }

  @Test
  void refusesASourceThatIsNoFolder() {
    fails(
        Exit.SOURCE, ".*/file: not a folder", "--once", source.resolve("file"), parent, "--", "sh");
    fails(Exit.SOURCE, "/: .*", "--once", "/", parent, "--", "sh");
  }

  @Test
  void saysItWhenGitIgnoresTheWholeSource() throws IOException {
    sh("cd here; git init -q; echo 'proj*' >.gitignore");

    var said = Frep.run("--once", source, parent, "--", "sh").exits(0);

    assertEquals(
        "frep: project is in what Git ignores ("
            + source.resolveSibling(".gitignore")
            + ":1: proj*): only what Git tracks is sent\n"
            + "hint: --no-gitignore sends all that is in it\n",
        said.err());
    assertFalse(Files.exists(copy.resolve("file")));
    Frep.run("--once", "--no-gitignore", source, parent, "--", "sh").succeeds();
    assertTrue(Files.exists(copy.resolve("file")));
  }

  @Test
  void refusesASourceThatMayNotBeRead() throws IOException {
    assumeTrue(isRoot(), "without another user there is no such folder");
    sh("chmod 755 . here there; chmod 700 here/project");
    Frep.giveAway(parent);

    var result = Frep.with().unprivileged().runs("--once", source, parent, "--", "sh");

    assertClean(result, Exit.SOURCE, ".*/project.*");
    assertEquals("", result.out());
  }

  @Test
  void refusesARelativeDestination() {
    var message = "there: DEST_PARENT_DIR must be absolute";
    fails(Exit.USAGE, message, "--once", source, "there", "--", "sh");
    fails(Exit.USAGE, ".*must be absolute", "--once", source, "~/there", "--", "sh");
    fails(Exit.USAGE, ".*DEST_PARENT_DIR.*", "--once", source);
  }

  @Test
  void missesAConnectionCommand() {
    fails(Exit.USAGE, "where to\\?.*", "--once", source, parent);
    fails(Exit.USAGE, "where to\\?.*", "--once", source, parent, "--");
  }

  @Test
  void refusesUnknownOptionsAndValues() {
    fails(Exit.USAGE, ".*--frobnicate.*", "--frobnicate", source, parent, "--", "sh");
    fails(Exit.USAGE, ".*--max-delete.*", "--max-delete", "few", source, parent, "--", "sh");
    fails(Exit.USAGE, ".*--exclude.*", "--exclude");
  }

  @Test
  void takesOptionsAfterTheFirstWordForTheCommands() {
    Frep.run("--once", source, parent, "bash", "--norc", "-s", "--", "--once").succeeds();

    Trees.assertSame(source, copy);
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "./", "../project", "../project/", "../project/.", "./sub/.."})
  void namesTheCopyAsTheSourceHoweverThatIsGiven(String given) throws IOException {
    Files.createDirectories(source.resolve("sub"));

    Frep.with().in(source).runs("--once", given, parent + "//./", "--", "sh").succeeds();

    Trees.assertSame(source, copy);
    assertEquals(1, parent.toFile().list().length);
  }

  @Test
  void namesTheCopyAsTheSymlinkThatIsGiven() throws IOException {
    var link = Files.createSymbolicLink(base.resolve("link"), Path.of("here/project"));

    Frep.run("--once", link, parent, "--", "sh").succeeds();
    Trees.assertSame(source, parent.resolve("link"));
    Frep.run("--once", link + "/", parent, "--", "sh").succeeds();
    assertEquals(1, parent.toFile().list().length);
  }

  @Test
  void tellsOfWhatCannotBeCopiedAndCopiesTheRest() {
    assumeTrue(isRoot(), "without another user there is no such file");
    sh("cd here/project; mkfifo fifo; echo secret >closed; chmod 600 closed; echo x >open");
    sh("mkdir -m 700 here/project/private; touch here/project/private/file; chmod 755 . here");
    Frep.giveAway(parent);

    var result = Frep.with().unprivileged().runs("--once", source, parent, "--", "sh");

    result.exits(Exit.PROBLEMS.code);
    for (var name : List.of("fifo", "closed", "private")) {
      assertEquals(
          1, result.err().lines().filter(line -> line.contains(name)).count(), result.err());
    }
    assertPlain(result);
    assertTrue(Files.exists(copy.resolve("open")), result.err());
    assertFalse(Files.exists(copy.resolve("closed")));
  }

  // ---- the connection ----

  @Test
  void tellsThatThereIsNoSuchCommand() {
    fails(
        Exit.CONNECTION, "no-such-command: .*", "--once", source, parent, "--", "no-such-command");
    fails(Exit.CONNECTION, ".*no such: .*", source, parent, "--", base + "/no such", "x");
    fails(Exit.CONNECTION, base + "/here: .*", source, parent, "--", base + "/here");
  }

  @Test
  void tellsHowACommandEndedThatEndsAtOnce() {
    fails(Exit.CONNECTION, ".*exit code 0.*", "--once", source, parent, "--", "true");
    fails(Exit.CONNECTION, ".*exit code 1.*", source, parent, "--", "false");
    fails(
        Exit.CONNECTION,
        ".*exit code 255.*Permission denied.*",
        source,
        parent,
        "--",
        "sh",
        "-c",
        "printf 'Permission denied\\033[31m' >&2; exit 255");
    fails(Exit.CONNECTION, ".*", source, parent, "--", "sh", "-c", "kill -9 $$");
    fails(Exit.CONNECTION, ".*exit code 0.*", source, parent, "--", "echo", "hello");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo Welcome",
        "printf 'no newline at its end'",
        "printf 'one\\n\\ntwo\\r\\n'; echo not an error >&2",
        "head -c 300000 /dev/zero",
        "head -c 300000 /dev/urandom; printf '\\n'",
      })
  void worksBehindABanner(String banner) {
    var result =
        Frep.run("--once", source, parent, "--", "sh", "-c", banner + "; exec sh").exits(0);

    Trees.assertSame(source, copy);
    assertEquals(2, result.out().lines().count(), "more than frep's own two lines on stdout");
  }

  /** Both at once, since they take as long as a target may be silent. */
  @Test
  void givesUpACommandThatNeverAnswers() {
    try (var sleeps = Frep.start("--once", source, parent, "--", "sleep", "1000");
        var echoes = Frep.start(source, parent, "--", "cat")) {
      for (var silent : List.of(sleeps, echoes)) {
        var words = silent == sleeps ? ".*silent.*" : ".*";
        silent.awaitLine("frep: .*");
        silent.descendants();
        assertClean(silent.awaitEnd(), Exit.CONNECTION, words);
        silent.awaitDescendants();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void stopsAtOnceWhileACommandDoesNotAnswer(String signal) throws IOException {
    var started = base.resolve("started");
    var command = "touch " + started + "; exec sleep 1000";
    try (var frep = Frep.start(source, parent, "--", "sh", "-c", command)) {
      awaitFile(frep, started);
      var began = System.nanoTime();
      frep.signal(signal);

      var result = frep.awaitEnd();
      result.exits(Exit.INTERRUPTED.code);
      frep.awaitDescendants();
      assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(15), "it took too long");
      assertPlain(result);
    }
  }

  @Test
  void refusesATerminal() {
    assumeTrue(Commands.missing("script").isEmpty(), "script makes the terminal");

    fails(
        Exit.TARGET,
        ".*terminal",
        "--once",
        source,
        parent,
        "--",
        "script",
        "-qec",
        "sh",
        "/dev/null");
  }

  // ---- the target ----

  @Test
  void refusesADestinationThatIsAFile() throws IOException {
    Files.writeString(copy, "theirs\n");

    fails(Exit.TARGET, ".*" + copy + ".*", "--once", source, parent, "--", "bash");
    fails(Exit.TARGET, ".*" + copy + ".*", "--once", source, copy, "--", "sh");
    assertEquals("theirs\n", Files.readString(copy));
  }

  @Test
  void refusesADestinationThatIsASymlink() throws IOException {
    Files.createSymbolicLink(copy, base.resolve("outside/folder"));

    fails(Exit.TARGET, ".*" + copy + " is a symlink", "--once", source, parent, "--", "sh");
    fails(Exit.TARGET, ".*symlink", "--clean-out-first", source, parent, "--", "sh");
    Files.delete(copy);
    Files.createSymbolicLink(copy, Path.of("nowhere"));
    fails(Exit.TARGET, ".*symlink", "--once", source, parent, "--", "sh");
    assertFalse(Files.exists(parent.resolve("nowhere")));
  }

  @Test
  void refusesADestinationThatCannotBeMade() {
    fails(Exit.TARGET, ".*cannot be made.*", "--once", source, "/proc/no/such", "--", "sh");
    fails(Exit.TARGET, ".*cannot be made.*", "--once", source, source + "/file/in", "--", "bash");
  }

  @Test
  void refusesADestinationThatMayNotBeWritten() throws IOException {
    assumeTrue(isRoot(), "without another user there is no such folder");
    sh("chmod 755 . here there here/project");

    var made = Frep.with().unprivileged().runs("--once", source, parent, "--", "sh");
    assertClean(made, Exit.TARGET, ".*(cannot be made|user nobody may not write in) .*");
    Files.createDirectory(copy);
    var there = Frep.with().unprivileged().runs("--once", source, parent, "--", "bash");
    assertClean(there, Exit.TARGET, ".*user nobody may not write in .*");
    assertEquals(0, copy.toFile().list().length);
  }

  @Test
  void tellsHowToInstallWhatTheTargetLacks() throws IOException {
    for (var tool : List.of("tar", "dd", "find")) {
      var tools = toolsWithout(tool);
      var shell = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v bash"));
      var result =
          fails(
              Exit.TARGET,
              ".*no " + tool + ".*",
              "--once",
              source,
              parent,
              "--",
              "env",
              "PATH=" + tools,
              shell);
      assertTrue(result.err().lines().toList().get(1).contains("install"), result.err());
    }
    assertFalse(Files.exists(copy));
  }

  // ---- the end ----

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "HUP"})
  void endsCleanlyWhileWatching(String signal) throws IOException {
    try (var frep = Frep.start(source, parent, "--", "bash")) {
      frep.awaitFirstCopy();
      Files.writeString(source.resolve("last"), "saved just before\n");
      frep.signal(signal);

      frep.awaitEnd().succeeds();
      frep.awaitDescendants();
    }
    Trees.assertSame(source, copy);
    assertEquals(List.of("project"), List.of(parent.toFile().list()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void endsCleanlyDuringTheFirstCopy(String signal) throws IOException {
    sh("cd here/project; seq 3000 | split -l 1 -a 3 - f");
    var go = base.resolve("go");
    try (var frep = Frep.start(words(source, parent, slowTar(go)))) {
      awaitFile(frep, base.resolve("started"));
      frep.signal(signal);
      Files.createFile(go);

      var result = frep.awaitEnd();
      frep.awaitDescendants();
      if (result.exit() == Exit.IN_STEP.code) { // That would be a lie if it were not so.
        Trees.assertSame(source, copy);
      } else {
        result.exits(Exit.INTERRUPTED.code);
      }
      assertPlain(result);
      assertEquals(List.of("project"), List.of(parent.toFile().list()));
      for (var file : copy.toFile().listFiles()) { // What is there is whole.
        assertEquals(
            Files.readString(source.resolve(file.getName())), Files.readString(file.toPath()));
      }
    }
  }

  @Test
  void endsAtOnceWhenToldTwiceAndLeavesNothingBehind() throws IOException {
    var go = base.resolve("go");
    try (var frep = Frep.start(words(source, parent, slowTar(go)))) {
      awaitFile(frep, base.resolve("started"));
      frep.signal("INT");
      // The first may be all that the second is: until it has been taken in, they are one.
      while (frep.isAlive()) {
        frep.signal("INT");
      }

      frep.awaitEnd().exits(Exit.INTERRUPTED.code);
      Files.createFile(go);
      frep.awaitDescendants();
    }
    assertAllOrNothing();
  }

  @Test
  void leavesNothingBehindWhenItIsKilled() throws IOException {
    var go = base.resolve("go");
    try (var frep = Frep.start(words(source, parent, slowTar(go)))) {
      awaitFile(frep, base.resolve("started"));
      frep.kill();
      Files.createFile(go);
      frep.awaitDescendants();
    }
    assertAllOrNothing();
  }

  /** The set may have been on its way as a whole: then it counts. */
  private void assertAllOrNothing() throws IOException {
    if (Files.exists(copy.resolve("file"))) {
      assertEquals("content\n", Files.readString(copy.resolve("file")));
    }
    assertEquals(List.of("project"), List.of(parent.toFile().list()));
  }

  @Test
  void saysWhatItIsAndHowItIsUsed() {
    assertTrue(Frep.run("--version").succeeds().out().matches("(?s)frep \\d+\\.\\d+\\.\\d+\n.*"));
    var help = Frep.run("--help").succeeds().out();
    for (var option :
        List.of(
            "clean-out-first",
            "with-initial-replication",
            "replicate-on-change",
            "gitignore",
            "debugging",
            "version",
            "help",
            "once")) {
      assertTrue(help.matches("(?s).*--(\\[no-\\])?" + option + "\\b.*"), option);
    }
  }

  // ---- the world of these tests ----

  private static Frep.Result fails(Exit exit, String error, Object... words) {
    // Long before a target counts as silent.
    return assertClean(Frep.with().within(Duration.ofSeconds(25)).runs(words), exit, error);
  }

  /** One error that matches and one hint, and nothing about the inside of frep. */
  private static Frep.Result assertClean(Frep.Result result, Exit exit, String error) {
    result.exits(exit.code);
    var lines = result.err().lines().toList();
    assertEquals(2, lines.size(), result.err());
    assertTrue(lines.get(0).matches("frep: (" + error + ")"), result.err());
    assertTrue(lines.get(1).matches("hint: \\S.*"), result.err());
    assertFalse(result.out().contains("copied"), result.out());
    assertPlain(result);
    return result;
  }

  private static void assertPlain(Frep.Result result) {
    var said = result.out() + result.err();
    for (var inside : List.of("Exception", "\tat ", "dev.frep", "java.", "bug", "null", "\033")) {
      assertFalse(said.contains(inside), said);
    }
  }

  private static boolean isRoot() {
    return Commands.run("id", "-u").out().strip().equals("0");
  }

  private void sh(String script) {
    Commands.succeed(
        Map.of("IN", base.toString()), List.of("bash", "-c", "set -eu; cd -- \"$IN\"; " + script));
  }

  private static Object[] words(Path source, Path parent, List<String> command) {
    var words = new ArrayList<Object>(List.of(source, parent, "--"));
    words.addAll(command);
    return words.toArray();
  }

  /** A shell whose tar says that it has been started, and waits until that file is there. */
  private List<String> slowTar(Path go) throws IOException {
    var tools = Files.createDirectory(base.resolve("tools"));
    var tar = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v tar"));
    var script =
        "#!/bin/sh\n"
            + "case \" $* \" in *' --version '* | *' -xf '*) exec %1$s \"$@\" ;; esac\n"
            + "touch %2$s/started\n"
            + "until [ -e %3$s ]; do sleep 0.02; done\n"
            + "exec %1$s \"$@\"\n";
    Files.writeString(tools.resolve("tar"), String.format(script, tar, base, go));
    assertTrue(tools.resolve("tar").toFile().setExecutable(true));
    return List.of("env", "PATH=" + tools + ":" + System.getenv("PATH"), "bash");
  }

  private static void awaitFile(Frep.Running frep, Path file) {
    var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (!Files.exists(file)) {
      assertTrue(System.nanoTime() < deadline, () -> "no " + file + ": " + frep.output());
      assertTrue(frep.isAlive(), () -> "it has ended: " + frep.output());
      Thread.onSpinWait();
    }
  }

  /** A folder of all that the target's PATH has, but for one tool. */
  private Path toolsWithout(String tool) throws IOException {
    var folder = Files.createDirectories(base.resolve("all-but-" + tool));
    sh(
        "for d in /usr/bin /bin; do for f in $d/*; do n=${f##*/}; case $n in '['|*[!a-z0-9]*) ;;"
            + " *) [ -e "
            + folder
            + "/$n ] || ln -s $f "
            + folder
            + "/; esac; done; done; rm "
            + folder
            + "/"
            + tool);
    return folder;
  }
}
