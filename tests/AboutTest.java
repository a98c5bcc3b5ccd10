package dev.frep;

import static java.util.stream.Collectors.toCollection;
import static java.util.stream.Collectors.toSet;
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

  @Test
  void theManualPageHasEveryOptionAndNoFault() throws IOException {
    var help = Frep.run("--help").succeeds().out();
    var page = Files.writeString(folder.resolve("frep.1"), Frep.run("--man").succeeds().out());

    var shown = Commands.succeed(Map.of(), List.of("mandoc", "-T", "ascii", page.toString()));
    var plain = shown.replaceAll(".\b", "");
    assertEquals(options(help), options(plain));
    assertTrue(options(help).size() > 30, help);
    for (var section : List.of("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "EXAMPLES")) {
      assertTrue(plain.contains("\n" + section + "\n"), section + " in\n" + plain);
    }
    assertFalse(plain.contains("${"), plain);
    var faults = Commands.run("mandoc", "-T", "lint", "-W", "warning", page.toString());
    assertEquals("", faults.out().replaceAll(".*: missing date, using \"\".*\n", ""));
  }

  /** Those that begin a line. */
  private static Set<String> options(String text) {
    return Pattern.compile("(?m)^ +((-\\w, )?--(\\[no-])?[\\w-]+)")
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .collect(toCollection(TreeSet::new));
  }

  @Test
  void bashCompletesOptions() throws IOException {
    var script = Frep.run("--completion", "bash").succeeds().out();
    Files.writeString(folder.resolve("script"), script);
    var type =
        ". ./script; COMP_WORDS=(frep ./proj /home/code --doc); COMP_CWORD=3; COMP_LINE=; "
            + "_complete_frep; printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p frep";

    var words = lines("bash", "--norc", "-c", type);

    assertTrue(
        words.containsAll(Set.of("--docker", "--docker-user", "--docker-compose")), words + "");
    assertFalse(words.contains("--ssh"), words + "");
    assertTrue(
        words.stream().anyMatch(word -> word.startsWith("complete ") && word.endsWith(" frep")));
  }

  @Test
  void zshTakesItsCompletionScript() throws IOException {
    var script = Frep.run("--completion", "zsh").succeeds().out();
    Files.writeString(folder.resolve("script"), script);

    var words = lines("zsh", "-f", "-c", ". ./script; print -l ${_comps[frep]}");

    assertEquals(1, words.size(), words + "");
    assertTrue(words.iterator().next().contains("_complete_frep"), words + "");
  }

  private Set<String> lines(String... command) {
    var there = Stream.concat(Stream.of("env", "-C", folder.toString()), Stream.of(command));
    return Commands.succeed(Map.of("ZDOTDIR", folder.toString()), there.toList())
        .lines()
        .collect(toSet());
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

    var said = Frep.run("--eject", tools).succeeds().out();

    var header = Files.readString(repository.resolve("frep.java")).split("\npackage ")[0];
    var names = new TreeSet<>(Set.of("frep.java", "jbang", "LICENSE", "receiver.sh"));
    names.addAll(Set.of("support/errand.sh", "support/trash.sh"));
    header
        .lines()
        .filter(line -> line.startsWith("//SOURCES "))
        .forEach(line -> names.add(line.substring("//SOURCES ".length())));
    assertEquals(names, files(tools), "the //FILES of frep.java are not its //SOURCES");
    for (var name : names) {
      var there = tools.resolve(name);
      assertEquals(-1, Files.mismatch(repository.resolve(name), there), name);
      assertEquals(name.matches("jbang|frep.java"), Files.isExecutable(there), name);
    }
    assertEquals(
        "wrote "
            + names.size()
            + " files into "
            + tools
            + "\n"
            + "next: "
            + tools
            + "/jbang "
            + tools
            + "/frep.java --help\n",
        said);
  }

  @Test
  void ejectsWhatIsMissingAndLeavesTheRest() throws Exception {
    Scripts.read().writeTo(folder);
    Files.writeString(folder.resolve("of the user"), "theirs");
    Files.delete(folder.resolve("jbang"));

    var said = Frep.run("--eject", folder).succeeds().out();

    assertTrue(said.startsWith("wrote 1 file into "), said);
    assertEquals("theirs", Files.readString(folder.resolve("of the user")));
    said = Frep.run("--eject", folder).succeeds().out();
    assertTrue(said.startsWith(folder + " has it all already\n"), said);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo theirs >jbang",
        "ln -s nowhere jbang",
        "mkdir jbang",
        "cp -p ../same/jbang outside; ln -s outside jbang"
      })
  void ejectsNothingOverAnotherFile(String before) throws Exception {
    Scripts.read().writeTo(folder.resolve("same"));
    var tools = Files.createDirectory(folder.resolve("tools"));
    Commands.succeed(Map.of(), List.of("env", "-C", tools.toString(), "sh", "-c", before));
    var files = Trees.of(tools);

    var failed = Frep.run("--eject", tools).exits(2);

    assertEquals(
        "frep: --eject: "
            + tools
            + " has another jbang: nothing is written\n"
            + "hint: choose a folder of its own, such as tools/frep; or move what is there away\n",
        failed.err());
    assertEquals(files, Trees.of(tools));
  }

  @Test
  void sayWhatToTypeNextAsAShellTakesIt() throws IOException {
    var odd = folder.resolve("-it's $(here)");

    var next = Frep.with().in(folder).runs("--eject", "-it's $(here)").succeeds().out();
    var words = next.replaceAll("(?s).*next: | --help\n", "");

    var shell = "cd \"$1\"; printf '%s\\n' " + words;
    assertEquals(
        List.of("./" + odd.getFileName() + "/jbang", "./" + odd.getFileName() + "/frep.java"),
        Commands.succeed(Map.of(), List.of("sh", "-c", shell, "sh", folder + "")).lines().toList());
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
