package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;
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
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** frep --run: a command at the target that is as if it ran here. */
class RunTest {

  private Path base;
  private Path source;
  private Path copy;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/it's ours"));
    copy = base.resolve("there/it's ours");
    Files.writeString(source.resolve("file"), "content\n");
  }

  private Object[] words(Shell shell, String command) {
    var words = new ArrayList<Object>(List.of("--run", command, source, copy.getParent(), "--"));
    words.addAll(shell.complete());
    return words.toArray();
  }

  private Frep.Running start(Shell shell, String command) {
    return Frep.start(words(shell, command));
  }

  @ParameterizedTest
  @EnumSource
  void runsInTheCopyWithOurInputAndOutputAndItsExitCode(Shell shell) throws IOException {
    var input = base.resolve("input");
    Commands.succeed(
        Map.of(),
        List.of("sh", "-c", "head -c 300000 /dev/urandom | od >\"$1\"", "sh", input.toString()));
    var command = "pwd; cat file; echo \"it's\" >&2; cat; printf 'the end, unended'; exit 7";

    var result = Frep.with().reading(input).runs(words(shell, command));

    result.exits(7);
    var expected = copy + "\ncontent\n" + Files.readString(input) + "the end, unended";
    assertEquals(expected, result.out());
    assertTrue(result.err().endsWith("\nit's\n"), result.err());
  }

  @Test
  void whatACommandDoesNotReadIsNoHarm() throws IOException {
    var input = Files.writeString(base.resolve("input"), "not read\n".repeat(100_000));
    var result = Frep.with().reading(input).runs(words(Shell.DASH, "echo done"));
    result.exits(0);
    assertEquals("done\n", result.out());
  }

  @Test
  void outputPassesAsItIs() throws IOException {
    var random = new byte[300_000];
    new Random(1).nextBytes(random);
    for (int i = 0; i < 1000; i++) { // What may begin the line that ends it.
      random[i * 300] = 1;
    }
    random[random.length - 1] = 1;
    var bytes = Files.write(base.resolve("bytes"), random);

    var result = Frep.run(words(Shell.BASH, "cat '" + bytes + "'"));

    result.exits(0);
    // As text, which it is not; the message would fill the screen.
    assertTrue(new String(random, UTF_8).equals(result.out()), result.out().length() + " chars");
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void isInterruptedByCtrlC(Shell shell) {
    var command = "trap 'echo tidied; exit 9' INT TERM; echo started; sleep 1000; sleep 1000";
    try (var frep = start(shell, command)) {
      frep.awaitLine("started");
      assertEquals(9, frep.interrupt(), frep::output);
      frep.awaitLine("tidied");
      frep.awaitDescendants();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void endsWithFrepWhateverEndsThat(Shell shell) {
    try (var frep = start(shell, "sleep 1000 & echo started; sleep 1000")) {
      frep.awaitLine("started");
      frep.kill();
      frep.awaitDescendants();
    }
  }

  @Test
  void endsWithFrepEvenIfItWouldNot() {
    try (var frep = start(Shell.DASH, "trap '' TERM INT; echo started; sleep 1000; sleep 1000")) {
      frep.awaitLine("started");
      frep.kill();
      frep.awaitDescendants();
    }
  }

  @Test
  void runsNothingIfTheCopyIsNotInStep() {
    Commands.succeed(Map.of(), List.of("mkfifo", source.resolve("pipe").toString()));
    var result = Frep.run(words(Shell.BASH, "echo it runs"));
    result.exits(1);
    assertEquals("", result.out());
    assertTrue(
        result.err().contains("frep: env: the copy is not in step: the command was not run\n"),
        result.err());
  }

  @Test
  void saysWhenTheConnectionIsLost() {
    var shells = "$PPID $(ps -o ppid= -p $PPID)"; // All that could say how it ended.
    var result = Frep.run(words(Shell.BASH, "kill -9 " + shells));
    result.exits(4);
    assertTrue(
        result.err().startsWith("frep: env: the connection ended", result.err().indexOf("frep: ")),
        result.err());
  }

  @Test
  void hasOneTarget() {
    var result =
        Frep.run("--run", "true", "--local", source, copy.getParent(), "--", "env", "bash");
    result.exits(2);
    assertFalse(Files.exists(copy));
    assertEquals(
        "frep: --run: 2 targets, but only one stdin and stdout\nhint: name one target\n",
        result.err());
  }
}
