package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Archive;
import dev.frep.Session.Shell;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A connection that breaks anywhere: each file is its old or its new self, nothing else is touched,
 * and nothing is left lying about.
 */
class CutTest {

  private static final List<String> NAMES = List.of("file", "folder/inner", "third");
  private static final String NEW = "new ".repeat(100) + "\n";

  @TempDir Path base;

  /** One session after the bootstrap: three files, a delete, the times. */
  private static byte[] session(Shell shell) throws IOException {
    var archive =
        new Archive()
            .file("./n/0/file", NEW)
            .file("./n/0/third", NEW)
            .file("./n/1/inner", NEW)
            .list("deletes", "./gone")
            .folder("./d/folder", 0755)
            .folder("./d", 0755)
            .plan("into 0 .", "into 1 folder", "delete - -", "attributes 755 folder")
            .bytes();
    var bytes = new ByteArrayOutputStream();
    bytes.write(Session.set(shell != Shell.BUSYBOX, 1, archive));
    bytes.write(line("end 1"));
    bytes.write(line("commit 1"));
    bytes.write(line("bye"));
    return bytes.toByteArray();
  }

  private static byte[] line(String words) {
    return (Session.NONCE + " " + words + "\n").getBytes(ISO_8859_1);
  }

  private World world(String name) throws IOException {
    var world = new World(Files.createDirectories(base.resolve(name))).furnished();
    Files.writeString(world.destination.resolve("gone"), "old\n");
    return world;
  }

  /** Fails unless each file is old or new; returns how many are new. */
  private static int count(World world) throws IOException {
    var fresh = 0;
    for (var name : NAMES) {
      var file = world.destination.resolve(name);
      if (!name.equals("third") || Files.exists(file)) {
        var content = Files.readString(file);
        assertTrue(content.equals("old\n") || content.equals(NEW), () -> name + ": " + content);
        fresh += content.equals(NEW) ? 1 : 0;
      }
    }
    world.assertUntouched();
    return fresh;
  }

  /** Runs all, as many at a time as there are processors; fails with the first that failed. */
  private static void all(IntStream cuts, Cut cut) {
    var failed = new ConcurrentLinkedQueue<Throwable>();
    cuts.parallel()
        .forEach(
            at -> {
              try {
                cut.at(at);
              } catch (Exception | AssertionError e) {
                failed.add(new AssertionError("cut at byte " + at, e));
              }
            });
    if (!failed.isEmpty()) {
      throw new AssertionError(failed.size() + " cuts failed", failed.peek());
    }
  }

  private interface Cut {
    void at(int position) throws Exception;
  }

