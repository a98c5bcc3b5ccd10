package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Where nothing may be deleted, and what --clean-out-first removes, and when. */
class GuardTest {

  /** A system to be copied for each case. */
  @TempDir static Path system;

  @TempDir Path base;

  private Path root;

  @BeforeEach
  void whereItReallyIs() throws IOException {
    base = base.toRealPath();
    root = base.resolve("root");
  }

  private static boolean isRoot() {
    return Commands.run("id", "-u").out().strip().equals("0");
  }

  private void sh(String script) {
    Commands.succeed(
        Map.of("IN", base.toString()), List.of("bash", "-c", "set -eu; cd -- \"$IN\"; " + script));
  }

  /** A source of that name, with two files. */
  private Path source(String name) throws IOException {
    var source = Files.createDirectories(base.resolve("source").resolve(name));
    Files.writeString(source.resolve("one"), "1\n");
    Files.writeString(source.resolve("two"), "2\n");
    return source;
  }

  private static Frep.Result run(Path source, String parent, List<String> command, String... more) {
    var words = new ArrayList<Object>(List.of("--once", source, parent));
    words.addAll(0, List.of(more));
    words.add("--");
    words.addAll(command);
    return Frep.run(words.toArray());
  }

  /** Refused with one error and a hint, and nothing at the target is another than before. */
  private static void assertRefused(Frep.Result result, String why) {
    result.exits(5);
    var lines = result.err().lines().toList();
    assertEquals(2, lines.size(), result.err());
    assertTrue(
        lines.get(0).matches("frep: .* " + why + ": --clean-out-first is refused"), result.err());
    assertTrue(lines.get(1).startsWith("hint: "), result.err());
    assertFalse(result.out().contains("copied"), result.out());
  }

  /** Copies, and then what is gone here is not deleted there, nor what never was here. */
  private void assertDeletesNothing(
      Path source, String parent, List<String> command, Path copy, String why) throws IOException {
    Files.writeString(copy.resolve("theirs"), "theirs\n");
    run(source, parent, command).succeeds();
    assertTrue(Files.exists(copy.resolve("two")), "it was copied");
    Files.delete(source.resolve("two"));
    var result = run(source, parent, command).exits(1);
    assertTrue(
        result.err().matches("(?s)frep: .* " + why + ": nothing is deleted in it\nhint: .*"),
        result.err());
    assertEquals("2\n", Files.readString(copy.resolve("two")));
    assertEquals("theirs\n", Files.readString(copy.resolve("theirs")));
  }

  // ---- the system's folders, in a system of their own ----

  private List<String> chroot(String home) {
    return List.of("chroot", root.toString(), "/usr/bin/env", "-i", "HOME=" + home, "/bin/bash");
  }

  /** What is in the folders of the system; their times change with a staging folder in them. */
  private Map<String, String> state() {
    var state = Trees.of(root, "bin", "lib", "lib64", "usr", "new");
    state.replaceAll((path, what) -> what.replaceFirst("^(d \\d+) .*", "$1"));
    return state;
  }

  private void makeSystem() throws IOException {
    assumeTrue(isRoot(), "only root may change its root");
    if (system.toFile().list().length == 0) {
      Rootfs.GNU.make(system);
      Commands.succeed(Map.of(), List.of("mknod", system + "/dev/null", "c", "1", "3"));
    }
    Commands.succeed(Map.of(), List.of("cp", "-al", system.toString(), root.toString()));
    sh("cd root; mkdir -p home/code/deep/er root; ln -s home way; echo theirs >home/code/theirs");
  }

  @ParameterizedTest
  @CsvSource({
    // parent, name, the home there, why
    "/,          etc,  /home/code,          is a folder right below /",
    "/,          home, /root,               is a folder right below /",
    "/,          new,  /root,               is a folder right below /",
    "//./,       etc,  /root,               is a folder right below /",
    "/,          etc,  '',                  is a folder right below /",
    "/home,      code, /home/code,          'is or contains the home folder'",
    "/home,      code, /home/code/,         'is or contains the home folder'",
    "/home,      code, /way/code,           'is or contains the home folder'",
    "/home/code, deep, /home/code/deep/er,  'is or contains the home folder'",
    "/,          home, /home/code,          'is or contains the home folder'",
    "/way,       code, /root,               is behind a symlink",
    "/home/../home, code, /root,            is behind a symlink",
  })
  void noFolderOfASystemIsCleanedOut(String parent, String name, String home, String why)
      throws IOException {
    makeSystem();
    var before = state();

    assertRefused(run(source(name), parent, chroot(home), "--clean-out-first"), why);

    assertEquals(before, state());
  }

