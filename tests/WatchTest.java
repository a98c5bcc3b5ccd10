package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bursts, overflows, limits, and a source that goes away: the target follows, or is left alone. */
class WatchTest {

  @TempDir Path base;

  private World world;

  @BeforeEach
  void makeWorld() throws IOException {
    world = new World(base);
    write("first/file", "first\n");
    write("second", "second\n");
  }

  private void write(String name, String content) throws IOException {
    var file = world.source.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (var each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  @Test
  void foldersAndWhatIsPutInThemAtOnce() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      for (int i = 0; i < 500; i++) {
        write(i + "/a/b/c/d/file", "deep " + i);
        write(i + "/a/b/file", "half way");
        write(i + "/file", "on top");
      }
      world.assertFine(frep);
    }
  }

  @Test
  void foldersThatAreRenamedAndFilledAtOnce() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      for (int i = 0; i < 100; i++) {
        write("name" + i + "/inner/file", "old " + i);
        var from = world.source.resolve("name" + i);
        Files.move(from, world.source.resolve("renamed" + i));
        write("renamed" + i + "/inner/file", "new " + i);
        write("name" + i + "/inner/file", "another " + i);
      }
      world.awaitInStep(frep);
      for (int i = 0; i < 100; i++) { // Each folder's watch is where the folder is.
        write("renamed" + i + "/inner/late", "late " + i);
        write("name" + i + "/inner/late", "late " + i);
      }
      world.assertFine(frep);
    }
  }

  @Test
  void aFolderMovedOutAndBack() throws Exception {
    write("way/inner/file", "old\n");
    var away = base.resolve("source/away");
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      Files.move(world.source.resolve("way"), away);
      world.awaitInStep(frep);
      Files.writeString(away.resolve("inner/file"), "changed outside\n");
      write("way/inner/file", "another\n");
      world.awaitInStep(frep);
      remove(world.source.resolve("way"));
      Files.move(away, world.source.resolve("way"));
      world.awaitInStep(frep);
      write("way/inner/late", "late\n");
      world.assertFine(frep);
    }
  }

  /** The system follows symlinks: what has become one has the key of where it leads. */
  @Test
  void aFolderThatHasBecomeASymlinkToAnother() throws Exception {
    var dirty = new Dirty();
    var console = Console.open(Display.Detail.QUIET, false, false, false);
    var first = world.source.resolve("first");
    var way = Files.createSymbolicLink(world.source.resolve("way"), Path.of("first"));
    try (var watcher = new Watcher(dirty, console)) {
      watcher.register("first", first);
      watcher.register("way", way);
      watcher.forget("way");

      write("first/late", "late\n");

      assertTrue(watcher.catchUp());
      dirty.await(Watcher.SETTLE);
      var paths = dirty.take();
      assertEquals(Set.of("first/late"), paths.wholes());
    }
  }

  /**
   * Its folder may have been looked at because of another, and so have the time it is known with.
   */
  @Test
  void anEventThatIsLostBesideOneThatIsNot() throws Exception {
    var dirty = new Dirty();
    var console = Console.open(Display.Detail.QUIET, false, false, false);
    var scanner = new Scanner(world.options(), null, console);
    var before = scanner.scan(Folder.NONE);
    write("first/told", "told\n");
    write("first/lost", "lost\n");
    dirty.look("first/told");
    var now = scanner.next(before, awaited(dirty));

    new Sweep(world.source, () -> now, scanner::folderNow, scanner::isAsKnown, dirty).once();

    dirty.await(Watcher.SETTLE);
    var paths = dirty.take();
    assertEquals(Set.of("first/lost"), paths.looks());
  }

  /** What is made next gets the inode of what was removed: that a folder was there says nothing. */
  @Test
  void aFileInThePlaceOfTheSourceWithItsInode() throws Exception {
    var console = Console.open(Display.Detail.QUIET, false, false, false);
    var scanner = new Scanner(world.options(), null, console);
    var before = scanner.scan(Folder.NONE);
    remove(world.source);
    Files.writeString(world.source, "no folder\n");
    var inode = (Long) Files.getAttribute(world.source, "unix:ino");
    var same = new Folder(before.mode(), before.modified(), inode, before.children());
    var dirty = new Dirty();
    dirty.look("first/file");

    var now = scanner.next(same, awaited(dirty));

    assertNull(now, "the source is gone: nothing is to be sent");
  }

  @Test
  void threeThousandFilesInOneFolder() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      for (int i = 0; i < 3000; i++) {
        write("many/" + i, "" + i);
      }
      world.awaitInStep(frep);
      for (int i = 0; i < 3000; i += 2) {
        Files.delete(world.source.resolve("many/" + i));
      }
      world.assertFine(frep);
    }
  }

  /** The kernel's queue of 16,384 events overflows, and who is stopped cannot empty it. */
  @Test
  void moreThanTheKernelRemembersWhileStopped() throws Exception {
    var folders = World.TIMES > 1 ? 400 : 90;
    for (int folder = 0; folder < folders; folder++) {
      Files.createDirectories(world.source.resolve("many" + folder));
    }
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      frep.signal("STOP");
      for (int folder = 0; folder < folders; folder++) {
        for (int file = 0; file < 100; file++) {
          write("many" + folder + "/" + file, "" + file);
        }
      }
      write("first/file", "last of all\n");
      frep.signal("CONT");
      world.assertFine(frep);
    }
  }

  @Test
  void moreFoldersThanMayBeWatched() throws Exception {
    var limited = List.of("unshare", "-Ur", "sh", "-c");
    var limit = "echo 50 >/proc/sys/user/max_inotify_watches && exec \"$@\"";
    var trial = new ArrayList<>(limited);
    trial.addAll(List.of(limit, "sh", "true"));
    assumeTrue(Commands.run(Map.of(), "", trial).ok(), "no user namespaces here");
    for (int i = 0; i < 120; i++) {
      write("many/" + i + "/file", "old\n");
    }
    var words = new ArrayList<>(limited);
    words.addAll(List.of(limit, "sh", System.getProperty("java.home") + "/bin/java", "-cp"));
    words.addAll(List.of(System.getProperty("java.class.path"), "dev.frep.frep"));
    words.addAll(List.of(world.source.toString(), world.parent.toString(), "bash"));
    var log = base.resolve("source/log");
    var process = Commands.start(log, Map.of("XDG_CACHE_HOME", base + "/source/cache"), words);
    try {
      Trees.awaitSame(world.source, world.destination);
      var said = Files.readString(log);
      assertTrue(said.contains("watches no more folders"), said);
      assertTrue(said.contains("fs.inotify.max_user_watches"), said);
      assertEquals(1, said.split("watches no more folders", -1).length - 1, "told once");
      for (int i = 0; i < 120; i += 7) {
        write("many/" + i + "/file", "new " + i);
        write("many/" + i + "/new/deep/file", "new " + i);
      }
      remove(world.source.resolve("many/3"));
      write("second", "new\n");
      Trees.awaitSame(world.source, world.destination);
      assertTrue(process.isAlive(), () -> "it has ended");
      process.destroy();
      assertEquals(0, process.waitFor());
    } finally {
      Commands.killTree(process);
    }
    world.assertNoStage();
    world.assertUntouched();
  }

  // ---- the source itself goes away ----

  /** Does something to the source, waits until frep has said so, and puts it right again. */
  private void survives(Disaster disaster, Disaster repair) throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      var before = Trees.of(world.destination);
      frep.signal("STOP"); // It sees all of it at once, or the first steps were a change as any.
      disaster.happens();
      frep.signal("CONT");
      frep.awaitLine("frep: .*nothing is sent until it is back.*");
      assertEquals(before, Trees.of(world.destination), "the copy is left as it is");
      repair.happens();
      world.awaitInStep(frep);
      write("first/late", "late\n");
      write("fresh/deep/late", "late\n");
      world.awaitInStep(frep);
      assertEquals(0, frep.stop(), frep.output());
      world.assertNoStage();
      world.assertUntouched();
    }
  }

  private interface Disaster {
    void happens() throws IOException;
  }

  private void fill() throws IOException {
    write("first/file", "first, again\n");
    write("second", "second, again\n");
    write("third", "third\n");
  }

  @Test
  void aSourceThatIsDeleted() throws Exception {
    survives(() -> remove(world.source), this::fill);
  }

  @Test
  void aSourceThatIsEmptied() throws Exception {
    survives(
        () -> {
          remove(world.source.resolve("first"));
          Files.delete(world.source.resolve("second"));
        },
        this::fill);
  }

  @Test
  void aSourceThatIsRenamedAndMadeAnew() throws Exception {
    survives(() -> Files.move(world.source, base.resolve("source/away")), this::fill);
  }

  @Test
  void aSourceThatIsRenamedAndBroughtBack() throws Exception {
    var away = base.resolve("source/away");
    survives(
        () -> Files.move(world.source, away),
        () -> {
          Files.writeString(away.resolve("second"), "changed while away\n");
          Files.move(away, world.source);
        });
  }

  @Test
  void aSourceReplacedByAFile() throws Exception {
    survives(
        () -> {
          remove(world.source);
          Files.writeString(world.source, "no folder\n");
        },
        () -> {
          Files.delete(world.source);
          fill();
        });
  }

  @Test
  void aSourceThatIsSwappedForAnotherAtOnce() throws Exception {
    var other = Files.createDirectories(base.resolve("source/other"));
    Files.createDirectories(other.resolve("first"));
    Files.writeString(other.resolve("first/file"), "of the other\n");
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      Files.move(world.source, base.resolve("source/away"));
      Files.move(other, world.source);
      world.awaitInStep(frep);
      write("first/late", "late\n");
      world.assertFine(frep);
    }
  }

  /** It may be empty, if it was when it began. */
  @Test
  void anEmptySource() throws Exception {
    remove(world.source);
    Files.createDirectories(world.source);
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      write("first/file", "first\n");
      world.assertFine(frep);
    }
  }

  private static Dirty.Paths awaited(Dirty dirty) throws InterruptedException {
    dirty.await(Watcher.SETTLE);
    return dirty.take();
  }
}
