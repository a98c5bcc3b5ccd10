package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong at the target: the old stays, the path is named, and it is put right after. */
class TroubleTest {

  /** A receiver that may not do everything. */
  private static final Object[] NOBODY = {
    "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "bash"
  };

  @TempDir Path base;

  private World world;

  @BeforeEach
  void makeWorld() throws IOException {
    world = new World(base);
    write("folder/file", "old\n");
    write("other/file", "old\n");
  }

  private void write(String name, String content) throws IOException {
    var file = world.source.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  /**
   * At once: who truncates a file and writes it then has an empty one for a moment, here and there.
   */
  private void replace(String name, String content) throws IOException {
    var fresh = Files.writeString(base.resolve("fresh"), content);
    Files.move(fresh, world.source.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private String there(String name) throws IOException {
    return Files.readString(world.destination.resolve(name));
  }

  private static void assumeRoot() {
    assumeTrue(Commands.run("id", "-u").out().strip().equals("0"), "only root can make this");
  }

  private static void chmod(Path file, String mode) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void aFullDisk(Shell shell) throws Exception {
    assumeRoot();
    var disk = Files.createDirectories(world.destination);
    var mount = List.of("mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "none", disk.toString());
    assumeTrue(Commands.run(Map.of(), "", mount).ok(), "no tmpfs can be mounted here");
    try {
      write("folder/large", "x".repeat(300_000));
      try (var frep = world.start(shell)) {
        frep.awaitFirstCopy();
        Files.write(disk.resolve("filler"), new byte[1_200_000]);
        replace("folder/large", "y".repeat(900_000));
        write("other/file", "small\n");
        frep.awaitLine("frep: .*(folder/large|No space).*");
        World.await(frep, "what fits", () -> there("other/file").equals("small\n"));
        assertEquals("x".repeat(300_000), there("folder/large"), "the old is kept");
        World.await(frep, "the path named", () -> frep.err().contains("folder/large"));
        Files.delete(disk.resolve("filler"));
        write("top", "sets the time of the folder that the filler was in\n");
        world.awaitInStep(frep);
        assertEquals(0, frep.stop(), frep.output());
      }
      world.assertNoStage();
    } finally {
      Commands.run("umount", disk.toString());
    }
    world.assertUntouched();
  }

  /** The folder belongs to another, so the receiver can do nothing about it. */
  @Test
  void aFolderThatMayNotBeWrittenIn() throws Exception {
    assumeRoot();
    openTheWay();
    try (var frep = world.start(NOBODY)) {
      frep.awaitFirstCopy();
      var folder = world.destination.resolve("folder");
      Commands.succeed(Map.of(), List.of("chown", "-R", "root:root", folder.toString()));
      chmod(folder, "rwxr-xr-x");
      write("folder/file", "new\n");
      write("other/file", "new\n");
      World.await(frep, "the rest", () -> there("other/file").equals("new\n"));
      World.await(frep, "the path named", () -> frep.err().contains("folder"));
      assertEquals("old\n", there("folder/file"));
      Frep.giveAway(folder);
      world.awaitInStep(frep);
      assertEquals(0, frep.stop(), frep.output());
    }
    world.assertNoStage();
    world.assertUntouched();
  }

  /**
   * With --once each is tried and named, and then it ends; what others have closed is no matter.
   */
  @Test
  void severalFoldersThatMayNotBeWrittenInWithOnce() throws Exception {
    assumeRoot();
    openTheWay();
    var words = new ArrayList<Object>(List.of("--once", world.source, world.parent));
    words.addAll(List.of((Object[]) NOBODY));
    Frep.run(words.toArray()).succeeds();
    for (int i = 0; i < 5; i++) {
      write("d" + i + "/file", "new\n");
      var theirs = Files.createDirectory(world.destination.resolve("d" + i));
      chmod(theirs, i == 4 ? "rwx------" : "rwxr-xr-x");
    }
    write("zz", "new\n");

    var result = Frep.run(words.toArray()).exits(1);

    for (int i = 0; i < 5; i++) {
      assertTrue(
          result.err().contains(": d" + i + "/file cannot be written at the target"), result.err());
    }
    assertEquals("new\n", there("zz"));
    world.assertNoStage();
  }

  /** What others have put into a folder is not deleted, so a file cannot take its place. */
  @Test
  void aFolderOfOthersThatIsInTheWayOfAFile() throws Exception {
    write("a", "first\n");
    write("kind", "a file\n");
    Files.createDirectories(world.destination.resolve("kind"));
    Files.writeString(world.destination.resolve("kind/theirs"), "theirs\n");
    try (var frep = world.start("bash")) {
      frep.awaitLine("frep: bash: kind cannot be written at the target: .*");
      write("zz", "new\n");
      World.await(
          frep,
          "the rest",
          () -> Files.exists(world.destination.resolve("zz")) && there("zz").equals("new\n"));
      assertEquals("theirs\n", there("kind/theirs"));
      Files.delete(world.destination.resolve("kind/theirs"));
      world.assertFine(frep);
    }
  }

  /** What the receiver's own user may change, it changes. */
  @Test
  void whatIsLockedAtBothEnds() throws Exception {
    assumeRoot();
    openTheWay();
    write("locked/inner/file", "old\n");
    chmod(world.source.resolve("locked/inner/file"), "r--r--r--");
    chmod(world.source.resolve("locked/inner"), "r-xr-xr-x");
    chmod(world.source.resolve("locked"), "r-xr-xr-x");
    try (var frep = world.start(NOBODY)) {
      frep.awaitFirstCopy();
      Trees.assertSame(world.source, world.destination);
      Files.writeString(world.source.resolve("locked/inner/file"), "new\n"); // Root may.
      Files.writeString(world.source.resolve("locked/inner/more"), "new\n");
      world.awaitInStep(frep);
      Files.delete(world.source.resolve("locked/inner/file"));
      world.awaitInStep(frep);
      for (var name : List.of("locked/inner/more", "locked/inner", "locked")) {
        Files.delete(world.source.resolve(name));
      }
      world.assertFine(frep);
    }
  }

  private void openTheWay() throws IOException {
    chmod(base, "rwxr-xr-x");
    Frep.giveAway(world.parent);
    Commands.succeed(
        Map.of(), List.of("chown", "-R", "root:root", world.parent.resolve("beside").toString()));
  }

  /** A parent with the set-group-ID bit gives it to every folder that is made in it. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void specialBitsOfFolders(Shell shell) throws Exception {
    Files.createDirectories(world.destination.resolve("folder"));
    Files.setAttribute(world.destination, "unix:mode", 03777);
    Files.setAttribute(world.destination.resolve("folder"), "unix:mode", 06755);
    try (var frep = world.start(shell)) {
      frep.awaitFirstCopy();
      write("folder/file", "new\n");
      write("fresh/file", "new\n");
      world.assertFine(frep);
    }
    var again = world.once(shell.complete().toArray()).succeeds();
    assertTrue(again.out().contains("nothing to copy"), again.out());
  }

  @Test
  void anExecutableThatRuns() throws Exception {
    var program = world.source.resolve("program");
    var sleep = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v sleep"));
    Files.copy(Path.of(sleep), program);
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      var running = new ProcessBuilder(world.destination.resolve("program").toString(), "600");
      var busy = running.start();
      try {
        write("program", "#!/bin/sh\n");
        world.awaitInStep(frep);
        assertTrue(busy.isAlive());
      } finally {
        busy.destroyForcibly().waitFor();
      }
      world.assertFine(frep);
    }
  }

  @Test
  void aTargetThatStandsStillForAWhile() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      var receivers = frep.descendants().stream().filter(it -> signal("STOP", it)).toList();
      assertFalse(receivers.isEmpty());
      var until = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
      for (int i = 0; System.nanoTime() < until; i++) {
        write("folder/file" + i % 10, "x".repeat(10_000) + i);
        LockSupport.parkNanos(50_000_000); // Someone works on, all the while.
      }
      receivers.forEach(receiver -> signal("CONT", receiver));
      world.awaitInStep(frep);
      assertFalse(frep.output().contains("connecting again"), frep.output());
      world.assertFine(frep);
    }
  }

  @Test
  void aTargetThatStandsStillForTooLong() throws Exception {
    var words = List.of("--timeout", "2", world.source, world.parent, "--", "bash");
    try (var frep = Frep.start(words.toArray())) {
      frep.awaitFirstCopy();
      var receivers = frep.descendants().stream().filter(it -> signal("STOP", it)).toList();
      assertFalse(receivers.isEmpty());
      write("folder/file", "while it stands still\n");
      frep.awaitLine("connecting again in .*");
      world.awaitInStep(frep);
      awaitGone(frep, receivers);
      world.assertFine(frep);
    }
  }

  /** And the source changes all the while, so that there is always something to do. */
  @Test
  void aTargetThatStandsStillWhileSomeoneWorks() throws Exception {
    var words = List.of("--timeout", "2", world.source, world.parent, "--", "bash");
    try (var frep = Frep.start(words.toArray())) {
      frep.awaitFirstCopy();
      var receivers = frep.descendants().stream().filter(it -> signal("STOP", it)).toList();
      World.await(
          frep,
          "given up",
          () -> {
            write("folder/file", "x" + System.nanoTime());
            return frep.output().contains("connecting again");
          });
      world.awaitInStep(frep);
      awaitGone(frep, receivers);
      world.assertFine(frep);
    }
  }

  @Test
  void aTargetWithNothingToDo() throws Exception {
    var words = List.of("--debugging", "--timeout", "2", world.source, world.parent, "--", "bash");
    try (var frep = Frep.start(words.toArray())) {
      frep.awaitFirstCopy();
      for (int ping = 1; ping <= 3; ping++) {
        frep.awaitLine("debug: < pong " + ping);
      }
      assertFalse(frep.output().contains("silent"), frep.output());
      world.assertFine(frep);
    }
  }

  /** Who lost its parent is there until the first of all processes has taken note of its end. */
  private static void awaitGone(Frep.Running frep, List<ProcessHandle> all) throws IOException {
    World.await(frep, all + " gone", () -> all.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** Says whether it was still there. */
  private static boolean signal(String name, ProcessHandle process) {
    return Commands.run("kill", "-" + name, "" + process.pid()).ok();
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void ofTwoSendersTheNewerWins(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    try (var older = world.start(shell)) {
      older.awaitFirstCopy();
      try (var newer = world.start(shell)) {
        newer.awaitFirstCopy();
        write("folder/file", "of the newer\n");
        assertEquals(6, older.awaitEnd().exit(), older.output());
        assertTrue(older.err().contains("another frep has taken over"), older.output());
        world.awaitInStep(newer);
        write("folder/file", "of the newer, later\n");
        world.assertFine(newer);
      }
    }
  }

  @Test
  void aRestartSendsOnlyWhatHasChanged() throws Exception {
    for (int i = 0; i < 300; i++) {
      write("many/" + i % 7 + "/" + i, "old " + i);
    }
    assertTrue(world.once("bash").succeeds().out().contains("copied 302 files"));
    var result = world.once("bash").succeeds();
    assertTrue(result.out().contains("nothing to copy"), result.out());
    for (int i = 0; i < 300; i += 100) {
      write("many/" + i % 7 + "/" + i, "newer " + i);
    }
    result = world.once("bash").succeeds();
    assertTrue(result.out().contains("copied 3 files"), result.out());
    Trees.assertSame(world.source, world.destination);
    world.assertNoStage();
    world.assertUntouched();
  }
}
