package dev.frep;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that change while they are read, or without anyone being told. */
class ContentTest {

  @TempDir Path base;

  private World world;

  @BeforeEach
  void makeWorld() throws IOException {
    world = new World(base);
    Files.writeString(world.source.resolve("beside"), "beside\n");
  }

  /** Goes on in a thread of its own until it is closed. */
  private static final class Meanwhile implements AutoCloseable {
    private final Thread thread;
    private volatile boolean ended;
    private volatile Throwable wrong;

    private interface Step {
      void run() throws Exception;
    }

    Meanwhile(Step step) {
      thread =
          Commands.daemon(
              () -> {
                try {
                  while (!ended) {
                    step.run();
                  }
                } catch (Exception | AssertionError e) {
                  wrong = e;
                }
              });
    }

    @Override
    public void close() throws InterruptedException {
      ended = true;
      thread.join();
      if (wrong != null) {
        throw new AssertionError(wrong);
      }
    }
  }

  /** What is there is always the beginning of what is to come. */
  @Test
  void aSlowWriter() throws Exception {
    var random = new Random(1);
    var whole = new byte[400_000];
    random.nextBytes(whole);
    var source = world.source.resolve("slow");
    var there = world.destination.resolve("slow");
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      try (var reader =
              new Meanwhile(
                  () -> {
                    if (Files.exists(there)) {
                      var part = Files.readAllBytes(there);
                      assertEquals(-1, Arrays.mismatch(part, Arrays.copyOf(whole, part.length)));
                    }
                  });
          var out = Files.newOutputStream(source)) {
        for (int at = 0; at < whole.length; at += 1000) {
          out.write(whole, at, 1000);
          LockSupport.parkNanos(1_000_000); // As slow as it is.
        }
        out.close();
        world.awaitInStep(frep);
      }
      world.assertFine(frep);
    }
  }

  /** As shells and simple editors save: there may be a part of a save, but never of two. */
  @Test
  void truncateAndWrite() throws Exception {
    var source = world.source.resolve("file");
    var there = world.destination.resolve("file");
    Files.write(source, AtomicTest.content(0));
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      try (var reader =
          new Meanwhile(
              () -> {
                var lines = new String(Files.readAllBytes(there), US_ASCII).split("\n");
                var first = lines[0];
                for (int i = 0; i < lines.length - 1; i++) {
                  assertEquals(first, lines[i]);
                }
                assertTrue(first.startsWith(lines[lines.length - 1]));
              })) {
        for (int save = 1; save <= 300; save++) {
          Files.write(source, AtomicTest.content(save));
          if (save % 50 == 0) {
            world.awaitInStep(frep);
          }
        }
        world.awaitInStep(frep);
      }
      world.assertFine(frep);
    }
  }

  /** Neither raises an event: the background look finds them. */
  @Test
  void writesNoOneTellsOf() throws Exception {
    var mapped = world.source.resolve("mapped");
    var linked = world.source.resolve("linked");
    var elsewhere = base.resolve("source/elsewhere");
    Files.write(mapped, new byte[100_000]);
    Files.write(elsewhere, new byte[100_000]);
    Files.createLink(linked, elsewhere);
    var old = java.nio.file.attribute.FileTime.fromMillis(1_600_000_000_000L);
    Files.setLastModifiedTime(mapped, old);
    Files.setLastModifiedTime(linked, old);
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      try (var channel =
          FileChannel.open(mapped, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        var map = channel.map(MapMode.READ_WRITE, 0, 100_000);
        map.put(50_000, (byte) 1);
        map.force();
      }
      Files.writeString(elsewhere, "through the other link\n");
      world.assertFine(frep);
    }
  }

  /** Of each size that is read in a way of its own, while it is copied for the first time. */
  @Test
  void filesThatShrinkGrowAndVanishWhileTheyAreCopied() throws Exception {
    var random = new Random(2);
    var sizes = new int[] {900_000, 3_000_000, 12_000_000};
    var files = new Path[9];
    for (int i = 0; i < files.length; i++) {
      files[i] = world.source.resolve("folder" + i % 2).resolve("restless" + i);
      Files.createDirectories(files[i].getParent());
      Files.write(files[i], new byte[sizes[i / 3]]);
    }
    for (int i = 0; i < 20; i++) {
      var still = new byte[200_000];
      random.nextBytes(still);
      Files.write(world.source.resolve("folder" + i % 2).resolve("still" + i), still);
    }
    try (var frep = world.start("bash")) {
      for (int round = 0; round < 3; round++) {
        try (var restless =
            new Meanwhile(
                () -> {
                  var i = random.nextInt(files.length);
                  switch (random.nextInt(4)) {
                    case 0 -> resize(files[i], sizes[i / 3] / 2);
                    case 1 -> resize(files[i], sizes[i / 3] * 2);
                    case 2 -> Files.deleteIfExists(files[i]);
                    case 3 -> Files.write(files[i], new byte[sizes[i / 3]]);
                    default -> throw new AssertionError();
                  }
                })) {
          var still = world.destination.resolve("folder1/still19");
          World.await(frep, "the first are there", () -> Files.exists(still));
          var late = "late" + round;
          Files.writeString(world.source.resolve(late), late);
          World.await(frep, late, () -> Files.exists(world.destination.resolve(late)));
        }
        world.awaitInStep(frep);
      }
      world.assertFine(frep);
    }
  }

  private static void resize(Path file, long size) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      if (channel.size() > size) {
        channel.truncate(size);
      } else {
        channel.write(java.nio.ByteBuffer.wrap(new byte[] {1}), size - 1);
      }
    } catch (NoSuchFileException gone) {
      // Next time.
    }
  }
}
