package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random work and a link that is cut again and again: what frep holds on to does not grow. For
 * longer: -Dfrep.seconds=3600.
 */
class EnduranceTest {

  private static final int SECONDS = Integer.getInteger("frep.seconds", 16);

  /** So much of the time it warms up: classes and buffers are for ever. */
  private static final double WARM = 0.4;

  private static final int FOLDERS = 12;
  private static final int NAMES = 40;

  @TempDir Path base;

  private Path source;
  private Path copy;
  private final Random dice = new Random(5);

  /** A connection's buffers come and go with it: so many bytes are no growth. */
  private static final int BUFFERS = 3_000_000;

  /** What is held at a moment when all is in step. */
  private record Holding(
      long files, long threads, long heap, long processes, long filesThere, long stages) {
    static Holding of(Frep.Running frep, long receiver, Path parent) throws IOException {
      var pid = Long.toString(frep.pid());
      Commands.succeed(Map.of(), List.of("jcmd", pid, "GC.run"));
      var heap = Commands.succeed(Map.of(), List.of("jcmd", pid, "GC.class_histogram"));
      var total = Pattern.compile("(?m)^Total +\\d+ +(\\d+)").matcher(heap);
      assertTrue(total.find(), heap);
      return new Holding(
          in(Path.of("/proc", pid, "fd")),
          in(Path.of("/proc", pid, "task")),
          Long.parseLong(total.group(1)),
          frep.descendants().size(),
          in(Path.of("/proc", receiver + "", "fd")),
          World.found(parent, ".frep-*").lines().count());
    }

    private static long in(Path folder) throws IOException {
      try (var all = Files.list(folder)) {
        return all.count();
      }
    }
  }

  @Test
  void nothingGrows() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "there is no /proc here");
    assumeTrue(Commands.missing("jcmd").isEmpty(), "there is no jcmd");
    base = base.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    copy = base.resolve("there/proj");
    var pid = base.resolve("pid");
    for (int i = 0; i < 200; i++) {
      work();
    }
    var words = List.of("sh", "-c", "echo $$ >" + pid + "; exec bash");
    try (var frep = Frep.start(words(words))) {
      frep.awaitFirstCopy();
      var warm = work(frep, pid, (int) (SECONDS * WARM));
      var end = work(frep, pid, SECONDS - (int) (SECONDS * WARM));

      System.out.printf("held when warm and at the end: %s, %s%n", warm, end);
      assertTrue(end.files <= warm.files + 2, "open files");
      assertTrue(end.threads <= warm.threads + 3, "threads"); // The JVM starts one now and then.
      assertTrue(end.heap <= warm.heap * 1.1 + BUFFERS, "heap");
      assertEquals(warm.processes, end.processes, "processes");
      assertEquals(warm.filesThere, end.filesThere, "open files at the target");
      assertEquals(1, end.stages, "staging folders");
      frep.stop();
      frep.awaitDescendants();
    }
    Trees.assertNoStage(base);
  }

  private Object[] words(List<String> command) {
    var words = new ArrayList<Object>(List.of("--max-delete=9999", source, copy.getParent(), "--"));
    words.addAll(command);
    return words.toArray();
  }

  /** Works and cuts the link for so long; then waits until it is in step. */
  private Holding work(Frep.Running frep, Path pid, int seconds) throws Exception {
    var over = new AtomicBoolean();
    var cuts =
        new Thread(
            () -> {
              while (!over.get()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300 + dice.nextInt(600)));
                kill(pid);
              }
            });
    cuts.start();
    var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() < end) {
      work();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3)); // Else it is never in step between.
    }
    over.set(true);
    cuts.join();
    World.await(frep, "in step", () -> Trees.difference(source, copy).isEmpty());
    Files.writeString(source.resolve("last"), "" + System.nanoTime());
    World.await(frep, "the last", () -> same(source.resolve("last"), copy.resolve("last")));
    var before = World.found(base, ".frep-*");
    World.await(frep, "one stage, not " + before, () -> stages() == 1);
    return Holding.of(frep, Long.parseLong(Files.readString(pid).strip()), base);
  }

  private long stages() {
    return World.found(base, ".frep-*").lines().count();
  }

  private static boolean same(Path a, Path b) throws IOException {
    return Files.exists(b) && Files.readString(a).equals(Files.readString(b));
  }

  private static void kill(Path pid) {
    try {
      Commands.run("kill", "-KILL", Files.readString(pid).strip());
    } catch (IOException noneYet) {
      // It is being connected.
    }
  }

  private void work() throws IOException {
    var folder = source.resolve("d" + dice.nextInt(FOLDERS));
    var file = folder.resolve("f" + dice.nextInt(NAMES));
    Files.createDirectories(folder);
    switch (dice.nextInt(10)) {
      case 0 -> Files.deleteIfExists(file);
      case 1 -> {
        if (Files.exists(file)) {
          var to = folder.resolve("f" + dice.nextInt(NAMES));
          Files.move(file, to, StandardCopyOption.REPLACE_EXISTING);
        }
      }
      case 2 -> Commands.run("rm", "-rf", folder.toString());
      default -> Files.writeString(file, "x".repeat(dice.nextInt(5000)));
    }
  }
}
