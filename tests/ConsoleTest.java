package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is seen at a terminal, in a pipe and by a program. */
class ConsoleTest {

  /** Slow enough for a bar to be seen, fast enough for who waits. */
  private static final int BYTES_A_SECOND = 3_000_000;

  @TempDir Path base;

  private Path source;
  private Path parent;
  private Path copy;

  @BeforeEach
  void makeSource() throws IOException {
    base = base.toRealPath();
    source = Files.createDirectories(base.resolve("proj"));
    parent = base.resolve("there");
    copy = parent.resolve("proj");
    write("file", "content\n");
  }

  @AfterEach
  void nothingIsLeft() {
    Trees.assertNoStage(base);
  }

  private void write(String name, String content) throws IOException {
    var file = source.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  /** What does not get smaller however it is packed. */
  private void writeMuch() throws IOException {
    var noise = new byte[4_000_000];
    new Random(1).nextBytes(noise);
    for (int i = 0; i < 3; i++) {
      Files.write(source.resolve("noise" + i), noise);
    }
  }

  private Tmux terminal(int columns, int rows, Map<String, String> environment) throws IOException {
    Commands.missing("tmux").ifPresent(missing -> assumeTrue(false, missing));
    return new Tmux(base, columns, rows, environment);
  }

  /** Puts a command of this name into the terminal's PATH that is a shell behind a slow link. */
  private void slowShell(String name) throws IOException {
    var words = SlowLink.to(BYTES_A_SECOND, Session.Shell.BASH);
    Tmux.script(base.resolve("bin").resolve(name), "exec '" + String.join("' '", words) + "'");
  }

  // ---- at a terminal ----

  @ParameterizedTest
  @CsvSource({"80,true", "40,false"})
  void aBarWhileMuchIsSent(int columns, boolean allFigures) throws IOException {
    writeMuch();
    slowShell("slow");
    var seen = new TreeSet<Integer>();
    try (var terminal = terminal(columns, 12, Map.of())) {
      terminal.type("frep proj " + parent + " -- slow");
      var figures = allFigures ? ".*[0-9.]+ of 12 MB .* of 4 files .*B/s .*" : ".*";
      terminal.awaitLast(" *[0-9]+% [━─ ]{6,30}" + figures + "( s left|finishing)");
      for (var last = ""; !last.equals("in step"); last = terminal.last()) {
        var bars = terminal.lines().stream().filter(line -> line.matches(" *[0-9]+% .*")).toList();
        assertTrue(bars.size() <= 1, () -> "drawn in place: " + bars);
        for (var bar : bars) {
          assertTrue(bar.length() <= columns - 3, bar);
          var percent = Integer.valueOf(bar.strip().split("%")[0]);
          assertTrue(seen.isEmpty() || seen.last() <= percent, () -> seen + " and then " + bar);
          seen.add(percent);
        }
      }
      assertTrue(seen.size() > 3, () -> "it moves: " + seen);
      assertTrue(seen.last() <= 100, seen::toString);
      assertFalse(String.join("\n", terminal.lines()).contains("%"), "it is gone");
      terminal.press("C-c").awaitLast("\\$");
    }
    Trees.assertSame(source, copy);
  }

  @Test
  void aBarInATerminalThatGetsNarrower() throws IOException {
    writeMuch();
    slowShell("slow");
    try (var terminal = terminal(100, 20, Map.of())) {
      terminal.type("frep proj " + parent + " -- slow");
      terminal.awaitLast(" *[0-9]+% .* of 12 MB .*");
      terminal.resize(40, 20);
      terminal.awaitLast(" *[0-9]+% [━─ ]{6,30}.{0,30}");
      terminal.awaitLast("in step");
      terminal.press("C-c").awaitLast("\\$");
    }
  }

  /** Each target's place is its own, mounted over the other's. */
  @Test
  void aBarForEachTarget() throws IOException {
    var mount = "mkdir -p '%1$s/%2$s' '%3$s' && mount --bind '%1$s/%2$s' '%3$s' && exec %4$s";
    Files.createDirectories(parent);
    var trial = List.of("unshare", "-m", "mount", "--bind", base.toString(), parent.toString());
    assumeTrue(Commands.run(Map.of(), "", trial).ok(), "nothing can be mounted here");
    writeMuch();
    slowShell("slow");
    Tmux.script(
        base.resolve("bin/docker"),
        "for name; do case $name in one | two) break ;; esac; done\n"
            + "exec unshare -m sh -c \""
            + mount.formatted(base, "$name", parent, "slow")
            + "\"");
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " --docker one --docker two -- bash");
      var bar = " +[0-9]+% [━─ ]{6,30}  .*( s left|finishing)";
      terminal.awaitLine("docker:one" + bar);
      terminal.awaitLine("docker:two" + bar);
      terminal.awaitLast("bash in step|.*, bash in step");
      terminal.awaitLast("3 targets in step");
      var text = String.join("\n", terminal.lines());
      for (var name : List.of("bash", "docker:one", "docker:two")) {
        assertEquals(1, text.split(name + ": copied 4 files, 12 MB in ", -1).length - 1, text);
      }
      write("file", "changed\n");
      terminal.awaitLine("docker:two: sent 1 file \\(8 bytes\\) in .*");
      terminal.awaitLast("3 targets in step");
      terminal.press("C-c").awaitLast("\\$");
    }
    Trees.assertSame(source, base.resolve("one/proj"));
    Trees.assertSame(source, base.resolve("two/proj"));
    Trees.assertSame(source, copy);
  }

  @Test
  void aStatusLineWhileWatching() throws IOException {
    Tmux.script(base.resolve("bin/way"), "echo $$ >pid; exec bash");
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj there -- way");
      terminal.awaitLast("hint: write it as the target sees it.*|\\$");
      terminal.type("clear").type("frep proj " + parent + " -- way; echo exit $?");
      terminal.awaitLast("in step");
      write("file", "changed\n");
      terminal.awaitLine("sent 1 file \\(8 bytes\\) in .*");
      terminal.awaitLast("in step");

      Tmux.script(base.resolve("bin/way"), "exit 7");
      var pid = Files.readString(base.resolve("pid")).strip();
      Commands.succeed(Map.of(), List.of("kill", "-KILL", pid));
      terminal.awaitLast("reconnecting in [0-9]+ s");
      terminal.awaitLine("frep: the connection ended \\(exit code 7\\)");
      terminal.awaitLast("reconnecting in [234] s"); // Some attempts later it is told but once.
      var complaints = terminal.lines().stream().filter(l -> l.contains("exit code 7")).count();
      assertEquals(1, complaints, () -> String.join("\n", terminal.lines()));

      write("file", "changed again\n");
      Tmux.script(base.resolve("bin/way"), "exec bash");
      terminal.awaitLine("connected again");
      terminal.awaitLast("in step");
      assertEquals("changed again\n", Files.readString(copy.resolve("file")));

      var away = base.resolve("away");
      Files.move(source, away);
      terminal.awaitLast("waiting for the source to be back");
      Files.move(away, source);
      terminal.awaitLine(".*/proj is back");
      terminal.awaitLast("in step");

      terminal.press("C-c").awaitLast("\\$");
      var lines = terminal.lines();
      assertEquals("exit 0", lines.get(lines.size() - 2), () -> String.join("\n", lines));
      assertFalse(lines.contains("in step"), "cleared at the end");
    }
  }

  @Test
  void aPathThatIsNotInStep() throws IOException {
    Files.createDirectories(copy.resolve("folder/theirs")); // Not ours: not to be removed.
    write("folder", "a file\n");
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " -- bash; echo exit $?");
      terminal.awaitLine("frep: folder cannot be written at the target: .*");
      terminal.awaitLine("(copied|nothing to copy) .*; not in step, see above");
      terminal.awaitLast("not in step: [12] paths?, see above");
      Commands.succeed(Map.of(), List.of("rm", "-r", copy.resolve("folder").toString()));
      terminal.awaitLine("sent 1 file \\(7 bytes\\).* in .*"); // It was tried again meanwhile.
      terminal.awaitLast("in step");
      var told = terminal.lines().stream().filter(line -> line.contains("cannot be put")).count();
      assertEquals(1, told, () -> String.join("\n", terminal.lines()));
      terminal.press("C-c").awaitLast("\\$");
      terminal.awaitLine("exit 0");
    }
  }

  /** What hangs holds up nobody who asks twice. */
  @Test
  void ctrlCTwice() throws IOException {
    Tmux.script(base.resolve("bin/way"), "echo $$ >pid; exec bash");
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " -- way; echo exit $?");
      terminal.awaitLast("in step");
      var pid = Files.readString(base.resolve("pid")).strip();
      Commands.succeed(Map.of(), List.of("kill", "-STOP", pid));
      write("file", "never to arrive\n");
      terminal.press("C-c").awaitLast("stopping; Ctrl-C again ends at once.*");
      terminal.press("C-c").awaitLast("\\$");
      var lines = terminal.lines();
      assertEquals("exit 130", lines.get(lines.size() - 2), () -> String.join("\n", lines));
      assertFalse(String.join("\n", lines).contains("stopping"), "cleared at the end");
      Commands.succeed(Map.of(), List.of("kill", "-CONT", pid));
      var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
      while (Commands.run("kill", "-0", pid).ok()) { // It cleans up by itself.
        assertTrue(System.nanoTime() < deadline, "the receiver goes on");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "NO_COLOR=1", "NO_COLOR=", "TERM=dumb"})
  void colours(String variable) throws IOException {
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("TERM=screen " + variable + " frep proj " + parent + " -- bash 2>&1; :");
      var simple = variable.equals("TERM=dumb");
      terminal.awaitLast(simple ? "copied 1 file, .*" : "in step");
      var green = terminal.coloured().contains("\033[32min step");
      assertEquals(variable.isEmpty() || variable.equals("NO_COLOR="), green, terminal.coloured());
      terminal.press("C-c").awaitLast("(\\^C)?\\$");
      terminal.type("clear; " + variable + " frep none " + parent + " -- bash");
      terminal.awaitLine("hint: SRC_DIR must exist");
      var red = terminal.coloured().contains("\033[31mfrep: ");
      assertEquals(variable.isEmpty() || variable.equals("NO_COLOR="), red, terminal.coloured());
    }
  }

  @Test
  void onlyStdoutDecides() throws IOException {
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " -- bash </dev/null 2>err");
      terminal.awaitLast("in step");
      terminal.press("C-c").awaitLast("\\$");
      terminal.type("clear; frep --once proj " + parent + " -- bash >out; cat out");
      terminal.awaitLine("nothing to copy \\(.*\\)");
      var out = Files.readString(base.resolve("out"));
      assertTrue(out.matches("\\S+ → \\S+\nnothing to copy \\([^\n]*\\)\n"), out);
      assertEquals("", Files.readString(base.resolve("err")));
    }
  }

  // ---- more and less ----

  @Test
  void quietTellsOfProblemsAlone() throws IOException {
    var result = Frep.run("--quiet", "--once", source, parent, "--", "bash").succeeds();
    assertEquals("", result.out());
    Commands.succeed(Map.of(), List.of("mkfifo", source.resolve("pipe").toString()));
    result = Frep.run("--quiet", "--once", source, parent, "--", "bash").exits(1);
    assertEquals("", result.out());
    assertTrue(result.err().startsWith("frep: pipe is neither a file nor"), result.err());
    Files.writeString(copy.resolve("file"), "other\n");
    result = Frep.run("--quiet", "--verify", source, parent, "--", "bash").exits(1);
    assertEquals("file: size\n", result.out());
  }

  @Test
  void verboseTellsEachPath() throws IOException {
    write("folder/inner", "");
    Files.createSymbolicLink(source.resolve("link"), Path.of("file"));
    try (var frep = Frep.start("--verbose", source, parent, "--", "bash")) {
      for (var line : List.of("sent file", "made folder/", "sent folder/inner", "sent link")) {
        frep.awaitLine(line);
      }
      frep.awaitLine("copied 3 files, 8 bytes in .*");
      Files.delete(source.resolve("folder/inner"));
      frep.awaitLine("deleted folder/inner");
      frep.awaitLine("deleted 1 in .*");
      Files.delete(source.resolve("folder"));
      frep.awaitLine("deleted folder/");
      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
  }

  @Test
  void aPipeSeesNoSignOfATerminal() throws IOException {
    var result =
        Frep.with().environment("TERM", "xterm").runs("--once", source, parent, "--", "bash");
    result.succeeds();
    assertFalse(result.out().contains("\033"), result.out());
    var words = "\\S+ → \\S+\ncopied 1 file, 8 bytes in [0-9.]+ m?s\n";
    assertTrue(result.out().matches(words), result.out());
  }

  // ---- for programs ----

  /** All lines of stdout, each parsed. */
  private static List<Map<String, Object>> events(String out) {
    return out.lines().map(JsonLine::parse).toList();
  }

  private static List<Map<String, Object>> named(String name, String out) {
    return events(out).stream().filter(event -> event.get("event").equals(name)).toList();
  }

  /** Names that stand in the way of who writes JSON; the last is no UTF-8. */
  private static final List<String> NAMES =
      List.of(
          "quote\" back\\slash",
          "new\nline\ttab",
          "\u001b[31mred\u007f",
          "\u202Etxt.exe \u2028",
          "grün 漢字 \uD83D\uDE00");

  @Test
  void jsonOfNamesOfAllKinds() throws IOException {
    for (var name : NAMES) {
      write(name, "");
    }
    var made = "cd '" + source + "'; : >\"$(printf 'latin\\374')\"";
    Commands.succeed(Map.of(), List.of("sh", "-c", made));
    var result = Frep.run("--json", "--verbose", "--once", source, parent, "--", "bash").succeeds();
    var sent = named("sent", result.out());
    var paths = sent.stream().map(event -> event.get("path")).toList();
    for (var name : NAMES) {
      assertTrue(paths.contains(name), () -> name + " in " + paths);
    }
    var other = sent.stream().filter(event -> event.containsKey("pathBase64")).toList();
    assertEquals(1, other.size(), result.out());
    assertEquals("latin\uFFFD", other.get(0).get("path"));
    var bytes = Base64.getDecoder().decode((String) other.get(0).get("pathBase64"));
    assertEquals("latin\u00fc", new String(bytes, ISO_8859_1));
    assertTrue(
        result.out().chars().noneMatch(c -> c < 0x20 && c != '\n' || c == 0x7f || c == 0x202e),
        "harmless to a terminal");
  }

  @Test
  void jsonOfARun() throws IOException {
    writeMuch();
    Tmux.script(base.resolve("bin/way"), "echo $$ >'" + base + "/pid'; exec \"$@\"");
    var words = new ArrayList<Object>(List.of("--json", source, parent, "--"));
    words.add(base.resolve("bin/way"));
    words.addAll(SlowLink.to(BYTES_A_SECOND, Session.Shell.BASH));
    try (var frep = Frep.start(words.toArray())) {
      frep.awaitLine(".*\"event\":\"in-step\".*");
      write("more", "more\n");
      frep.awaitLine(".*\"event\":\"in-step\".*");
      Commands.succeed(
          Map.of(), List.of("kill", "-KILL", Files.readString(base.resolve("pid")).strip()));
      frep.awaitLine(".*\"event\":\"connected\".*");
      frep.awaitLine(".*\"event\":\"in-step\".*");
      Commands.succeed(Map.of(), List.of("mkfifo", source.resolve("pipe").toString()));
      frep.awaitLine(".*\"event\":\"problem\".*");
      assertEquals(1, frep.stop());
      assertEquals("", frep.err());
      check(frep.out());
    }
  }

  private void check(String out) {
    var label = base.resolve("bin/way").toString();
    var order = events(out).stream().map(event -> event.get("event").toString()).toList();
    var told = String.join(" ", order).replaceAll("( progress)+", " progress");
    var start = "connecting started( no-hint)? progress synced in-step synced in-step ";
    var rest = "disconnected connecting connected in-step problem ";
    var last = "(synced in-step )?stopping (synced in-step )?ended stopped"; // The folder's time.
    assertTrue(told.matches(start + rest + last), told);
    for (var event : events(out)) {
      assertTrue(event.get("time").toString().matches("20..-..-..T.*Z"), event::toString);
      var ofAll = List.of("problem", "stopping", "stopped").contains(event.get("event"));
      assertEquals(ofAll ? null : label, event.get("target"), event::toString);
    }
    var started = named("started", out).get(0);
    assertEquals(source.toString(), started.get("source"));
    assertEquals(copy.toString(), started.get("copy"));
    long before = 0;
    for (var progress : named("progress", out)) {
      assertEquals(4L, progress.get("allFiles"), progress::toString);
      assertEquals(12_000_008L, progress.get("allBytes"), progress::toString);
      assertTrue((Long) progress.get("bytes") >= before, out);
      before = (Long) progress.get("bytes");
      assertTrue(before <= 12_000_008, progress::toString);
      assertTrue(progress.get("milliseconds") instanceof Long, progress::toString);
    }
    assertTrue(before > 6_000_000, "half of it at least: " + before);
    var first = named("synced", out).get(0);
    assertEquals(List.of(true, 4L, 0L, 0L, 12_000_008L), figures(first), first::toString);
    var second = named("synced", out).get(1);
    assertEquals(List.of(false, 1L, 0L, 0L, 5L), figures(second), second::toString);
    var problem = named("problem", out).get(0);
    assertEquals("pipe", problem.get("path"));
    assertTrue(problem.get("message").toString().startsWith("is neither"), problem::toString);
    assertTrue(named("disconnected", out).get(0).get("retryMilliseconds") instanceof Long, out);
    assertEquals(1L, named("stopped", out).get(0).get("exitCode"));
  }

  private static List<Object> figures(Map<String, Object> synced) {
    return List.of(
        synced.get("first"),
        synced.get("files"),
        synced.get("folders"),
        synced.get("deleted"),
        synced.get("bytes"));
  }

  @Test
  void jsonOfWhatCannotBegin() throws IOException {
    for (var words : List.of(List.of("--nonsense", "--json"), List.of("--json", "none", parent))) {
      var result = Frep.run(words.toArray());
      assertEquals("", result.err());
      var events = events(result.out());
      assertEquals(2, events.size(), result.out());
      assertEquals("problem", events.get(0).get("event"));
      assertFalse(events.get(0).get("hint").toString().isEmpty());
      assertEquals("stopped", events.get(1).get("event"));
      assertEquals((long) result.exit(), events.get(1).get("exitCode"));
    }
  }

  @Test
  void jsonOfWhatDiffers() throws IOException {
    Frep.run("--once", source, parent, "--", "bash").succeeds();
    Files.writeString(copy.resolve("file"), "other\n");
    var result = Frep.run("--json", "--verify", source, parent, "--", "bash").exits(1);
    var difference = named("difference", result.out()).get(0);
    assertEquals("file", difference.get("path"));
    assertEquals("size", difference.get("difference"));
    assertEquals(1L, named("compared", result.out()).get(0).get("differences"));
    assertEquals("", result.err());
  }

  /** Whose bytes are ours, however they are written. */
  @Test
  void theSourceIsNamedAsItIsWritten() throws IOException {
    source = Files.createDirectories(base.resolve("grün/漢字"));
    write("file", "");
    var result = Frep.run("--once", source, parent, "--", "bash").succeeds();
    var line = source + " → " + parent.resolve("漢字") + "\n";
    assertTrue(result.out().startsWith(line), result.out());
    assertTrue(new String(result.out().getBytes(UTF_8), UTF_8).contains("grün"));
  }
}
