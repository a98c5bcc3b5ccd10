package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Replication.Place;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ctrl-C, a closed terminal and kill reach frep's whole process group. Whatever the target and the
 * moment, frep says goodbye over its connections and leaves no process behind.
 */
class SignalTest {

  /** A way to a target; a command that is typed out comes last on the line. */
  enum Way {
    LOCAL("--local"),
    DOCKER("--docker=web"),
    SSH("--ssh=target"),
    COMMAND("--", "sh", "-c", "cat | bash");

    final List<String> words;

    Way(String... words) {
      this.words = List.of(words);
    }
  }

  @TempDir static Path shared;
  private static DockerEngine engine;
  private static Sshd sshd;

  /** How long the commands of a test sleep, each test for another time: its processes are found. */
  private static long seconds = 1_000_000 + ProcessHandle.current().pid() * 1000;

  private Path source;
  private Path parent;

  @BeforeAll
  static void startServers() throws IOException {
    if (Sshd.unavailable().isEmpty()) {
      sshd = Sshd.start(Files.createDirectory(shared.resolve("sshd")));
    }
    if (DockerEngine.unavailable().isEmpty()) {
      engine = DockerEngine.start();
      engine.run("web", Rootfs.BUSYBOX);
    }
  }

  @AfterAll
  static void stopServers() throws IOException {
    if (sshd != null) {
      sshd.close();
    }
    if (engine != null) {
      engine.close();
    }
  }

  @BeforeEach
  void makeSource(@TempDir Path folder) throws IOException {
    source = Files.createDirectories(folder.toRealPath().resolve("here/proj"));
    parent = folder.toRealPath().resolve("there");
    Files.writeString(source.resolve("file"), "content\n");
    seconds++;
  }

  /** The commands at the targets have ended; those in containers are processes of this machine. */
  @AfterEach
  void noCommandIsLeft() {
    var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (Commands.run("pgrep", "-fx", sleep()).ok()) {
      assertTrue(System.nanoTime() < deadline, () -> "still running: " + sleep());
    }
  }

  private static String sleep() {
    return "sleep " + seconds;
  }

  private Frep.Running start(List<Way> ways, String... options) {
    assumeTrue(engine != null || !ways.contains(Way.DOCKER), "no Docker engine");
    assumeTrue(sshd != null || !ways.contains(Way.SSH), "no sshd");
    var words = new ArrayList<Object>(List.of(options));
    words.addAll(List.of(source, parent));
    if (ways.contains(Way.SSH)) {
      words.add("--ssh-option=-F" + sshd.clientConfig());
    }
    ways.forEach(way -> words.addAll(way.words));
    var frep = Frep.with().inGroup();
    if (engine != null) {
      engine.environment().forEach(frep::environment);
    }
    return frep.starts(words.toArray());
  }

  /** Two of them would have the same copy at this machine. */
  static Stream<Arguments> waysAndSignals() {
    var ways = List.of(List.of(Way.LOCAL, Way.DOCKER), List.of(Way.SSH), List.of(Way.COMMAND));
    return signals().flatMap(signal -> ways.stream().map(some -> Arguments.of(some, signal)));
  }

  static Stream<Arguments> wayAndSignals() {
    return signals().flatMap(s -> Stream.of(Way.values()).map(way -> Arguments.of(way, s)));
  }

  private static Stream<String> signals() {
    return Stream.of("INT", "TERM", "HUP");
  }

  @ParameterizedTest
  @MethodSource("waysAndSignals")
  void endsTheFirstCopyWithoutComplaint(List<Way> ways, String signal) throws IOException {
    for (int i = 0; i < 20; i++) { // Each is a set of its own.
      try (var big = new RandomAccessFile(source.resolve("big" + i).toFile(), "rw")) {
        big.setLength(10_000_000);
      }
    }
    try (var frep = start(ways, "--json")) {
      frep.awaitLine(".*\"progress\".*");
      frep.signalGroup(signal);
      var result = frep.awaitEnd();
      frep.awaitDescendants();
      assertEquals("", result.err());
      assertFalse(result.out().contains("\"problem\""), result.out());
      result.exits(130);
    }
  }

  @ParameterizedTest
  @MethodSource("waysAndSignals")
  void saysGoodbyeInStepAndEndsWhatExecHasStarted(List<Way> ways, String signal)
      throws IOException {
    var command = "echo started; " + sleep() + " & " + sleep();
    try (var frep = start(ways, "--exec", command)) {
      ways.forEach(way -> frep.awaitLine(".* \\| started"));
      Files.writeString(source.resolve("file"), "saved just before\n");
      frep.signalGroup(signal);
      frep.awaitEnd().succeeds();
      frep.awaitDescendants();
    }
    for (var way : ways) {
      assertEquals("saved just before\n", place(way).sh("cat \"$1\"", parent + "/proj/file"));
    }
  }

  private Place place(Way way) {
    return way == Way.DOCKER
        ? new Place(engine.environment(), List.of("docker", "exec", "web"), parent.toString())
        : Place.here(parent);
  }

  @ParameterizedTest
  @MethodSource("wayAndSignals")
  void interruptsTheCommandOfRun(Way way, String signal) {
    var command = "trap 'echo tidied; exit 9' INT TERM; echo started; " + sleep();
    try (var frep = start(List.of(way), "--run", command)) {
      frep.awaitLine("started");
      frep.signalGroup(signal);
      frep.awaitEnd().exits(9);
      assertEquals("started\ntidied\n", frep.out());
      frep.awaitDescendants();
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsTheCommandOfRunWhenToldTwice(Way way) {
    var command = "trap '' INT TERM; echo started; " + sleep();
    try (var frep = start(List.of(way), "--run", command)) {
      frep.awaitLine("started");
      while (frep.isAlive()) { // Signals that come at once count as one.
        frep.signalGroup("INT");
      }
      frep.awaitEnd().exits(130);
      frep.awaitDescendants();
    }
  }

  /** As where there is no setsid: docker hears the signal, and its connection ends first. */
  @Test
  void saysGoodbyeWhereTheConnectionEndsFirst() throws IOException {
    assumeTrue(engine != null, "no Docker engine");
    var bin = Files.createDirectory(parent.resolveSibling("bin"));
    Commands.succeed(
        Map.of(),
        List.of(
            "sh",
            "-c",
            "for a in sh docker env; do ln -s \"$(command -v $a)\" \"$1\"; done",
            "sh",
            bin.toString()));
    var frep = Frep.with().inGroup().environment("PATH", bin);
    engine.environment().forEach(frep::environment);
    var command = "echo started; " + sleep();
    for (var words : List.of(List.of("--exec", command), List.of("--run", command))) {
      var all = new ArrayList<Object>(words);
      all.addAll(List.of(source, parent, "--docker=web"));
      try (var running = frep.starts(all.toArray())) {
        running.awaitLine("(docker:web \\| )?started");
        running.signalGroup("INT");
        var result = running.awaitEnd();
        result.exits(words.contains("--run") ? 130 : 0);
        assertFalse(result.err().contains("frep:"), result.err());
      }
      noCommandIsLeft();
      Files.writeString(source.resolve("file"), "something new\n");
    }
  }
}
