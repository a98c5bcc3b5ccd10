package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** frep --check: what is found at a target, and what helps. */
class CheckTest {

  private Path base;
  private Path source;
  private Path copy;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    copy = base.resolve("there/proj");
  }

  private Frep.Result check(String parent, List<String> words) {
    var all = new ArrayList<Object>(List.of("--check", source, parent));
    all.addAll(words);
    return Frep.run(all.toArray());
  }

  private static List<String> to(List<String> command) {
    var words = new ArrayList<>(List.of("--"));
    words.addAll(command);
    return words;
  }

  @ParameterizedTest
  @EnumSource
  void isATableOfWhatIsFoundAndLeavesNothing(Shell shell) {
    var found = check(copy.getParent().toString(), to(shell.complete())).succeeds().out();

    var expected =
        """
        env → %s
          reach       after \\d+ ms|\\d+\\.\\d s
          shell       %s.*
          tar         .*tar.* \\d+\\..*
          user        %s
          writable    the copy can be created
          free space  \\d.* .B
          round trip  \\d+\\.\\d ms
          clock       the same
        """
            .formatted(copy, shell.command.get(0), System.getProperty("user.name"));
    var lines = found.lines().toList();
    var patterns = expected.lines().toList();
    assertEquals(patterns.size(), lines.size(), found);
    for (int i = 0; i < lines.size(); i++) {
      assertTrue(
          lines.get(i).matches(patterns.get(i)), lines.get(i) + " is not " + patterns.get(i));
    }
    assertFalse(Files.exists(copy.getParent()));
  }

  @Test
  void looksAtEveryTargetAndEndsWithTheWorst() throws IOException {
    Files.createDirectories(copy);
    var found = check(copy.getParent().toString(), List.of("--local", "--", "false"));
    found.exits(4);
    assertTrue(found.out().contains("\n  writable    the copy exists\n"), found.out());
    var lines = found.out().lines().toList();
    var other = lines.subList(lines.indexOf("false → " + copy), lines.size());
    assertEquals("  reach       NO: the connection ended (exit code 1)", other.get(1));
    assertTrue(other.get(2).startsWith("  hint: COMMAND must start a shell "), found.out());
    assertEquals(3, other.size());
  }

  @Test
  void saysWhatHelps() throws IOException {
    var tools = Files.createDirectories(base.resolve("tools"));
    var path = List.of("env", "PATH=" + tools, "/bin/sh");
    var missing = check(copy.getParent().toString(), to(path));
    missing.exits(5);
    assertTrue(
        missing
            .out()
            .matches("(?s).*\n  tools       NO: no tar, dd, find, .*, grep on the target\n.*"),
        missing.out());

    var date = Files.writeString(tools.resolve("date"), "#!/bin/sh\necho 1000000000\n");
    assertTrue(date.toFile().setExecutable(true));
    var with = List.of("env", "PATH=" + tools + ":" + System.getenv("PATH"), "/bin/sh");
    var slow = check("/", to(with)).succeeds();
    assertTrue(
        slow.out().matches("(?s).*\n  clock       \\d+\\.\\d s slow\n  hint: .*"), slow.out());
    var shallow = "\n  deletes     nothing: it is a folder right below /\n  hint: ";
    assertTrue(slow.out().contains(shallow), slow.out());
  }

  @Test
  void namesWhoMayNotWrite() throws IOException {
    var closed = Files.createDirectories(base.resolve("closed"));
    Commands.succeed(Map.of(), List.of("chmod", "755", base.toString(), source.getParent() + ""));
    Commands.succeed(Map.of(), List.of("chmod", "555", closed.toString()));
    Frep.giveAway(source);
    var found = Frep.with().unprivileged().runs("--check", source, closed, "--local");
    found.exits(5);
    assertTrue(found.out().contains("\n  writable    NO: user "), found.out());
  }
}
