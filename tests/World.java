package dev.frep;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A destination, and around it canaries: what nobody may touch. */
final class World {

  /** How many times as much shall be tried as in CI: -Dfrep.times=N. */
  static final int TIMES = Integer.getInteger("frep.times", 1);

  /** The folder to be replicated, empty at first. */
  final Path source;

  /** Where the destination is; nothing else may appear in it. */
  final Path parent;

  final Path destination;

  /** What symlinks of the destination may lead to. */
  final Path outside;

  /** Short for who waits, long for who works beside. */
  private static final Duration GLANCE = Duration.ofMillis(15);

  private final Path base;
  private boolean linkTimes = true;
  private final Map<String, String> canaries;

  /** Makes one in an empty folder; the destination itself is not there yet. */
  World(Path base) throws IOException {
    this.base = base.toRealPath();
    source = Files.createDirectories(this.base.resolve("source/copy"));
    parent = this.base.resolve("parent");
    destination = parent.resolve("copy");
    outside = this.base.resolve("outside");
    for (var folder : new Path[] {outside, parent.resolve("beside")}) {
      Files.createDirectories(folder.resolve("folder/empty"));
      Files.writeString(folder.resolve("file"), "canary\n");
      Files.writeString(folder.resolve("folder/inner"), "canary\n");
      Files.createSymbolicLink(folder.resolve("link"), Path.of("folder"));
    }
    canaries = canaries();
  }

  /** The same world with a destination that holds a file and a folder with one. */
  World furnished() throws IOException {
    Files.createDirectories(destination.resolve("folder"));
    Files.writeString(destination.resolve("file"), "old\n");
    Files.writeString(destination.resolve("folder/inner"), "old\n");
    return this;
  }

  /** Fails if something around the destination is not as it was, or something is there anew. */
  void assertUntouched() throws IOException {
    assertEquals(canaries, canaries(), "around the destination");
  }

  /** Fails if a staging folder is left. */
  void assertNoStage() throws IOException {
    assertEquals("", stages(), "staging folders left");
  }

  /** Nothing asked for but to replicate. */
  Options options() {
    return new Options(
        source,
        "copy",
        parent.toString(),
        new Task.Replicate(true),
        new Options.Selection(true, false, true, List.of()),
        new Options.Copying(true, false, false, "", Chmod.NONE, -1),
        new Options.Watching(false, null, null),
        new Options.Connecting(Duration.ofSeconds(30), null, null));
  }

  /** Starts frep from the source to the destination, with what else is on its line. */
  Frep.Running start(Object... words) {
    var all = new ArrayList<Object>(List.of(source, parent));
    all.addAll(List.of(words));
    return Frep.start(all.toArray());
  }

  /** The same over a shell of this machine. */
  Frep.Running start(Session.Shell shell) {
    return start(shell.complete().toArray());
  }

  /** Runs it once to its end. */
  Frep.Result once(Object... words) {
    try (var frep = start(Stream.concat(Stream.of("--once"), Stream.of(words)).toArray())) {
      return frep.awaitEnd();
    }
  }

  /** What a test waits for. */
  interface Condition {
    boolean holds() throws IOException;
  }

  /** Waits until something holds; fails if frep ends before. */
  static void await(Frep.Running frep, String what, Condition condition) throws IOException {
    var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (true) {
      var over = !frep.isAlive() || System.nanoTime() > deadline;
      if (condition.holds()) {
        return;
      } else if (over) {
        throw new AssertionError(
            (frep.isAlive() ? "not in time: " : "ended before: ") + what + "\n" + tail(frep));
      }
      LockSupport.parkNanos(GLANCE.toNanos());
    }
  }

  /** Where below a folder something of this name is. */
  static String found(Path folder, String name) {
    return Commands.run("find", folder.toString(), "-name", name).out();
  }

  private static String tail(Frep.Running frep) {
    var output = frep.output();
    var err = frep.err();
    return err.substring(Math.max(0, err.length() - 1000))
        + "…"
        + output.substring(Math.max(0, output.length() - 1000));
  }

  /** Waits until the destination is what the source is, byte for byte. */
  void awaitInStep(Frep.Running frep) throws IOException {
    var apart = new String[1];
    try {
      await(frep, "in step", () -> (apart[0] = apart()).isEmpty());
    } catch (AssertionError e) {
      throw new AssertionError(apart[0] + "\n" + e.getMessage());
    }
  }

  /** How the destination differs from the source; empty if it does not. */
  private String apart() {
    if (!linkTimes && timeless(source).equals(timeless(destination))) {
      return "";
    }
    return Trees.difference(source, destination);
  }

  private static Map<String, String> timeless(Path folder) {
    var tree = Trees.of(folder);
    tree.replaceAll((name, what) -> what.replaceFirst("^l \\d+ ", "l "));
    return tree;
  }

  /** BusyBox's tar cannot set the times of symlinks: there, all but these is compared. */
  World of(Session.Shell shell) {
    linkTimes = shell != Session.Shell.BUSYBOX;
    return this;
  }

  /** Waits until it is in step, ends it, and fails unless all is as it ought to be. */
  void assertFine(Frep.Running frep) throws IOException {
    awaitInStep(frep);
    var exit = frep.stop();
    assertEquals(0, exit, () -> "exit code, after\n" + tail(frep));
    assertEquals("", apart());
    assertNoStage();
    assertUntouched();
    frep.awaitDescendants();
  }

  /** The staging folders that are there. */
  String stages() throws IOException {
    var left = new TreeMap<String, String>();
    for (var folder : new Path[] {parent, destination}) {
      if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        try (var names = Files.newDirectoryStream(folder, ".frep-*")) {
          names.forEach(name -> left.put(name.toString(), ""));
        }
      }
    }
    return left.keySet().stream().collect(joining(" "));
  }

  private Map<String, String> canaries() throws IOException {
    var state = new TreeMap<String, String>();
    state(outside).forEach((name, is) -> state.put("outside/" + name, is));
    try (var besides = Files.newDirectoryStream(parent)) {
      for (var beside : besides) {
        var name = beside.getFileName().toString();
        if (!beside.equals(destination) && !name.startsWith(".frep-")) {
          state(beside).forEach((path, is) -> state.put(name + "/" + path, is));
        }
      }
    }
    try (var besides = Files.newDirectoryStream(base)) {
      besides.forEach(beside -> state.put(beside.getFileName().toString(), "is there"));
    }
    return state;
  }

  /** All that is below a folder, with kind, mode, time in seconds and content. */
  static Map<String, String> state(Path folder) throws IOException {
    var state = new TreeMap<String, String>();
    try (var all = Files.walk(folder)) {
      all.forEach(file -> state.put(folder.relativize(file).toString(), describe(file)));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return state;
  }

  private static String describe(Path file) {
    try {
      var link = LinkOption.NOFOLLOW_LINKS;
      var attributes = Files.readAttributes(file, BasicFileAttributes.class, link);
      var mode = (Integer) Files.getAttribute(file, "unix:mode", link);
      if (attributes.isSymbolicLink()) {
        return "symlink " + Files.readSymbolicLink(file);
      }
      var seconds = Math.floorDiv(attributes.lastModifiedTime().toMillis(), 1000);
      var content = attributes.isRegularFile() ? sha256(Files.readAllBytes(file)) : "";
      return Integer.toOctalString(mode) + " " + seconds + " " + content;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
