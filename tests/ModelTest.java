package dev.frep;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Anything that can be done to a tree is done to the source, in any order, and arrives. */
class ModelTest {

  private static final int OPERATIONS = 2000;
  private static final int BATCH = 250;
  private static final int MOST_ENTRIES = 250;

  @TempDir Path base;

  static IntStream seeds() {
    return IntStream.range(0, Integer.getInteger("frep.seeds", 9 * World.TIMES));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void randomOperations(int seed) throws Exception {
    var shell = List.of(Shell.BASH, Shell.DASH, Shell.BUSYBOX).get(seed % 3);
    assumeTrue(shell.isHere());
    var world = new World(base).of(shell);
    var user = new User(world.source, seed);
    var words = new ArrayList<Object>(List.of("--max-delete", "1000000"));
    words.addAll(shell.complete());
    try (var frep = world.start(words.toArray())) {
      world.awaitInStep(frep);
      for (int i = 1; i <= OPERATIONS; i++) {
        user.operate();
        if (i % BATCH == 0) {
          world.awaitInStep(frep);
        }
      }
      world.assertFine(frep);
    }
  }

  /** Someone at work in a folder. */
  static final class User {
    private final Path root;
    private final Random random;

    User(Path root, long seed) {
      this.root = root;
      this.random = new Random(seed);
    }

    /** Does something; what cannot be done is left undone. */
    void operate() throws IOException {
      try {
        var all = entries();
        if (all.size() > MOST_ENTRIES) {
          delete(any(all));
          return;
        }
        switch (random.nextInt(16)) {
          case 0, 1, 2 -> Files.write(fresh(all), bytes());
          case 3 -> Files.createDirectories(fresh(all).resolve("x/y"));
          case 4 -> Files.write(file(all), bytes());
          case 5 -> Files.write(file(all), bytes(), StandardOpenOption.APPEND);
          case 6 -> truncate(file(all));
          case 7 -> chmod(any(all));
          case 8 -> touch(any(all));
          case 9 -> Files.createSymbolicLink(fresh(all), Path.of(target(all)));
          case 10 -> rename(any(all), fresh(all));
          case 11 -> rename(any(all), any(all));
          case 12 -> changeKind(any(all));
          case 13 -> delete(any(all));
          case 14 -> secretly(file(all));
          case 15 -> Files.copy(file(all), fresh(all), StandardCopyOption.COPY_ATTRIBUTES);
          default -> throw new AssertionError();
        }
      } catch (FileSystemException cannot) {
        // A folder in itself, a name that is taken: as it happens to a user.
      }
    }

    private List<Path> entries() throws IOException {
      try (Stream<Path> all = Files.walk(root)) {
        return all.filter(path -> !path.equals(root)).sorted().toList();
      }
    }

    private Path any(List<Path> all) {
      return all.isEmpty() ? root.resolve("none") : all.get(random.nextInt(all.size()));
    }

    private Path file(List<Path> all) {
      return any(all.stream().filter(path -> Files.isRegularFile(path, NOFOLLOW_LINKS)).toList());
    }

    private Path fresh(List<Path> all) {
      var folders = all.stream().filter(path -> Files.isDirectory(path, NOFOLLOW_LINKS)).toList();
      var folder = random.nextInt(4) == 0 ? root : any(folders);
      var names = List.of("a", "b c", "ü", "-d", ".e", "f'", "g\n", "h$x", "i*", "j\\");
      var name = names.get(random.nextInt(names.size())) + random.nextInt(10);
      return (Files.isDirectory(folder) ? folder : root).resolve(name);
    }

    private byte[] bytes() {
      var sizes = new int[] {0, 1, 100, 512, 4096, 70_000};
      var bytes = new byte[random.nextInt(1 + sizes[random.nextInt(sizes.length)])];
      random.nextBytes(bytes);
      return bytes;
    }

    private String target(List<Path> all) {
      return random.nextBoolean() ? "no/where" : any(all).toString();
    }

    private void truncate(Path file) throws IOException {
      try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(random.nextInt(1 + (int) channel.size()));
      }
    }

    private void chmod(Path path) throws IOException {
      if (!Files.isSymbolicLink(path)) {
        var folder = Files.isDirectory(path, NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:mode", (folder ? 0700 : 0600) | random.nextInt(0100));
      }
    }

    private void touch(Path path) throws IOException {
      if (!Files.isSymbolicLink(path)) {
        Files.setLastModifiedTime(
            path, FileTime.fromMillis(random.nextInt(2_000_000) * 1_000_000L));
      }
    }

    /** Another content of the same size, and the time it had. */
    private void secretly(Path file) throws IOException {
      var time = Files.getLastModifiedTime(file);
      var bytes = new byte[(int) Files.size(file)];
      random.nextBytes(bytes);
      Files.write(file, bytes);
      Files.setLastModifiedTime(file, time);
    }

    private static void rename(Path from, Path to) throws IOException {
      try {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      } catch (DirectoryNotEmptyException taken) {
        // So it stays.
      }
    }

    private void changeKind(Path path) throws IOException {
      var kind = random.nextInt(3);
      delete(path);
      if (kind == 0) {
        Files.write(path, bytes());
      } else if (kind == 1) {
        Files.createDirectory(path);
        Files.write(path.resolve("inner"), bytes());
      } else {
        Files.createSymbolicLink(path, Path.of(".."));
      }
    }

    private static void delete(Path path) throws IOException {
      try (Stream<Path> all = Files.walk(path)) {
        for (var each : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }
}
