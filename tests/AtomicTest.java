package dev.frep;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who polls the target while files are saved at the source sees each whole, and always. */
class AtomicTest {

  @TempDir Path base;

  /** Content that tells if all of it is there, and of one save only. */
  static byte[] content(int save) {
    return ("save " + save + "\n").repeat(1 + save * 37 % 5000).getBytes(US_ASCII);
  }

  static boolean isWhole(byte[] content) {
    var text = new String(content, US_ASCII);
    var end = text.indexOf('\n');
    if (end < 0 || !text.matches("(?s)save [0-9]+\n.*")) {
      return false;
    }
    return text.equals(new String(content(Integer.parseInt(text.substring(5, end))), US_ASCII));
  }

  /** As editors do. */
  private static void save(Path file, int save) throws IOException {
    var fresh = file.resolveSibling(".fresh");
    Files.write(fresh, content(save));
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Reads some of the files again and again. */
  private static final class Reader extends Thread {
    private final List<Path> files;
    private final List<String> wrong = new ArrayList<>();
    private volatile boolean ended;
    private int reads;

    Reader(List<Path> files) {
      this.files = files;
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      var random = new Random(1);
      while (!ended) {
        var file = files.get(random.nextInt(files.size()));
        try {
          var content = Files.readAllBytes(file);
          if (!isWhole(content)) {
            wrong.add("partial: " + file + ", " + content.length + " bytes");
          }
        } catch (NoSuchFileException e) {
          wrong.add("missing: " + file);
        } catch (IOException e) {
          wrong.add(e.toString());
        }
        reads++;
      }
    }

    void finish() throws InterruptedException {
      ended = true;
      join();
      assertEquals(List.of(), wrong);
      assertTrue(reads > 500, "it read only " + reads + " times");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void aFileSaved500Times(Shell shell) throws Exception {
    var files = Stream.of("folder/file");
    saves(shell, files.toList(), shell == Shell.BASH ? 500 : 100 * World.TIMES);
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void aSetOf200FilesInOneFolder(Shell shell) throws Exception {
    saves(shell, IntStream.range(0, 200).mapToObj(i -> "folder/" + i).toList(), 8 * World.TIMES);
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void aSetOf200FilesInManyFolders(Shell shell) throws Exception {
    saves(shell, IntStream.range(0, 200).mapToObj(i -> i % 20 + "/" + i).toList(), 8 * World.TIMES);
  }

  private void saves(Shell shell, List<String> names, int saves) throws Exception {
    assumeTrue(shell.isHere());
    var world = new World(base);
    for (var name : names) {
      Files.createDirectories(world.source.resolve(name).getParent());
      save(world.source.resolve(name), 0);
    }
    try (var frep = world.start(shell)) {
      world.awaitInStep(frep);
      var reader = new Reader(names.stream().map(world.destination::resolve).toList());
      for (int save = 1; save <= saves; save++) {
        for (var name : names) {
          save(world.source.resolve(name), save);
        }
        if (save % 10 == 0 || names.size() > 1) {
          var there = world.destination.resolve(names.get(0));
          var saved = content(save);
          World.await(frep, "save " + save, () -> Arrays.equals(Files.readAllBytes(there), saved));
        }
      }
      world.awaitInStep(frep);
      reader.finish();
      world.assertFine(frep);
    }
  }
}
