package dev.frep.league;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** The folder that is replicated, and the user who works in it. */
final class Source {
  /** A content has at most one of these sizes, by its seed. */
  private static final int[] SIZES = {0, 1, 100, 512, 4096, 70_000, 3_000_000};

  private static final Set<String> VERBS =
      Set.of(
          "write",
          "patch",
          "replace",
          "append",
          "truncate",
          "chmod",
          "touch",
          "secret",
          "link",
          "hard",
          "rename",
          "out",
          "in",
          "bounce",
          "delete",
          "mkdirs",
          "copy",
          "become",
          "burst",
          "ignore",
          "git",
          "unrepo",
          "lose");

  final Path root;

  /** Where things go that are renamed out of the source. */
  private final Path away;

  Source(Path root, Path away) {
    this.root = root;
    this.away = away;
  }

  static boolean does(Op op) {
    return VERBS.contains(op.verb());
  }

  Path at(String path) {
    return Names.at(root, path);
  }

  /** Does something; what cannot be done is left undone, as it happens to a user. */
  void apply(Op op) throws IOException, InterruptedException {
    try {
      play(op, at(op.path()));
    } catch (FileSystemException | SecurityException cannot) {
      return; // A folder in itself, a name that is taken, a folder in the way.
    }
  }

  private void play(Op op, Path path) throws IOException, InterruptedException {
    switch (op.verb()) {
      case "write" -> Files.write(path, bytes(op.number()));
      case "patch" -> patch(path, op.number());
      case "replace" -> replace(path, op.number());
      case "append" -> Files.write(path, bytes(op.number()), APPEND, WRITE);
      case "truncate" -> truncate(path, op.number());
      case "chmod" -> Files.setAttribute(path, "unix:mode", mode(op.number()), NOFOLLOW_LINKS);
      case "touch" -> touch(path, FileTime.fromMillis(op.number() * 1000));
      case "secret" -> secret(path, op.number());
      case "link" -> link(path, op.other());
      case "hard" -> Files.createLink(path, at(op.other()));
      case "rename" -> Files.move(path, at(op.other()), ATOMIC_MOVE);
      case "out" -> Files.move(path, Names.at(away, op.other()), ATOMIC_MOVE);
      case "in" -> Files.move(Names.at(away, op.other()), path, ATOMIC_MOVE);
      case "bounce" -> bounce(path, op.number());
      case "delete" -> delete(path);
      case "mkdirs" -> Files.createDirectories(path);
      case "copy" -> Files.copy(path, at(op.other()), COPY_ATTRIBUTES, NOFOLLOW_LINKS);
      case "become" -> become(path, op.other(), op.number());
      case "burst" -> burst(path, (int) op.number());
      case "ignore" -> Files.write(path, op.other().getBytes(ISO_8859_1));
      case "git" -> git(path, op.other());
      case "unrepo" -> delete(path.resolve(".git"));
      case "lose" -> lose(op.number());
      default -> throw new AssertionError(op);
    }
  }

  /** Only root can go on with what nobody may read. */
  private static int mode(long mode) {
    return (int) (System.getProperty("user.name").equals("root") ? mode : mode | 0700);
  }

  static byte[] bytes(long seed) {
    var random = new Random(seed);
    var size = SIZES[(int) Math.floorMod(seed, (long) SIZES.length)];
    var bytes = new byte[size / 2 + random.nextInt(1 + size / 2)];
    random.nextBytes(bytes);
    return bytes;
  }

  static byte[] bytes(long seed, long size) {
    var bytes = new byte[(int) size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Writes into the file, its size as before. */
  private static void patch(Path path, long seed) throws IOException {
    if (Files.isRegularFile(path, NOFOLLOW_LINKS)) {
      Files.write(path, bytes(seed, Math.min(50, Files.size(path))), WRITE);
    }
  }

  /** As many editors save: a file of another name, renamed. */
  private static void replace(Path path, long seed) throws IOException {
    var fresh = Files.write(path.resolveSibling(".new" + seed % 10), bytes(seed));
    try {
      Files.move(fresh, path, ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static void truncate(Path path, long seed) throws IOException {
    try (var channel = FileChannel.open(path, WRITE, NOFOLLOW_LINKS)) {
      channel.truncate(new Random(seed).nextInt(1 + (int) channel.size()));
    }
  }

  private static void touch(Path path, FileTime time) throws IOException {
    if (!Files.isSymbolicLink(path)) {
      Files.setLastModifiedTime(path, time);
    }
  }

  /** Another content of the same size, and the time it had. */
  private static void secret(Path path, long seed) throws IOException {
    if (Files.isRegularFile(path, NOFOLLOW_LINKS)) {
      var time = Files.getLastModifiedTime(path);
      Files.write(path, bytes(seed, Files.size(path)));
      Files.setLastModifiedTime(path, time);
    }
  }

  private static void link(Path path, String target) throws IOException {
    var whole = Names.at(Path.of("/"), target.replaceFirst("^/", ""));
    Files.createSymbolicLink(
        path, target.startsWith("/") ? whole : whole.subpath(0, whole.getNameCount()));
  }

  /** Moved away, and back before anybody could have looked; perhaps a little later. */
  private void bounce(Path path, long milliseconds) throws IOException, InterruptedException {
    var there = away.resolve("bouncing");
    Files.move(path, there, ATOMIC_MOVE);
    Thread.sleep(milliseconds);
    Files.move(there, path, ATOMIC_MOVE);
  }

  private void lose(long milliseconds) throws IOException, InterruptedException {
    Files.move(root, away.resolve("lost"), ATOMIC_MOVE);
    Thread.sleep(milliseconds);
    Files.move(away.resolve("lost"), root, ATOMIC_MOVE);
  }

  static void delete(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      for (var each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static void become(Path path, String kind, long seed) throws IOException {
    delete(path);
    switch (kind) {
      case "file" -> Files.write(path, bytes(seed));
      case "folder" -> Files.write(Files.createDirectory(path).resolve("inner"), bytes(seed));
      default -> Files.createSymbolicLink(path, Path.of(".."));
    }
  }

  /** More at once than a watcher can hear of one by one. */
  private static void burst(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < count; i++) {
      Files.writeString(folder.resolve("burst" + i), "burst " + i);
    }
  }

  private static void git(Path folder, String line) throws IOException, InterruptedException {
    var words = new ArrayList<>(List.of("git", "-C", folder.toString()));
    words.addAll(List.of("-c", "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0"));
    words.addAll(List.of("-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false"));
    words.addAll(List.of(line.split(" ")));
    Tree.Shell.run(words.toArray(String[]::new));
  }
}
