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
import java.time.Duration;
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

/** What a person at a terminal, a log and a program see. */
class ConsoleTest {

  /** Slow enough for a bar, fast enough for a test. */
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

  /** Writes 12 MB that cannot be compressed. */
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

  /** Puts a command into the terminal's PATH that runs a shell behind a slow link. */
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
          assertTrue(bar.length() < columns, bar);
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
  void aResizedTerminalKeepsNothingOfOldBars() throws IOException {
    writeMuch();
    slowShell("slow");
    try (var terminal = terminal(100, 20, Map.of())) {
      terminal.type("frep proj " + parent + " -- slow");
      terminal.awaitLast(" *[0-9]+% .* of 12 MB .*");
      for (int columns : new int[] {40, 90, 30, 60, 25}) {
        terminal.resize(columns, 20);
        terminal.await(
            "one whole bar in " + columns + " columns",
            lines -> {
              var drawn = lines.stream().filter(line -> line.matches(".*([━─%]|left).*")).toList();
              return drawn.size() == 1
                  && drawn.get(0).matches(" *[0-9]+% [━─]{6,30}.*( s left|finishing|[━─])");
            });
      }
      terminal.awaitLast("in step");
      var text = String.join("\n", terminal.lines());
      assertFalse(text.matches("(?s).*([━─%]| left).*"), text);
      terminal.press("C-c").awaitLast("\\$");
    }
  }

