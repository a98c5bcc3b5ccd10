package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** frep --exec and --exec-local: commands that follow changes. */
class HooksTest {

  private Path base;
  private Path source;
  private Path copy;
  private Path fifo;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    copy = base.resolve("there/proj");
    fifo = base.resolve("fifo");
    Commands.succeed(Map.of(), List.of("mkfifo", fifo.toString()));
    write("first");
  }

  private void write(String content) throws IOException {
    Files.writeString(source.resolve("file"), content + "\n");
  }

  /** Lets a command go on that reads from the fifo, as soon as it does. */
  private void release() {
    Commands.succeed(Map.of(), List.of("sh", "-c", "echo >\"$1\"", "sh", fifo.toString()));
  }

  /** The target's name is "env", the first word of such a command. */
  private Frep.Running start(Shell shell, String... options) {
    var words = new ArrayList<Object>(Arrays.asList(options));
    words.addAll(List.of(source, copy.getParent(), "--"));
    words.addAll(shell.complete());
    return Frep.start(words.toArray());
  }

  @ParameterizedTest
  @EnumSource
  void runsInTheCopyAfterChangesAndShowsWhoSaysWhat(Shell shell) throws IOException {
    var command = "printf 'has\\t\\033[1m'; cat file; pwd >&2; printf end; exit 3";
    try (var frep = start(shell, "--exec", command)) {
      for (var content : List.of("first", "second", "third")) {
        write(content);
        frep.awaitLine("env \\| has\t\\\\x1b\\[1m" + content);
        frep.awaitLine("env \\| " + copy);
        frep.awaitLine("env \\| end");
        frep.awaitLine("frep: env: printf .*: exit code 3");
      }
      assertEquals(0, frep.stop());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void runsBesideTheReplicationNeverTwiceAtOnceAndOnceMoreAfterwards(Shell shell)
      throws IOException {
    var command = "echo \"begins with $(cat file)\"; read -r _ <'" + fifo + "'; echo ends";
    try (var frep = start(shell, "--exec", command)) {
      frep.awaitLine("env \\| begins with first");
      for (var content : List.of("second", "third", "fourth")) {
        write(content);
        Trees.awaitSame(source, copy);
      }
      release();
      frep.awaitLine("env \\| ends");
      frep.awaitLine("env \\| begins with fourth");
      assertFalse(frep.out().contains("with second"), frep::out);
      assertFalse(frep.out().contains("with third"), frep::out);
      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
      frep.awaitDescendants();
    }
  }

  @Test
  void runsAgainAfterTheConnectionsWereLost() throws IOException {
    try (var frep = start(Shell.BASH, "--exec", "cat file")) {
      frep.awaitLine("env \\| first");
      write("second");
      frep.awaitLine("env \\| second");
      ProcessHandle.of(frep.pid()).orElseThrow().children().forEach(ProcessHandle::destroyForcibly);
      frep.awaitLine("connecting again .*");
      write("third");
      frep.awaitLine("env \\| third");
      assertEquals(0, frep.stop());
      frep.awaitDescendants();
    }
  }

  @Test
  void runsOnceWithOnceAndIsWaitedFor() throws IOException {
    try (var frep =
        start(Shell.DASH, "--once", "--exec", "read -r _ <'" + fifo + "'; echo ended")) {
      frep.awaitFirstCopy();
      release();
      var result = frep.awaitEnd().succeeds();
      assertTrue(result.out().endsWith("\nenv | ended\n"), result.out());
    }
    var again = start(Shell.DASH, "--once", "--exec", "echo ran").awaitEnd().succeeds();
    assertFalse(again.out().contains("ran"), "there was nothing new: " + again.out());
  }

  @Test
  void aCommandThatFailsCountsWithOnce() {
    start(Shell.DASH, "--once", "--exec", "exit 3").awaitEnd().exits(1);
    Commands.succeed(Map.of(), List.of("touch", "-d", "2001-01-01", source + "/file"));
    start(Shell.DASH, "--once", "--exec-local", "exit 3").awaitEnd().exits(1);
  }

  @Test
  void runsHereAsWell() throws IOException {
    var command =
        "echo \"$FREP_TARGET has $(cat file)\"; pwd >&2; read -r _ <'" + fifo + "'; false";
    try (var frep = start(Shell.BASH, "--exec-local", command)) {
      frep.awaitLine("exec-local \\| env has first");
      frep.awaitLine("exec-local \\| " + source);
      write("second");
      Trees.awaitSame(source, copy);
      write("third");
      Trees.awaitSame(source, copy);
      release();
      frep.awaitLine("frep: exec-local: echo .*: exit code 1");
      frep.awaitLine("exec-local \\| env has third");
      assertFalse(frep.out().contains("has second"), frep::out);
      assertEquals(0, frep.stop());
      frep.awaitDescendants();
    }
  }
}