  /** All of them; in CI every other of the lines, and some of the archive between. */
  private static IntStream positions(byte[] session, int seed) {
    var text = new String(session, ISO_8859_1);
    var start = text.indexOf("./n/");
    var end = text.indexOf(Session.NONCE + " end");
    var inLines = World.TIMES > 1 ? 1 : 2;
    var inArchive = Math.max(1, 211 / World.TIMES);
    return IntStream.rangeClosed(0, session.length)
        .filter(at -> (at + seed) % (at <= start || at >= end ? inLines : inArchive) == 0);
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void atEveryByteOfASession(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var session = session(shell);
    var committed = new String(session, ISO_8859_1).indexOf(Session.NONCE + " bye");
    all(
        positions(session, shell.ordinal() * 17),
        at -> {
          var world = world("" + at);
          try (var link = new Session(shell, world.parent, "copy").ready()) {
            link.raw(Arrays.copyOf(session, at)).end();
          }
          assertEquals(at >= committed ? 3 : 0, count(world));
          assertEquals(at < committed, Files.exists(world.destination.resolve("gone")));
          world.assertNoStage();
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void atEveryByteOfTheBootstrap(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var world = world("copy of nothing");
    var before = World.state(world.destination);
    var bootstrap = Session.bootstrap(Session.NONCE, Session.TAG, world.parent.toString(), "copy");
    var stride = Math.max(1, 173 / World.TIMES);
    all(
        IntStream.range(0, bootstrap.length - 1)
            .filter(at -> (at + shell.ordinal()) % stride == 0 || at > bootstrap.length - 40),
        at -> {
          try (var link = new Session(shell.complete())) {
            link.raw(Arrays.copyOf(bootstrap, at)).end();
          }
        });
    assertEquals(before, World.state(world.destination));
    world.assertNoStage();
    world.assertUntouched();
  }

  /** SIGKILL of the receiver and of all that it has started, anywhere. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void killedAtRandomBytes(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var session = session(shell);
    var random = new Random(shell.ordinal());
    var cuts = random.ints(8 * World.TIMES, 0, session.length + 1).distinct();
    all(
        cuts,
        at -> {
          var world = world("" + at);
          try (var link = new Session(shell, world.parent, "copy").ready()) {
            link.raw(Arrays.copyOf(session, at)).kill();
          }
          count(world);
          new Session(shell, world.parent, "copy").ready().line("bye").end();
          world.assertNoStage();
          count(world);
        });
  }

  /** The same while many files are put in place. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void killedWhileItCommits(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var random = new Random(shell.ordinal());
    var archive = new Archive();
    var plan = new ArrayList<String>();
    for (int folder = 0; folder < 20; folder++) {
      for (int file = 0; file < 10; file++) {
        archive.file("./n/" + folder + "/" + file, NEW);
      }
      plan.add("into " + folder + " " + folder);
    }
    var set = archive.plan(plan.toArray(String[]::new)).bytes();
    for (int round = 0; round < 2 * World.TIMES; round++) {
      var world = many("" + round);
      var pause = random.nextInt(60_000_000);
      try (var link = new Session(shell, world.parent, "copy").ready()) {
        link.set(1, set).line("ping 1").until("pong");
        link.line("commit 1");
        LockSupport.parkNanos(pause);
        link.kill();
      }
      countMany(world);
      try (var link = new Session(shell, world.parent, "copy").ready()) {
        world.assertUntouched();
        assertEquals(List.of("ok 2"), link.set(2, set).commit(2));
        link.line("bye").end();
      }
      assertEquals(200, countMany(world));
      world.assertNoStage();
    }
  }

  /** The sender dies when it has said commit: what was said is done. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void theSenderDiesWhileItCommits(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var archive = new Archive();
    var plan = new ArrayList<String>();
    for (int folder = 0; folder < 20; folder++) {
      for (int file = 0; file < 10; file++) {
        archive.file("./n/" + folder + "/" + file, NEW);
      }
      plan.add("into " + folder + " " + folder);
    }
    var world = many("many");
    try (var link = new Session(shell, world.parent, "copy").ready()) {
      link.set(1, archive.plan(plan.toArray(String[]::new)).bytes()).line("commit 1").end();
    }
    assertEquals(200, countMany(world));
    world.assertNoStage();
  }

  private World many(String name) throws IOException {
    var world = new World(Files.createDirectories(base.resolve(name)));
    for (int folder = 0; folder < 20; folder++) {
      Files.createDirectories(world.destination.resolve("" + folder));
      for (int file = 0; file < 10; file++) {
        Files.writeString(world.destination.resolve(folder + "/" + file), "old\n");
      }
    }
    return world;
  }

  private static int countMany(World world) throws IOException {
    var fresh = 0;
    for (int i = 0; i < 200; i++) {
      var content = Files.readString(world.destination.resolve(i / 10 + "/" + i % 10));
      assertTrue(content.equals("old\n") || content.equals(NEW), content);
      fresh += content.equals(NEW) ? 1 : 0;
    }
    world.assertUntouched();
    return fresh;
  }

  // ---- the same through the real command line ----

  /**
   * A connection command that lets through only so many bytes, as many times as there are lines in
   * a file, and all when there are none left.
   */
  private Object[] leaky(Path cuts, Shell shell) throws IOException {
    var script = cuts.resolveSibling("leaky");
    Files.writeString(
        script,
        """
        cuts=$1
        shift
        read -r bytes way <"$cuts" || exec "$@"
        sed 1d "$cuts" >"$cuts.rest" && mv "$cuts.rest" "$cuts"
        case $way in
            to) dd bs=1 count="$bytes" 2>/dev/null | "$@" ;;
            from) # This shell must not hold the stdout that dd closes.
                exec 3<&0
                { "$@" <&3 | dd bs=1 count="$bytes" 2>/dev/null; } &
                exec >&- 3<&-
                wait
                ;;
        esac
        """);
    // dd passes each byte on at once, head would keep the last ones.
    var words = new ArrayList<Object>(List.of("sh", script, cuts));
    words.addAll(shell.complete());
    return words.toArray();
  }

  /** It connects again by itself, as often as it takes. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void aSenderWhoseConnectionBreaksAgainAndAgain(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var world = new World(base);
    var random = new Random(shell.ordinal());
    var cuts = base.resolve("source/cuts");
    var rounds = 6 * World.TIMES;
    var lines = new StringBuilder("60000 to\n"); // Enough for the first copy.
    for (int i = 0; i < rounds; i++) {
      lines.append(
          i % 4 == 3 ? random.nextInt(600) + " from\n" : 9000 + random.nextInt(15000) + " to\n");
    }
    Files.writeString(cuts, lines);
    for (var name : NAMES) {
      Files.createDirectories(world.source.resolve(name).getParent());
      Files.writeString(world.source.resolve(name), "old\n");
    }
    try (var frep = world.start(leaky(cuts, shell))) {
      frep.awaitFirstCopy();
      var watch = new Watch(world);
      for (int round = 1; Files.size(cuts) > 0; round++) {
        for (var name : NAMES) {
          Files.write(world.source.resolve(name), AtomicTest.content(round));
        }
        world.awaitInStep(frep);
      }
      watch.finish();
      assertTrue(frep.output().contains("connecting again"), frep.output());
      world.assertFine(frep);
    }
  }

  /** Reads the three files all the while: each is always there, and whole. */
  private static final class Watch extends Thread {
    private final World world;
    private final List<String> wrong = new ArrayList<>();
    private volatile boolean ended;

    Watch(World world) {
      this.world = world;
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      while (!ended) {
        for (var name : NAMES) {
          try {
            var content = Files.readAllBytes(world.destination.resolve(name));
            var text = new String(content, ISO_8859_1);
            // The source is truncated and written: what it was in between may be seen.
            if (!text.isEmpty() && !text.equals("old\n") && !AtomicTest.isWhole(content)) {
              wrong.add(name + ": " + content.length + " bytes");
            }
          } catch (IOException e) {
            wrong.add(e.toString());
          }
        }
        LockSupport.parkNanos(2_000_000);
      }
    }

    void finish() throws InterruptedException {
      ended = true;
      join();
      assertEquals(List.of(), wrong);
    }
  }

  /** A first connection that breaks ends it: it says so, and nobody takes it for done. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void aFirstCopyThatBreaks(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var random = new Random(shell.ordinal());
    for (int round = 0; round < 2 * World.TIMES; round++) {
      var world = new World(Files.createDirectories(base.resolve("" + round))).furnished();
      Files.createDirectory(world.source.resolve("folder"));
      for (var name : NAMES) {
        Files.writeString(world.source.resolve(name), NEW);
      }
      var cuts = world.source.resolveSibling("cuts");
      Files.writeString(cuts, random.nextInt(14_000) + " to\n");
      var result = world.once(leaky(cuts, shell));
      if (result.exit() == 0) {
        Trees.assertSame(world.source, world.destination);
      } else {
        assertEquals(4, result.exit(), result.toString());
        assertTrue(result.err().contains("the connection ended"), result.err());
      }
      count(world);
      world.assertNoStage();
      world.once(shell.complete().toArray()).succeeds();
      Trees.assertSame(world.source, world.destination);
      world.assertNoStage();
    }
  }

  /** SIGKILL of either end, or of what is between, while it works. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void eitherEndIsKilled(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var world = new World(base);
    var random = new Random(shell.ordinal());
    for (int i = 0; i < 200; i++) {
      Files.createDirectories(world.source.resolve("" + i / 10));
      Files.write(world.source.resolve(i / 10 + "/" + i % 10), AtomicTest.content(i));
    }
    for (int life = 0; life < 2; life++) {
      try (var frep = world.start(shell)) {
        frep.awaitFirstCopy();
        for (int round = 0; round < 2 * World.TIMES; round++) {
          for (int i = 0; i < 200; i++) {
            var content = AtomicTest.content(random.nextInt(5000));
            var fresh = Files.write(world.source.resolve("fresh"), content);
            Files.move(
                fresh, world.source.resolve(i / 10 + "/" + i % 10), StandardCopyOption.ATOMIC_MOVE);
          }
          LockSupport.parkNanos(random.nextInt(50_000_000));
          frep.descendants().forEach(ProcessHandle::destroyForcibly);
          world.awaitInStep(frep);
          assertAllWhole(world);
        }
        Files.writeString(world.source.resolve("life"), "" + life);
        LockSupport.parkNanos(random.nextInt(50_000_000));
        frep.kill();
        frep.awaitDescendants();
        assertAllWhole(world);
        world.assertNoStage();
      }
    }
    try (var frep = world.start(shell)) {
      frep.awaitFirstCopy();
      world.assertFine(frep);
    }
  }

  private static void assertAllWhole(World world) throws IOException {
    for (int i = 0; i < 200; i++) {
      var content = Files.readAllBytes(world.destination.resolve(i / 10 + "/" + i % 10));
      assertTrue(AtomicTest.isWhole(content));
    }
    world.assertUntouched();
  }
}
