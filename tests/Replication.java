package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A frep started by its command line, with a source {@code proj} of its own; and the copies it
 * keeps, looked at without frep.
 */
final class Replication implements AutoCloseable {

  /** Longer than frep ever waits before it connects again, on a slow machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * A place where a copy can be.
   *
   * @param command what is put before a command to run it there; empty for this machine
   * @param parent the DEST_PARENT_DIR
   */
  record Place(Map<String, String> environment, List<String> command, String parent) {

    static Place here(Path parent) {
      return new Place(Map.of(), List.of(), parent.toString());
    }

    /** What a script prints there. */
    String sh(String script, String... arguments) {
      var words = new ArrayList<>(command);
      words.addAll(List.of("sh", "-c", script, "sh"));
      words.addAll(List.of(arguments));
      return Commands.run(environment, "", words).out();
    }

    /** Every path of the copy with its mode, time and content. */
    String tree() {
      return sh(TREE, parent + "/proj");
    }
  }

  /** Knows only what BusyBox has, too. */
  private static final String TREE =
      """
      export LC_ALL=C
      cd "$1" || exit
      set -- . -name '.frep-*' -prune -o # where the destination is a mount, frep stages in it
      find "$@" ! -type l -exec stat -c '%n %f %Y' {} + | sort
      find "$@" -type f -exec md5sum {} + | sort
      find "$@" -type l -exec sh -c 'for link; do echo "$link $(readlink "$link")"; done' sh {} + | sort
      """;

  final Path source;
  private final Path folder;
  private final Map<String, String> environment;
  private Frep.Running running;

  /** Makes a source in a new folder of the given one. */
  Replication(Path folder, Map<String, String> environment) throws IOException {
    this.folder = Files.createTempDirectory(folder, "run");
    this.environment = environment;
    source = Files.createDirectory(this.folder.resolve("proj"));
    write("a file", "first\n");
    write("sub/inner", "inner\n");
    write("sub/script", "#!/bin/sh\n");
    assertTrue(source.resolve("sub/script").toFile().setExecutable(true));
    Files.createDirectory(source.resolve("empty"));
    Files.createSymbolicLink(source.resolve("link"), Path.of("sub/inner"));
  }

  Replication write(String path, String content) throws IOException {
    var file = source.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    return this;
  }

  /** Starts frep with the source, a DEST_PARENT_DIR and what else is given. */
  Replication start(String parent, String... words) {
    var frep = Frep.with().within(PATIENCE).in(folder);
    environment.forEach(frep::environment);
    var all = new ArrayList<>(List.of(source, parent));
    all.addAll(List.of(words));
    running = frep.starts(all.toArray());
    return this;
  }

  /** Types a line into a shell whose current folder has the source in it. */
  Replication type(String line) {
    var frep = Frep.with().within(PATIENCE.multipliedBy(2)).in(folder);
    environment.forEach(frep::environment);
    running = frep.types(line);
    return this;
  }

  /** The folder that the source is in. */
  Path folder() {
    return folder;
  }

  /** Waits until frep ends by itself, with this exit code. */
  Replication ends(int exit) {
    running.awaitEnd().exits(exit);
    return this;
  }

  /** Asks frep to end, as Ctrl-C does, and waits until it has, with this exit code. */
  Replication stop(int exit) {
    assertEquals(exit, running.interrupt(), running::output);
    return this;
  }

  /** Waits until the copies are as the source is; frep goes on running. */
  Replication awaitSame(Place... places) {
    return awaitSame(PATIENCE, places);
  }

  /** The same, and all within some time. */
  Replication awaitSame(Duration patience, Place... places) {
    var deadline = System.nanoTime() + patience.toNanos();
    for (var place : places) {
      var tree = tree();
      for (var there = ""; !there.equals(tree); there = place.tree()) {
        var goesOn = running.isAlive() && System.nanoTime() < deadline;
        assertTrue(goesOn, () -> place + " has\n" + place.tree() + "not\n" + tree + output());
      }
    }
    return this;
  }

  /** Compares the copies with the source at once. */
  Replication assertSame(Place... places) {
    for (var place : places) {
      assertEquals(tree(), place.tree(), () -> place + output());
    }
    return this;
  }

  /** Waits for a whole line that was not waited for before. */
  Replication await(String regex) {
    running.awaitLine(regex);
    return this;
  }

  private String tree() {
    return Place.here(folder).tree();
  }

  String out() {
    return running.out();
  }

  String err() {
    return running.err();
  }

  /** All that a user has seen. */
  String output() {
    return running.output();
  }

  ProcessHandle process() {
    return ProcessHandle.of(running.pid()).orElseThrow();
  }

  /** Fails unless frep has reported this error with this hint. */
  Replication assertError(String error, String hint) {
    var lines = "frep: " + error + "\n" + (hint.isEmpty() ? "" : "hint: " + hint + "\n");
    assertTrue(err().contains(lines), () -> "not said: " + lines + output());
    return this;
  }

  /** How many inotify instances frep has: it has one a watcher. */
  long watchers() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + running.pid() + "/fd"))) {
      return open.filter(Replication::isInotify).count();
    }
  }

  private static boolean isInotify(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().equals("anon_inode:inotify");
    } catch (IOException closed) {
      return false;
    }
  }

  /** What each place goes through. */
  interface Interruption {
    void run() throws Exception;
  }

  /**
   * The story that every place tells: a first copy, changes, deletes, an interruption during which
   * the source changes, and an end with exit code 0.
   */
  void tell(Interruption down, Interruption up, String parent, List<Place> places, String... words)
      throws Exception {
    var all = places.toArray(Place[]::new);
    start(parent, words);
    awaitSame(all);
    write("sub/inner", "changed\n").write("new folder/new file", "x".repeat(100_000));
    Files.delete(source.resolve("a file"));
    awaitSame(all);
    down.run();
    await(".*connecting again in .*");
    write("sub/inner", "changed while away\n").write("late", "late\n");
    Files.delete(source.resolve("new folder/new file"));
    Files.move(source.resolve("empty"), source.resolve("renamed"));
    up.run();
    awaitSame(all);
    write("late", "later\n").awaitSame(all);
    stop(0);
  }

  /** Runs a command at a place, which reads, writes, fails and says so as if it ran here. */
  void run(String parent, String... words) throws IOException {
    var input = Files.writeString(folder.resolve("input"), "read from here\n".repeat(10_000));
    var all = new ArrayList<Object>(List.of("--run", "cat 'a file'; cat; echo >&2 bad; exit 77"));
    all.addAll(List.of(source, parent));
    all.addAll(List.of(words));
    var frep = Frep.with().within(PATIENCE).in(folder).reading(input);
    environment.forEach(frep::environment);
    var result = frep.runs(all.toArray());
    result.exits(77);
    assertEquals("first\n" + Files.readString(input), result.out());
    assertTrue(result.err().contains("copied 4 files"), result::err);
    assertTrue(result.err().endsWith("\nbad\n"), result::err);
  }

  @Override
  public void close() {
    if (running != null) {
      running.close();
    }
  }

  /** A command on the PATH before all others. */
  static Map<String, String> onPath(Path folder, String name, String script) throws IOException {
    var file = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script);
    assertTrue(file.toFile().setExecutable(true));
    return Map.of("PATH", file.getParent() + File.pathSeparator + System.getenv("PATH"));
  }
}