  @Test
  void aBackgroundJobDrawsNoStatus() throws IOException {
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " -- bash &");
      terminal.awaitLine("(\\$ )?copied 1 file, .*");
      sendAndSeeNoStatus(terminal, "one");
      terminal.type("fg").awaitLast("in step");
      terminal.press("C-z").awaitLast("\\$");
      terminal.type("clear; bg").awaitLast("\\$");
      sendAndSeeNoStatus(terminal, "two");
      terminal.type("fg").awaitLast("in step");
      write("three", "");
      terminal.awaitLine("sent three .*");
      terminal.awaitLast("in step");
      terminal.press("C-c").awaitLast("\\$");
    }
  }

  /** The second file comes later than a status after the first one would. */
  private void sendAndSeeNoStatus(Tmux terminal, String name) throws IOException {
    for (var file : List.of(name + "1", name + "2")) {
      write(file, "");
      terminal.awaitLine("(\\$ )?sent " + file + " .*");
    }
    terminal.type("echo typed").awaitLine("typed");
    var text = String.join("\n", terminal.lines());
    assertFalse(text.contains("in step"), text);
  }

  /** Each container has a folder of its own, mounted where the others have theirs. */
  @Test
  void aBarForEachTarget() throws IOException {
    var mount = "mkdir -p '%1$s/%2$s' '%3$s' && mount --bind '%1$s/%2$s' '%3$s' && exec %4$s";
    Files.createDirectories(parent);
    var trial = List.of("unshare", "-m", "mount", "--bind", base.toString(), parent.toString());
    assumeTrue(Commands.run(Map.of(), "", trial).ok(), "mounts are not allowed");
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
      terminal.awaitLine("docker:two: sent file \\(8 bytes\\) in .*");
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
      terminal.awaitLine("sent file \\(8 bytes\\) in .*");
      terminal.awaitLast("in step");

      Tmux.script(base.resolve("bin/way"), "exit 7");
      var pid = Files.readString(base.resolve("pid")).strip();
      Commands.succeed(Map.of(), List.of("kill", "-KILL", pid));
      terminal.awaitLast("reconnecting in [0-9]+ s");
      terminal.awaitLine("frep: way: the connection ended \\(exit code 7\\)");
      terminal.awaitLast("reconnecting in [234] s"); // Several attempts have failed.
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
    Files.createDirectories(
        copy.resolve("folder/theirs")); // frep did not put it there, so it stays.
    write("folder", "a file\n");
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " -- bash; echo exit $?");
      terminal.awaitLine("frep: bash: folder cannot be written at the target: .*");
      terminal.awaitLine("(copied|nothing to copy) .*; not in step, see above");
      terminal.awaitLast("not in step: [12] paths?, see above");
      Commands.succeed(Map.of(), List.of("rm", "-r", copy.resolve("folder").toString()));
      terminal.awaitLine("sent folder \\(7 bytes\\).* in .*");
      terminal.awaitLast("in step");
      var told =
          terminal.lines().stream().filter(line -> line.contains("cannot be written")).count();
      assertEquals(1, told, () -> String.join("\n", terminal.lines()));
      terminal.press("C-c").awaitLast("\\$");
      terminal.awaitLine("exit 0");
    }
  }

  /** A target that hangs cannot delay the end after a second Ctrl-C. */
  @Test
  void ctrlCTwice() throws IOException {
    Tmux.script(base.resolve("bin/way"), "echo $$ >pid; exec bash");
    try (var terminal = terminal(80, 24, Map.of())) {
      terminal.type("frep proj " + parent + " -- way; echo exit $?");
      terminal.awaitLast("in step");
      var pid = Files.readString(base.resolve("pid")).strip();
      Commands.succeed(Map.of(), List.of("kill", "-STOP", pid));
      write("file", "never to arrive\n");
      terminal.press("C-c").awaitLast("stopping; Ctrl-C again ends at once");
      terminal.press("C-c").awaitLast("\\$");
      var lines = terminal.lines();
      assertEquals("exit 130", lines.get(lines.size() - 2), () -> String.join("\n", lines));
      assertFalse(String.join("\n", lines).contains("stopping"), "cleared at the end");
      Commands.succeed(Map.of(), List.of("kill", "-CONT", pid));
      var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
      while (Commands.run("kill", "-0", pid).ok()) { // The receiver cleans up by itself.
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
      terminal.awaitLine("hint: SRC_DIR is a folder of this machine; .*");
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

  @Test
  void aLongCopyIntoALogHasALineEveryTenSeconds() {
    var told = new ArrayList<String>();
    var lines = new Lines(told::add, told::add, Display.Detail.NORMAL, Terminal.Style.PLAIN);
    var subject = new Display.Subject(() -> "docker:web", true);
    for (int tenths : new int[] {1, 50, 99, 100, 101, 199, 250, 299, 310, 1, 90, 101}) {
      var time = Duration.ofMillis(tenths * 100L);
      lines.show(subject, new Event.Progress(tenths, 500, tenths * 10_000L, 5_000_000, time));
    }
    var shown = told.stream().map(line -> line.replaceAll(", [^,]*/s.*", "")).toList();
    assertEquals(
        List.of(
            "docker:web: sending: 20%, 1.0 of 5.0 MB, 100 of 500 files",
            "docker:web: sending: 50%, 2.5 of 5.0 MB, 250 of 500 files",
            "docker:web: sending: 62%, 3.1 of 5.0 MB, 310 of 500 files",
            "docker:web: sending: 20%, 1.0 of 5.0 MB, 101 of 500 files"),
        shown,
        told::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "true|1|a|0|0|0|copied 1 file, 2 bytes in 9 ms",
        "true|2||1|1|3|copied 2 files, 2 bytes, deleted 3 in 9 ms",
        "true|0||0|1|222|deleted 222 in 9 ms",
        "true|0||2|1|0|made 2 folders in 9 ms",
        "true|0||0|1|0|nothing to copy (9 ms)",
        "false|1|d1/new1.txt|0|1|0|sent d1/new1.txt (2 bytes) in 9 ms",
        "false|1|a|1|1|2|sent a (2 bytes), made 1 folder, deleted 2 in 9 ms",
        "false|2||0|1|0|sent 2 files (2 bytes) in 9 ms",
        "false|0||0|1|0|updated 1 folder in 9 ms"
      })
  void whatWasDoneInALine(
      boolean first, long files, String file, long made, long updated, long deleted, String line) {
    var told = new ArrayList<String>();
    var lines = new Lines(told::add, told::add, Display.Detail.NORMAL, Terminal.Style.PLAIN);
    lines.show(
        new Display.Subject(() -> "docker:web", false),
        new Event.Synced(
            first, files, file, made, updated, deleted, 2, Duration.ofMillis(9), true));
    assertEquals(List.of(line), told);
  }

  /** A line in a log must say what it is about; news of the only target need not. */
  @Test
  void aProblemNamesItsTarget() {
    var told = new ArrayList<String>();
    var lines = new Lines(told::add, told::add, Display.Detail.NORMAL, Terminal.Style.PLAIN);
    var only = new Display.Subject(() -> "docker:web", false);
    lines.show(only, new Event.Problem(null, "no find on the target", "install it"));
    lines.show(only, new Event.Problem("a/b", "is locked", ""));
    lines.show(only, new Event.Connected());
    lines.show(Display.Subject.RUN, new Event.Problem(null, "the disk is full", ""));
    assertEquals(
        List.of(
            "frep: docker:web: no find on the target",
            "hint: install it",
            "frep: docker:web: a/b is locked",
            "connected again",
            "frep: the disk is full"),
        told);
  }

  // ---- for programs ----

  /** Returns the events that these lines describe. */
  private static List<Map<String, Object>> events(String out) {
    return out.lines().map(JsonLine::parse).toList();
  }

  private static List<Map<String, Object>> named(String name, String out) {
    return events(out).stream().filter(event -> event.get("event").equals(name)).toList();
  }

  /** Names that are hard to write as JSON. */
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
    told = told.replace("synced progress in-step", "synced in-step"); // A small set that took long.
    told = told.replaceFirst(" stopping", ""); // The folder's new time may be on its way just then.
    var start = "connecting started( no-hint)? progress synced in-step synced in-step ";
    var rest = "disconnected connecting connected in-step problem ";
    var last = "(synced in-step )?ended stopped";
    assertTrue(told.matches(start + rest + last), told);
    assertEquals(1, named("stopping", out).size(), out);
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

  /** Its name is bytes, in whatever letters. */
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
