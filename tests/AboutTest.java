package dev.frep;

import static java.util.stream.Collectors.toCollection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What frep says about itself, and that it takes itself along. */
class AboutTest {

  @TempDir Path folder;

  // ---- the help, and what is made of it ----

  @Test
  void theHelpListsTheExitCodesOfTheProgram() {
    var help = Frep.run("--help").succeeds().out();

    for (var exit : Exit.values()) {
      var row = "(?m)^  " + exit.code + " +" + Pattern.quote(exit.meaning) + "$";
      assertTrue(Pattern.compile(row).matcher(help).find(), row + "\n" + help);
    }
    assertTrue(help.startsWith("Usage: frep [OPTIONS] SRC_DIR DEST_PARENT_DIR "), help);
    assertTrue(help.contains("  SRC_DIR  ") && help.contains("  DEST_PARENT_DIR  "), help);
  }

  // ---- completion ----

  @ParameterizedTest
  @CsvSource({
    "frep ./pro,                    ./proj/",
    "frep --eject ./pro,            --eject ./proj/",
    "frep ./proj /home --no-g,      --no-gitignore",
    "frep --compr,                  --compress",
    "frep ./proj /home --docker wo, --docker worker",
    "frep ./proj /home --ssh m,     --ssh my.host",
    "frep --compose-file com,       --compose-file compose.yaml",
    "frep --completion z,           --completion zsh"
  })
  void bashAndZshCompleteWhatIsTyped(String typed, String completed) throws IOException {
    prepareCompletion();
    for (var shell : List.of("bash --norc", "zsh -f")) {
      var work = Files.createTempDirectory(folder, "terminal");
      try (var terminal = new Tmux(work, 100, 30, environment())) {
        terminal.type("cd " + folder + " && exec " + shell);
        terminal.type("PS1='> ' && . ./script && clear && echo ready");
        terminal.awaitLine("ready");
        terminal.write(typed).press("Tab");
        terminal.awaitLine(".*" + Pattern.quote(completed) + ".*");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "frep --docker '',        'web worker'",
    "frep --docker =,         'web worker'",
    "frep --docker = we,      'web'",
    "frep --ssh '',           'gpu my.host'",
    "frep --gitig,            ''",
    "frep ./proj --timeout 3, ''"
  })
  void bashOffersTheNamesThatThisMachineKnows(String words, String offered) throws IOException {
    prepareCompletion();
    var type =
        ". ./script; COMP_WORDS=("
            + words
            + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
            + " _frep; echo \"${COMPREPLY[*]}\"";

    assertEquals(offered, run("bash", "--norc", "-c", type));
  }

  /** Picocli's options and no others: a switch in the form that changes something. */
  @Test
  void bashOffersEveryOption() throws IOException {
    prepareCompletion();
    var type = ". ./script; COMP_WORDS=(frep -); COMP_CWORD=1; _frep; echo \"${COMPREPLY[*]}\"";

    var offered = Set.of(run("bash", "--norc", "-c", type).split(" "));

    var help = Frep.run("--help").succeeds().out();
    for (var option : options(help)) {
      var name = option.replaceFirst("^-\\w, ", "").replace("[no-]", "no-");
      assertTrue(offered.contains(name), name + " of " + offered);
    }
    assertTrue(options(help).size() > 30, help);
    assertFalse(offered.contains("--gitignore"), "it is on without being asked for");
  }

  /** Those that begin a line. */
  private static Set<String> options(String text) {
    return Pattern.compile("(?m)^ +((-\\w, )?--(\\[no-])?[\\w-]+)")
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .collect(toCollection(TreeSet::new));
  }

  /** A folder to complete in: its own home, with a docker that has two containers. */
  private void prepareCompletion() throws IOException {
    var script = Frep.run("--completion", "bash").succeeds().out();
    assertEquals(script, Frep.run("--completion", "zsh").succeeds().out());
    Files.writeString(folder.resolve("script"), script);
    Files.createDirectories(folder.resolve("proj"));
    Files.writeString(folder.resolve("compose.yaml"), "");
    Files.createDirectories(folder.resolve(".ssh"));
    Files.writeString(folder.resolve(".ssh/config"), "Host gpu my.host\nHost *.example.org\n");
    Tmux.script(folder.resolve("tools/docker"), "[ \"$1\" = ps ] && echo web && echo worker");
  }

  private Map<String, String> environment() {
    return Map.of(
        "HOME", folder.toString(),
        "ZDOTDIR", folder.toString(),
        "PATH", folder.resolve("tools") + ":" + System.getenv("PATH"));
  }

  private String run(String... command) {
    var words = Stream.concat(Stream.of("env", "-C", folder.toString()), Stream.of(command));
    return Commands.succeed(environment(), words.toList());
  }

  // ---- what decides for a path ----

  @ParameterizedTest
  @CsvSource({
    "notes.tmp,    1, not sent: .gitignore:1: *.tmp",
    "sub/notes.tmp,1, not sent: .gitignore:1: *.tmp",
    "build/,       1, not sent: .gitignore:2: build/",
    "sub,          0, sent: no rule matches it"
  })
  void tellsTheRuleWithItsFile(String path, int exit, String answer) throws IOException {
    makeSource();
    for (var given : List.of(path, "./" + path, folder + "/" + path)) {
      var said = Frep.with().in(folder.getParent()).runs("--why", given, folder).exits(exit);
      assertEquals(answer + "\n", said.out(), given);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gone,      no such path in SRC_DIR",
    "sub/gone,  no such path in SRC_DIR",
    "../out,    not inside SRC_DIR",
    "/etc,      not inside SRC_DIR"
  })
  void saysThatAPathIsNotInTheSource(String path, String fault) throws IOException {
    makeSource();

    var said = Frep.run("--why", path, folder).exits(1);

    assertEquals("", said.out());
    assertTrue(said.err().startsWith("frep: --why: " + path + ": " + fault + "\n"), said.err());
  }

  private void makeSource() throws IOException {
    Files.writeString(folder.resolve(".gitignore"), "*.tmp\nbuild/\n");
    Files.createDirectories(folder.resolve("sub"));
    Files.createDirectories(folder.resolve("build"));
    Files.writeString(folder.resolve("notes.tmp"), "");
    Files.writeString(folder.resolve("sub/notes.tmp"), "");
  }

  // ---- which frep it is ----

  @Test
  void theVersionTellsWhatRuns() {
    var lines = Frep.run("--version").succeeds().out().lines().toList();

    assertEquals(4, lines.size(), lines + "");
    assertEquals("frep " + About.VERSION, lines.get(0));
    assertTrue(lines.get(1).startsWith("commit "), lines.get(1));
    assertTrue(lines.get(2).startsWith("JBang "), lines.get(2));
    assertEquals("Java " + Runtime.version(), lines.get(3));
  }

  @Test
  void theCommitIsThatOfACheckoutWithTheseScripts() throws Exception {
    Scripts.read().writeTo(folder);
    Files.createDirectory(folder.resolve("tests"));
    Files.writeString(folder.resolve("tests/test.java"), "");
    git("init", "-q");
    git("add", ".");
    git("-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "-qm", "all");
    var head = git("rev-parse", "--short", "HEAD");

    assertEquals("commit " + head, commit());
    Files.writeString(folder.resolve("tests/test.java"), "changed");
    assertEquals("commit " + head + ", changed since", commit());
    Files.writeString(folder.resolve("receiver.sh"), "of another version");
    assertTrue(commit().matches("commit unknown, scripts [0-9a-f]{12}"), commit());
  }

  @Test
  void theCommitOfAnotherRepositoryIsNotTakenForItsOwn() throws Exception {
    git("init", "-q");
    Scripts.read().writeTo(folder);
    git("add", ".");
    git("-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "-qm", "all");

    assertTrue(commit().matches("commit unknown, scripts [0-9a-f]{12}"), commit());
  }

  private String git(String... words) {
    return Commands.succeed(
        Map.of(), Stream.concat(Stream.of("git", "-C", folder + ""), Stream.of(words)).toList());
  }

  private String commit() {
    var launcher = folder.resolve("jbang");
    var said = Frep.with().environment("JBANG_LAUNCH_CMD", launcher).runs("--version").succeeds();
    return said.out().lines().skip(1).findFirst().orElse("");
  }

  // ---- frep in another repository ----

  /** What frep is made of is what its header names: nothing that is needed is left behind. */
  @Test
  void ejectsEveryScriptAsItIs() throws IOException {
    var repository = LauncherTest.repository();
    var tools = folder.resolve("tools/frep");

    var said = frep().runs("--eject", tools).succeeds().out();

    var names = new TreeSet<>(Set.of("frep.java", "receiver.sh"));
    for (var room : List.of("support", "transports")) {
      files(repository.resolve(room)).forEach(name -> names.add(room + "/" + name));
    }
    assertEquals(names, files(tools), "the header of frep.java does not name all scripts");
    for (var name : names) {
      var there = tools.resolve(name);
      assertEquals(-1, Files.mismatch(repository.resolve(name), there), name);
      assertEquals(name.equals("frep.java"), Files.isExecutable(there), name);
    }
    assertEquals(
        "wrote "
            + names.size()
            + " files into "
            + tools
            + "\n"
            + "next: jbang "
            + tools
            + "/frep.java --help\n",
        said);
  }

  @Test
  void ejectsWhatIsMissingAndLeavesTheRest() throws Exception {
    Scripts.read().writeTo(folder);
    Files.writeString(folder.resolve("of the user"), "theirs");
    Files.delete(folder.resolve("receiver.sh"));

    var said = frep().runs("--eject", folder).succeeds().out();

    assertTrue(said.startsWith("wrote 1 file into "), said);
    assertEquals("theirs", Files.readString(folder.resolve("of the user")));
    said = frep().runs("--eject", folder).succeeds().out();
    assertTrue(said.startsWith(folder + " is complete already\n"), said);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo theirs >receiver.sh",
        "ln -s nowhere receiver.sh",
        "mkdir receiver.sh",
        "cp -p ../same/receiver.sh outside; ln -s outside receiver.sh"
      })
  void ejectsNothingOverAnotherFile(String before) throws Exception {
    Scripts.read().writeTo(folder.resolve("same"));
    var tools = Files.createDirectory(folder.resolve("tools"));
    Commands.succeed(Map.of(), List.of("env", "-C", tools.toString(), "sh", "-c", before));
    var files = Trees.of(tools);

    var failed = frep().runs("--eject", tools).exits(2);

    assertEquals(
        "frep: --eject: "
            + tools
            + " contains a different receiver.sh: wrote nothing\n"
            + "hint: choose another folder, such as tools/frep, or move the old files away\n",
        failed.err());
    assertEquals(files, Trees.of(tools));
  }

  /** With the launcher of the repository the scripts need no installed JBang. */
  @Test
  void takesTheLauncherAlongThatHasStartedIt() throws IOException {
    var launcher = LauncherTest.repository().resolve("jbang");
    var frep = Frep.with().environment("FREP_JBANG_VERSION", "0.132.1");

    var said =
        frep.environment("JBANG_LAUNCH_CMD", launcher).runs("--eject", folder).succeeds().out();

    assertEquals(-1, Files.mismatch(launcher, folder.resolve("jbang")));
    assertTrue(Files.isExecutable(folder.resolve("jbang")));
    assertTrue(said.endsWith("next: " + folder + "/jbang " + folder + "/frep.java --help\n"), said);
  }

  /** This frep as another JBang runs it. */
  private static Frep frep() {
    return Frep.with().environment("FREP_JBANG_VERSION", "").environment("JBANG_LAUNCH_CMD", "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-it's $(here)", "-it's $(here)/", "tools/frep.java", "frep.java"})
  void saysWhatToTypeNextAsAShellTakesIt(String given) throws IOException {
    var next = frep().in(folder).runs("--eject", given).succeeds().out();
    var words = next.replaceAll("(?s).*next: | --help\n", "");

    var shell = "cd \"$1\"; set -- " + words + "; echo \"$1\"; cat -- \"$2\"";
    var shown =
        Commands.succeed(Map.of(), List.of("sh", "-c", shell, "sh", folder + "")).lines().toList();
    assertEquals("jbang", shown.get(0));
    assertTrue(shown.get(1).startsWith("///usr/bin/env jbang "), shown.get(1));
  }

  @Test
  void ejectsASingleFileOfItsOwnNameOnly() throws IOException {
    var wrong = frep().in(folder).runs("--eject", "tools/sync.java").exits(2);
    assertEquals(
        "frep: --eject: tools/sync.java: the file must have the name frep.java\n"
            + "hint: the file is named after its class: --eject tools/frep.java\n",
        wrong.err());
    Files.writeString(folder.resolve("frep.java"), "of the user");

    var other = frep().in(folder).runs("--eject", "./frep.java").exits(2);

    assertTrue(other.err().contains("a different frep.java: wrote nothing"), other.err());
    assertEquals("of the user", Files.readString(folder.resolve("frep.java")));
  }

  @Test
  void complainsOfAFolderThatCannotBe() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "");
    Frep.run("--eject", "").exits(2);

    var failed = Frep.run("--eject", file.resolve("in")).exits(2);

    assertEquals(
        "frep: --eject: "
            + file
            + "/in: cannot be written\n"
            + "hint: choose a folder that you may write in\n",
        failed.err());
    assertTrue(files(folder).equals(Set.of("file")));
  }

  private static Set<String> files(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .collect(toCollection(TreeSet::new));
    }
  }
}
