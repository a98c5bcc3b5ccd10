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

/** What cannot work ends with one error, one hint and the right exit code; what can work, works. */
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
    fails(Exit.SOURCE, "SRC_DIR: empty", "--once", "", parent, "--", "sh");
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
        "frep: project is ignored by Git ("
            + source.resolveSibling(".gitignore")
            + ":1: proj*): only tracked files are sent\n"
            + "hint: --no-gitignore sends everything in it\n",
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
    hints("~ has no meaning at the target: .*", source, "~/there", "--local");
    hints("name the host with an option: /home/code --ssh gpu", source, "gpu:/home/code");
    hints("is a variable not set.", source, "", "--local");
  }

  @Test
  void saysHowItIsUsedWhenASourceOrDestinationIsMissing() {
    for (var words : new Object[][] {{}, {"help"}}) {
      fails(Exit.USAGE, "SRC_DIR and DEST_PARENT_DIR are missing", words);
      hints("usage: frep .OPTIONS. SRC_DIR DEST_PARENT_DIR .*; frep --help says more", words);
    }
    fails(Exit.USAGE, "DEST_PARENT_DIR is missing", "--once", source);
  }

  @Test
  void helpsWithASourceThatIsMissing() {
    hints("SRC_DIR comes first: frep " + source + " " + base + "/no", base + "/no", source);
    hints("the shell expands ~ only if it is not quoted", "~/proj", "/home/code");
    hints("give the folder that it is in: " + source, source.resolve("file"), parent);
  }

  @Test
  void missesATarget() {
    fails(Exit.USAGE, "no target: .*", "--once", source, parent);
    fails(Exit.USAGE, "no target: .*", "--once", source, parent, "--");
  }

  @Test
  void refusesUnknownOptionsAndSaysWhichWasMeant() {
    fails(Exit.USAGE, "--frobnicate: unknown option", "--frobnicate", source, parent, "--", "sh");
    hints("frep --help lists the options", "--frobnicate");
    hints("did you mean --once.", "--onec", source, parent, "--local");
    hints("did you mean --max-delete.", "--max-del=3", source, parent, "--local");
    hints("did you mean --no-gitignore.", "--no-git-ignore", source, parent, "--local");
    hints("put the options before --, or before SRC_DIR", source, parent, "--", "--docker", "web");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--max-delete few => 'few' is not a number of paths",
        "--max-delete -1 => '-1' is not a number of paths",
        "--timeout 0 => '0' is not a number of seconds, 1 or more",
        "--timeout abc => 'abc' is not a number of seconds, 1 or more",
        "--index x => 'x' is not a whole number",
        "--owner a:b:c => 'a:b:c' is not USER or USER:GROUP",
        "--chmod u=q => 'u=q' is not a mode such as .*",
        "--completion bsh => 'bsh' is not one of bash, zsh",
        "--once=yes => takes no value",
        "--exclude => PATTERN is missing",
        "--docker => CONTAINER is missing",
        "--docker= => '' is not a name",
        "--ssh gpu:/home => 'gpu:/home' has a path: that belongs in DEST_PARENT_DIR",
        "--docker-user=me => has no effect without --docker",
      })
  void refusesAWrongValue(String line) {
    var words = new ArrayList<Object>(List.of(source, parent));
    words.addAll(List.of(line.split(" => ")[0].split(" ")));
    var message = words.get(2).toString().replaceFirst("=.*", "") + ": " + line.split(" => ")[1];
    fails(Exit.USAGE, message, words.toArray());
  }

  @Test
  void refusesPatternsThatArePathsOfThisMachine() throws IOException {
    Files.createDirectories(source.resolve("sub"));
    for (var given : List.of("./file", source + "/file", "project/file", "../project/file")) {
      var folder = given.startsWith("project") ? source.getParent() : source;
      var words = new Object[] {"--exclude", given, source, parent, "--local"};
      var result = assertClean(Frep.with().in(folder).runs(words), Exit.USAGE, "--exclude: .*");
      assertTrue(result.err().endsWith("\nhint: --exclude /file\n"), result.err());
    }
    var hint = "--include /sub/\\*.js";
    assertHint(hint, Frep.with().in(source).runs("--include=./sub/*.js", ".", parent, "--local"));
    Frep.run("--once", "--exclude=/file", "--exclude=sub/x", source, parent, "--local").succeeds();
    assertFalse(Files.exists(copy.resolve("file")));
  }

  @Test
  void takesTheLaterOfTwoEqualOptions() throws IOException {
    var words = List.of("--max-delete=1", "-q", "--max-delete=2", "-v", "--once", "--no-compress");
    var result =
        Frep.run(with(words.toArray(), "--compress", source, parent, "--local")).succeeds();
    assertTrue(result.out().contains("sent file\n"), result.out());
    Files.writeString(source.resolve("new"), "new\n");
    result = Frep.run("-v", "-n", "-q", source, parent, "--local").succeeds();
    assertTrue(result.out().contains("new     new (4 bytes)\n"), result.out());
    assertFalse(Files.exists(copy.resolve("new")));
  }

  @Test
  void doesOneThingAtATime() {
    var tasks =
        List.of(
            "--check",
            "--dry-run",
            "--verify",
            "--undo",
            "--run=ls",
            "--why=x",
            "--completion=bash");
    for (int i = 1; i < tasks.size(); i++) {
      var both = tasks.get(i - 1) + " and " + tasks.get(i);
      var message = both.replaceAll("=\\w+", "");
      var words = new Object[] {tasks.get(i), tasks.get(i - 1), source, parent, "--local"};
      var said = fails(Exit.USAGE, "--\\S+ and --\\S+ cannot be combined", words).err();
      for (var task : message.split(" and ")) {
        assertTrue(said.contains(task), said);
      }
    }
    var nothing = "--no-with-initial-replication and --once: nothing would be sent";
    fails(
        Exit.USAGE, nothing, "--once", "--no-with-initial-replication", source, parent, "--local");
  }

  @Test
  void refusesTheSameTargetTwice() {
    fails(
        Exit.USAGE, "docker:a: the same target twice", source, parent, "--docker=a", "--docker=a");
    fails(Exit.USAGE, "local and bash: the same .*", source, parent, "--local", "--", "bash");
    fails(Exit.USAGE, "--run: 2 targets, .*", "--run=ls", source, parent, "--local", "--", "cat");
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

  /** Tries both at once, since each takes the whole timeout. */
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

  @Test
  void helpsWithACommandThatIsNoShell() throws IOException {
    hints("to name a target, use an option: --docker webb or --ssh webb", source, parent, "webb");
    hints(
        "write the words of COMMAND without quotes: -- docker exec -i web sh",
        source,
        parent,
        "--",
        "docker exec -i web sh");
    var tools = Files.createDirectory(base.resolve("tools"));
    var script = "case $* in *-it*) echo the input device is not a TTY; exit 1; esac\n";
    Files.writeString(tools.resolve("docker"), "#!/bin/sh\n" + script);
    assertTrue(tools.resolve("docker").toFile().setExecutable(true));
    var path = tools + ":" + System.getenv("PATH");
    for (var words : List.of("docker exec web sh", "docker exec -it web sh")) {
      var command = with(new Object[] {source, parent, "--"}, (Object[]) words.split(" "));
      var result = Frep.with().environment("PATH", path).runs(command);
      var how = words.contains("-it") ? "leave out -t" : "add -i";
      assertHint(how + ": -- docker exec -i", result.exits(Exit.CONNECTION.code));
    }
  }

  // ---- the target ----

  @Test
  void refusesADestinationThatIsAFile() throws IOException {
    Files.writeString(copy, "theirs\n");

    fails(Exit.TARGET, ".*" + copy + ".*", "--once", source, parent, "--", "bash");
    var result = fails(Exit.TARGET, ".*" + copy + ".*", "--once", source, copy, "--", "sh");
    assertHint("a file has the name of a folder: .*", result);
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "missing debian tar xargs => sh -c 'apt-get update && apt-get install -y tar findutils'",
        "missing \"alpine\" cp mv => apk add --no-cache coreutils",
        "missing  find => install GNU findutils at the target, or use .*",
        "dd debian => sh -c 'apt-get update && apt-get install -y coreutils'",
        "unwritable root me drwx------ /srv => .* writable file system, such as a volume",
        "unwritable me root drwx------ /srv => .*, or add --docker-user root, or: chown me /srv",
        "unwritable me root drwx------ / => .*, or add --docker-user root",
        "destination mkdir: '/srv': Read-only file system => .* writable file system.*",
      })
  void hintsAtWhatMakesATargetFit(String line) throws Failure {
    var docker = new Docker();
    docker.containers.add("web");
    var route = Routes.asked(List.of(docker), List.of()).first().get(0);
    var refused = line.split(" => ")[0].split(" ", 2);
    var hint = Refusal.explain(refused[0], refused[1], route).hint;
    assertTrue(hint.replace("docker exec -u 0 web ", "").matches(line.split(" => ")[1]), hint);
  }

  @Test
  void tellsHowToInstallWhatTheTargetLacks() throws IOException {
    var tools = toolsWithout("tar", "dd", "find");
    var shell = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v bash"));
    var words = new Object[] {"--once", source, parent, "--", "env", "PATH=" + tools, shell};
    var result = fails(Exit.TARGET, "env: no tar, dd, find on the target", words);
    assertHint(".*install.* tar coreutils findutils.*", result);
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
      // Until the first signal is handled, a second one merges with it.
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

  /** If the whole set had been sent, it counts. */
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
    // Less than the timeout of a silent target.
    return assertClean(Frep.with().within(Duration.ofSeconds(25)).runs(words), exit, error);
  }

  /** Fails unless these words are wrong use, with this hint. */
  private static void hints(String hint, Object... words) {
    assertHint(hint, Frep.with().within(Duration.ofSeconds(25)).runs(words));
  }

  private static void assertHint(String hint, Frep.Result result) {
    assertTrue(result.exit() != 0, result.out());
    var lines = result.err().lines().toList();
    assertTrue(lines.get(lines.size() - 1).matches("hint: (" + hint + ")"), result.err());
  }

  private static Object[] with(Object[] words, Object... more) {
    var all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return all.toArray();
  }

  /** Fails unless there is one matching error, one hint, and nothing about frep's internals. */
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

  /** Returns a shell whose tar notes its start and then waits until a file exists. */
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

  /** Makes a folder with everything on the target's PATH but some tools. */
  private Path toolsWithout(String... tools) throws IOException {
    var folder = Files.createDirectories(base.resolve("some-tools"));
    sh(
        "for d in /usr/bin /bin; do for f in $d/*; do n=${f##*/}; case $n in '['|*[!a-z0-9]*) ;;"
            + (" *) [ -e " + folder + "/$n ] || ln -s $f " + folder + "/; esac; done; done; ")
            + ("cd " + folder + " && rm " + String.join(" ", tools)));
    return folder;
  }
}