  @ParameterizedTest
  @CsvSource({
    "/,     etc,  /root,      etc,       is a folder right below /",
    "/home, code, /home/code, home/code, 'is or contains the home folder'",
    "/way,  code, /root,      home/code, is behind a symlink",
  })
  void nothingIsDeletedInTheFoldersOfASystem(
      String parent, String name, String home, String copy, String why) throws IOException {
    makeSystem();
    assertDeletesNothing(source(name), parent, chroot(home), root.resolve(copy), why);
  }

  // ---- symlinks on the way, for root and for a user ----

  @Test
  void nothingIsDeletedBehindASymlink() throws IOException {
    sh("mkdir -p real/project; ln -s real way; echo theirs >real/project/theirs");
    var source = source("project");
    var copy = base.resolve("real/project");
    var parent = base.resolve("way").toString();
    var before = Trees.of(copy);

    assertRefused(run(source, parent, List.of("bash"), "--clean-out-first"), "is behind a symlink");
    assertEquals(before, Trees.of(copy));
    assertDeletesNothing(source, parent, List.of("bash"), copy, "is behind a symlink");
  }

  @Test
  void aUserIsToldTheSame() throws IOException {
    assumeTrue(isRoot(), "only root can be another user");
    sh("mkdir -p real/project home; ln -s real way; echo theirs >real/project/theirs");
    var source = source("project");
    sh("chmod 755 . source source/project");
    Frep.giveAway(base.resolve("real"));
    var before = Trees.of(base.resolve("real/project"));

    var behind =
        Frep.with()
            .unprivileged()
            .runs("--once", "--clean-out-first", source, base + "/way", "--", "bash");
    assertRefused(behind, "is behind a symlink");
    var home = "HOME=" + base + "/real/project";
    var inHome =
        Frep.with()
            .unprivileged()
            .runs("--once", "--clean-out-first", source, base + "/real", "--", "env", home, "bash");
    assertRefused(inHome, "is or contains the home folder");
    assertEquals(before, Trees.of(base.resolve("real/project")));
    Trees.assertNoStage(base);
  }

  @Test
  void anEmptyDestinationIsNone() throws IOException {
    var result = Frep.run("--once", "--clean-out-first", source("project"), "", "--", "bash");
    assertTrue(result.exits(2).err().contains("DEST_PARENT_DIR: empty"), result.err());
  }

  // ---- what --clean-out-first removes, and when ----

