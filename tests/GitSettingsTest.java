package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What JGit reads where Git is not installed, beside what Git reads. */
class GitSettingsTest {
  private Path base;
  private Path tree;
  private Path git;

  @BeforeEach
  void makeARepository(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    tree = Files.createDirectory(base.resolve("Tree"));
    git = tree.resolve(".git");
    Commands.succeed(Map.of(), List.of("git", "init", "-q", "-b", "topic/one", "" + tree));
    write("in/one", "[core]\nexcludesFile = /one\n[include]\npath = deep/two\npath = three\n");
    write("in/deep/two", "[core]\nexcludesFile = /two\nignoreCase = 1\n[include]\npath = beside\n");
    write("in/deep/beside", "[core]\nignoreCase = 0\n");
    write("here", "[includeIf 'gitdir:./Tree/']^path = in/one");
    write("in/three", "[core]\nignoreCase = YES\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "[core]^excludesFile = /x^ignoreCase = on | /x true 20",
        "[core]^excludesFile = /x^excludesFile = '/a # b' ; no | /a # b false 20",
        "[CORE]^EXCLUDESFILE = /x^ignorecase | /x true 20",
        "[core] excludesFile = /x ; [x]^[core]ignorecase | /x true 20",
        "[core]^excludesFile = /x \\^y^ignoreCase = off | /x y false 20",
        "[core]^excludesFile = ~/x | HOME/x false 20",
        "[core]^excludesFile = /\u00C3\u00A9/\u00FF | /\u00C3\u00A9/\u00FF false 20",
        "\u00EF\u00BB\u00BF[core]^excludesFile = /x | /x false 20",
        "[extensions]^objectFormat = sha256^[core]^excludesFile = /x | /x false 32",
        "[include]^path = BASE/in/one | /two true 20",
        "[include]^path = ../../in/one^[core]^excludesFile = /x | /x true 20",
        "[core]^excludesFile = /x^[include]^path = ../../in/one | /two true 20",
        "[core]^excludesFile = /x^[include]^path = missing^path = ~/missing | /x false 20",
        "[includeIf 'gitdir:BASE/Tree/']^path = BASE/in/one | /two true 20",
        "[includeIf 'gitdir:Tree/']^path = BASE/in/one | /two true 20",
        "[includeif 'gitdir:Tree/.git']^path = BASE/in/one | /two true 20",
        "[includeIf 'gitdir:**/Tr?e/*'] path = BASE/in/one | /two true 20",
        "[include]^path = BASE/here | /two true 20",
        "[includeIf 'gitdir/i:tREE/']^path = BASE/in/one | /two true 20",
        "[core]^excludesFile = /x^[includeIf 'gitdir:tREE/']^path = BASE/in/one | /x false 20",
        "[core]^excludesFile = /x^[includeIf 'gitdir:Tree']^path = BASE/in/one | /x false 20",
        "[includeIf 'onbranch:topic/one']^path = BASE/in/one | /two true 20",
        "[includeIf 'onbranch:topic/']^path = BASE/in/one | /two true 20",
        "[includeIf 'onbranch:t*/o*']^path = BASE/in/one | /two true 20",
        "[core]^excludesFile = /x^[includeIf 'onbranch:topic']^path = BASE/in/one | /x false 20",
        "[core]^excludesFile = /x^[includeIf 'no:such']^path = BASE/in/one | /x false 20",
      })
  void jgitReadsWhatGitReads(String config, String expected) throws IOException {
    write("Tree/.git/config", config);
    Path home = Path.of(System.getenv("HOME"));

    Set<Path> told = new TreeSet<>();
    assertEquals(expected.replace("HOME", "" + home), read(tree, told), "Git");
    Set<Path> toldWithoutGit = new TreeSet<>();
    // No process can be started in a folder that is not there.
    Path nowhere = base.resolve("nowhere");
    assertEquals(expected.replace("HOME", "" + home), read(nowhere, toldWithoutGit), "JGit");

    if (config.contains("onbranch")) {
      assertTrue(
          told.contains(git.resolve("HEAD")) && toldWithoutGit.contains(git.resolve("HEAD")));
    }
    if (expected.startsWith("/two")) {
      Set<Path> included = Set.of(base.resolve("in/one"), base.resolve("in/deep/beside"));
      assertTrue(told.containsAll(included) && toldWithoutGit.containsAll(included), "" + told);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "[include]^path = config | .*/.git/config: .*too deep.*",
        "[core | .*/.git/config: .*",
        "[core]^ignoreCase = perhaps | .*/.git/config: .*",
        "[include]^path = BASE/in/broken | .*/in/broken: .*",
      })
  void refusesWhatGitRefuses(String config, String message) throws IOException {
    write("in/broken", "[core");
    write("Tree/.git/config", config);
    Path nowhere = base.resolve("nowhere");
    var thrown = assertThrows(IOException.class, () -> read(nowhere, new TreeSet<>()));
    assertTrue(thrown.getMessage().matches(message), thrown.getMessage());
  }

  @Test
  @DisplayName("leaves out what Git ignores where Git is not installed, and writes nothing at home")
  void needsNoGit() throws IOException {
    Path home = Files.createDirectory(base.resolve("home"));
    Path tools = Files.createDirectory(base.resolve("tools"));
    Commands.succeed(
        Map.of(),
        List.of("sh", "-c", "cd " + tools + "; ln -s /bin/* /usr/bin/* . 2>/dev/null; rm git*"));
    write("home/.gitconfig", "[includeIf 'gitdir:Tree/']^path = more");
    write("home/more", "[core]^excludesFile = ~/excludes");
    write("home/excludes", "*.o");
    write("Tree/.git/info/exclude", "*.a");
    for (String name : List.of("Tree/x", "Tree/x.o", "Tree/x.a")) {
      write(name, name);
    }
    Path copy = Files.createDirectory(base.resolve("copy"));
    Map<Path, Stat> before = stats(home, git);

    Frep.with()
        .environment("HOME", home)
        .environment("XDG_CONFIG_HOME", "")
        .environment("PATH", tools)
        .jvm("-Duser.home=" + home)
        .runs("--once", tree, copy, "--", "sh")
        .succeeds();

    try (Stream<Path> names = Files.list(copy.resolve("Tree"))) {
      assertEquals(List.of("x"), names.map(path -> "" + path.getFileName()).toList());
    }
    assertEquals(before, stats(home, git));
  }

  private static Map<Path, Stat> stats(Path... folders) throws IOException {
    var stats = new TreeMap<Path, Stat>();
    for (Path folder : folders) {
      List<Path> paths = new ArrayList<>();
      try (Stream<Path> all = Files.walk(folder)) {
        all.forEach(paths::add);
      }
      for (Path path : paths) {
        stats.put(path, Stat.of(path));
      }
    }
    return stats;
  }

  private String read(Path workTree, Set<Path> told) throws IOException {
    GitCommand command = new GitCommand(git, workTree);
    GitSettings read =
        GitSettings.read(
            command,
            git,
            file -> {
              told.add(file);
              return file;
            });
    return Names.ofAll(read.excludesFile()) + " " + read.ignoreCase() + " " + read.hashSize();
  }

  /** Writes a file of bytes, in which ^ ends a line and ' is a double quote. */
  private void write(String name, String text) throws IOException {
    Path file = base.resolve(name);
    Files.createDirectories(file.getParent());
    String bytes = text.replace('^', '\n').replace('\'', '"').replace("BASE", "" + base) + "\n";
    Files.write(file, bytes.getBytes(StandardCharsets.ISO_8859_1));
  }
}