  @Test
  void itRemovesWhatTheCopyWillNotHaveOnceTheCopyIsThere() throws IOException {
    var source = source("project");
    sh("cd source/project; mkdir in; seq 300 | split -l 1 -a 3 - in/f; echo ignored >.gitignore");
    sh("mkdir -p there/project/old/er; cd there/project; echo old >one; echo x >old/er/file");
    sh("cd there/project; echo x >extra; ln -s /etc extra-link; echo x >ignored");
    // Its rm, which all deletes go through, notes what is there when it is called.
    var rm = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v rm"));
    var tools = Files.createDirectory(base.resolve("tools"));
    var spy = "#!/bin/sh\nfind %s/there/project | sort >%s/seen.$$\nexec %s \"$@\"\n";
    Files.writeString(tools.resolve("rm"), String.format(spy, base, base, rm));
    sh("chmod +x tools/rm");
    var path = "PATH=" + tools + ":" + System.getenv("PATH");

    var result =
        run(source, base + "/there", List.of("env", path, "bash"), "--clean-out-first").succeeds();

    assertTrue(result.out().contains("deleted"), result.out());
    Trees.assertSame(source, base.resolve("there/project"), "ignored");
    assertEquals("x\n", Files.readString(base.resolve("there/project/ignored")), "is none of ours");
    assertEquals("1\n", Files.readString(base.resolve("there/project/one")));
    var whole = count(source) - 2; // The destination itself and what is in the source already.
    var seen = base.toFile().listFiles((folder, name) -> name.startsWith("seen."));
    assertTrue(seen.length > 0, "rm was called");
    for (var call : seen) {
      var there = Files.readAllLines(call.toPath());
      if (there.stream().noneMatch(line -> line.endsWith("/extra"))) {
        assertTrue(there.size() >= whole, "deleted before the copy was there: " + there.size());
      } else if (there.stream().noneMatch(line -> line.endsWith("/in/faaa"))) {
        assertTrue(there.stream().anyMatch(line -> line.endsWith("/old/er/file")), "too early");
      }
    }
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.count();
    }
  }

  @Test
  void itRemovesNothingIfTheCopyDoesNotArrive() throws IOException {
    var source = source("project");
    sh("head -c 3000000 /dev/urandom >source/project/large; mkdir -p there/project/old");
    sh("cd there/project; echo x >extra; echo x >old/file; echo old >one");
    SortedMap<String, String> before = Trees.of(base.resolve("there"));

    var cut = List.of("sh", "-c", "head -c 1000000 | bash");
    run(source, base + "/there", cut, "--clean-out-first", "--timeout", "2").exits(4);

    assertEquals(before, Trees.of(base.resolve("there")));
  }

  // ---- ways out of the destination that are no symlinks ----

  @ParameterizedTest
  @EnumSource
  void whatHasAnotherNameOutsideIsReplacedAndNotWritten(Session.Shell shell) throws Exception {
    assumeTrue(shell.isHere(), shell + " is not here");
    var world = new World(Files.createDirectory(base.resolve("world"))).of(shell).furnished();
    var target = world.outside.resolve("file");
    for (var name : List.of("small", "gone", "mode", "large")) {
      Files.createLink(world.destination.resolve(name), target);
    }
    var before = Trees.of(world.outside);
    Files.writeString(world.source.resolve("small"), "new\n");
    Files.write(world.source.resolve("large"), new byte[3_000_000]);
    Files.copy(target, world.source.resolve("mode"));
    sh("touch -r world/outside/file world/source/copy/mode; chmod 777 world/source/copy/mode");
    for (int i = 0; i < 10; i++) { // Enough folders for the other way to put them in place.
      Files.createDirectories(world.destination.resolve("d" + i));
      Files.createLink(world.destination.resolve("d" + i + "/link"), target);
      Files.createDirectories(world.source.resolve("d" + i));
      Files.writeString(world.source.resolve("d" + i + "/link"), "new\n");
    }
    var words = Stream.concat(Stream.of("--clean-out-first"), shell.complete().stream()).toArray();

    world.once(words).succeeds();

    assertEquals(before, Trees.of(world.outside));
    assertEquals("", Trees.difference(world.source, world.destination));
    world.assertUntouched();
  }

  @Test
  void aFileSystemMountedInsideIsWrittenToAndNothingElse() throws Exception {
    assumeTrue(isRoot(), "only root can mount");
    var world = new World(Files.createDirectory(base.resolve("world"))).furnished();
    var disk = Files.createDirectories(world.destination.resolve("disk"));
    Files.createDirectories(world.source.resolve("disk/deep"));
    Files.writeString(world.source.resolve("disk/one"), "1\n");
    Files.writeString(world.source.resolve("disk/deep/two"), "2\n");
    Commands.succeed(Map.of(), List.of("mount", "-t", "tmpfs", "-o", "size=2m", "none", "" + disk));
    try {
      Files.writeString(disk.resolve("theirs"), "theirs\n");
      world.once("bash").succeeds();
      assertEquals("2\n", Files.readString(disk.resolve("deep/two")));
      Files.delete(world.source.resolve("disk/deep/two"));
      Files.writeString(world.source.resolve("disk/one"), "one\n");
      world.once("bash").succeeds();
      assertFalse(Files.exists(disk.resolve("deep/two")));
      assertEquals("one\n", Files.readString(disk.resolve("one")));
      assertEquals("theirs\n", Files.readString(disk.resolve("theirs")));
      Trees.assertNoStage(world.parent);
    } finally {
      Commands.run("umount", disk.toString());
    }
    assertEquals(0, disk.toFile().list().length, "written below the mount");
    world.assertUntouched();
  }
}
