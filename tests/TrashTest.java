package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** frep --trash and --undo: what was replaced or deleted by a slip comes back. */
class TrashTest {

  private Path base;
  private Path source;
  private Path copy;
  private Path trash;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    copy = base.resolve("there/proj");
    trash = base.resolve("there/.frep-trash-proj");
    Files.writeString(source.resolve("file"), "first\n");
  }

  private void sh(String script) {
    var line = "set -e; shopt -s dotglob; cd \"$IN\"; " + script;
    Commands.succeed(Map.of("IN", source.toString()), List.of("bash", "-c", line));
  }

  private Object[] words(Shell shell, String... options) {
    var words = new ArrayList<Object>(Arrays.asList(options));
    words.addAll(List.of(source, copy.getParent(), "--"));
    words.addAll(shell.complete());
    return words.toArray();
  }

  private void once(Shell shell) {
    Frep.run(words(shell, "--once", "--trash")).succeeds();
  }

  private Frep.Result undo(Shell shell) {
    return Frep.run(words(shell, "--undo"));
  }

  /** What is in the copy, but for times of folders, which follow what happens in them. */
  private SortedMap<String, String> tree() {
    var tree = Trees.of(copy);
    tree.replaceAll((name, what) -> what.startsWith("d") ? what.replaceFirst(" \\d+$", "") : what);
    return tree;
  }

  @ParameterizedTest
  @EnumSource
  void putsBackWhatTheLastSetReplacedOrDeleted(Shell shell) throws IOException {
    sh("mkdir -p $'gone/with space/new\\nline' gone/empty ./-f many; echo 1 >gone/.hidden");
    sh("echo 1 >$'gone/with space/new\\nline/\\\\n'; echo 1 >./-f/-rf; ln -s nowhere dangling");
    sh("ln -s file link; ln -s .. up; chmod 600 -- -f/-rf; chmod 2750 gone/empty");
    sh("for i in 1 2 3 4 5 6; do mkdir many/$i; echo $i >many/$i/a; echo $i >many/$i/'*'; done");
    once(shell);
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(trash)));
    assertEquals(0, trash.toFile().list().length, "a first copy replaces nothing");
    var before = tree();
    sh(
        "rm -r gone; echo second >file; ln -sfn other dangling; ln -sfn other link; echo 2"
            + " >./-f/-rf");
    sh("rm up; echo 2 >up; for i in 1 2 3 4 5 6; do echo 22 >many/$i/a; rm many/$i/'*'; done");
    once(shell);
    Trees.assertSame(source, copy, Trees.LINK_TIMES);

    var said = undo(shell).succeeds().out();

    assertEquals(before, tree(), said);
    var lines = said.lines().toList();
    assertTrue(lines.containsAll(List.of("back file", "back gone/", "back gone/empty/")), said);
    var last = lines.get(lines.size() - 1);
    assertTrue(last.matches("\\d+ paths as before the change of \\d{4}-[-0-9]+ [:0-9]+"), last);
    assertEquals(0, trash.toFile().list().length, "it is back, and not kept any more");
  }

  @Test
  void keepsEachSetWhileItWatchesAndUndoesOneAfterTheOther() throws IOException {
    try (var frep = Frep.start(words(Shell.DASH, "--trash", "--json"))) {
      frep.awaitLine(".*\"in-step\".*");
      for (var content :
          List.of("second\n", "the third\n")) { // What follows at once is one change.
        var file = Files.writeString(base.resolve("new"), content);
        Files.move(file, source.resolve("file"), StandardCopyOption.ATOMIC_MOVE);
        frep.awaitLine(".*\"in-step\".*");
      }
      assertEquals(0, frep.stop());
    }
    for (var content : List.of("second\n", "first\n")) {
      undo(Shell.DASH).succeeds();
      assertEquals(content, Files.readString(copy.resolve("file")));
    }
    var none = undo(Shell.DASH).exits(1);
    assertTrue(none.err().contains(": nothing to put back\nhint: "), none.err());
    once(Shell.DASH);
    assertEquals("the third\n", Files.readString(copy.resolve("file")), "the source counts");
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void leavesNoMomentWithoutAFile(Shell shell) throws Exception {
    var names = List.of("file", "1/file", "2/file", "3/file", "4/file", "5/file");
    sh("for i in 1 2 3 4 5; do mkdir $i; cp file $i/file; done");
    try (var frep = Frep.start(words(shell, "--trash")).awaitFirstCopy()) {
      var seen = new TreeSet<String>();
      var wrong = new AtomicReference<Throwable>();
      var done = new AtomicBoolean();
      var poller =
          Commands.daemon(
              () -> {
                try {
                  while (!done.get()) {
                    for (var name : names) {
                      seen.add(Files.readString(copy.resolve(name)));
                    }
                  }
                } catch (Throwable missing) {
                  wrong.set(missing);
                }
              });
      for (int i = 0; i < 5 * World.TIMES; i++) {
        sh("for f in file ?/file; do echo save " + i + " >next; mv next $f; done");
        Trees.awaitSame(source, copy);
      }
      done.set(true);
      poller.join();
      assertEquals(null, wrong.get());
      seen.forEach(text -> assertTrue(text.matches("first\n|save \\d+\n"), text));
      assertTrue(seen.size() > 2, seen.toString());
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void losesNothingWhenItIsKilledInTheMiddle() throws IOException {
    var shell = Shell.BUSYBOX;
    once(shell);
    sh("echo second >file");
    var tools = Files.createDirectory(base.resolve("tools"));
    Files.writeString(tools.resolve("mv"), "#!/bin/sh\nkill -KILL $PPID\n");
    sh("chmod +x ../../tools/mv");
    var path = "PATH=" + tools + ":" + shell.environment().get("PATH");
    var dash = Shell.DASH.complete().get(1); // BusyBox sh would not look for a mv.

    Frep.run("--once", "--trash", source, copy.getParent(), "--", "env", path, dash).exits(4);

    assertEquals("first\n", Files.readString(copy.resolve("file")));
    undo(shell).exits(1); // It passes over what did not happen.
    assertEquals("first\n", Files.readString(copy.resolve("file")));
  }

  @Test
  void keepsTheModesOfFoldersThatMayNotBeWritten() throws IOException {
    sh("mkdir -p gone/in stays; echo 1 >gone/in/f; echo 1 >stays/f; chmod 555 gone gone/in stays");
    Files.createDirectories(copy.getParent());
    Commands.succeed(Map.of(), List.of("chmod", "755", base.toString()));
    Frep.giveAway(copy.getParent());
    var words = words(Shell.DASH, "--once", "--trash");
    Frep.with().unprivileged().runs(words).succeeds();
    var before = tree();
    sh("chmod u+w gone gone/in stays; rm -r gone; echo 22 >stays/f; chmod u-w stays");
    Frep.with().unprivileged().runs(words).succeeds();
    Trees.assertSame(source, copy);

    Frep.with().unprivileged().runs(words(Shell.DASH, "--undo")).succeeds();

    assertEquals(before, tree());
    assertEquals(0, trash.toFile().list().length);
  }

  @Test
  void keepsWhatIsOnAnotherFileSystem() throws IOException {
    assumeTrue(Commands.run("id", "-u").out().strip().equals("0"), "only root can mount");
    var disk = Files.createDirectories(copy.resolve("disk"));
    Commands.succeed(Map.of(), List.of("mount", "-t", "tmpfs", "none", disk.toString()));
    try {
      sh("mkdir -p disk/in; echo 1 >disk/in/replaced; echo 1 >disk/deleted; ln -s to disk/link");
      once(Shell.BASH);
      var before = tree();
      sh("echo 22 >disk/in/replaced; rm disk/deleted; ln -sfn other disk/link");
      once(Shell.BASH);
      Trees.assertSame(source, copy);
      undo(Shell.BASH).succeeds();
      assertEquals(before, tree());
    } finally {
      Commands.run("umount", disk.toString());
    }
  }

  @Test
  void putsBackWhereItCanAndTellsOfTheOthers() throws IOException {
    sh("for i in 1 2 3; do head -c 3000000 /dev/zero >big$i; done"); // More than go in one set.
    once(Shell.BASH);
    var before = tree();
    Files.writeString(source.resolve("file"), "second\n");
    sh("for i in 1 2 3; do echo 1 >>big$i; done");
    once(Shell.BASH);
    var look = Frep.run("--undo", "--dry-run", source, copy.getParent(), "--local").exits(2);
    assertTrue(look.err().startsWith("frep: --dry-run and --undo cannot be combined"), look.err());
    assertEquals("second\n", Files.readString(copy.resolve("file")));
    var tools = Files.createDirectory(base.resolve("tools"));
    Files.writeString(tools.resolve("ssh"), "#!/bin/sh\nexit 255\n");
    sh("chmod +x ../../tools/ssh");

    var result =
        Frep.with()
            .environment("PATH", tools + ":" + System.getenv("PATH"))
            .runs("--undo", "--quiet", source, copy.getParent(), "--ssh", "gone", "--local");

    result.exits(4);
    assertTrue(result.err().startsWith("frep: ssh:gone: "), result.err());
    var lines = result.out().lines().toList();
    assertTrue(
        lines.containsAll(List.of("local: back file", "local: back big1")), lines.toString());
    assertEquals(before, tree());
  }

  @Test
  void leavesWhatIsBehindASymlinkAndWhatHasTakenThePlace() throws IOException {
    var shell = Shell.MKSH;
    sh("mkdir folder other; echo 1 >folder/inner; echo 1 >other/inner");
    var outside = Files.createDirectories(base.resolve("outside"));
    Files.writeString(outside.resolve("inner"), "canary\n");
    once(shell);
    sh("rm -r folder; echo a file >folder; echo 22 >other/inner; echo second >file");
    once(shell);
    sh("rm -r ../../there/proj/other");
    Files.createSymbolicLink(copy.resolve("other"), outside);

    var result = undo(shell);

    result.exits(1);
    assertEquals("first\n", Files.readString(copy.resolve("file")));
    assertEquals("canary\n", Files.readString(outside.resolve("inner")));
    assertEquals("a file\n", Files.readString(copy.resolve("folder")));
    for (var path : List.of("other/", "folder/")) {
      assertTrue(
          result.err().contains(path + " cannot be put back: something else is in its place"));
    }
    assertTrue(result.err().contains("the old one is kept in " + trash), result.err());
    Files.delete(copy.resolve("other"));
    Files.delete(copy.resolve("folder"));
    undo(shell).succeeds();
    assertEquals("1\n", Files.readString(copy.resolve("other/inner")));
    assertEquals("1\n", Files.readString(copy.resolve("folder/inner")));
    assertEquals(0, trash.toFile().list().length);
  }

  @Test
  void refusesATrashThatLeadsElsewhere() throws IOException {
    Files.createDirectories(copy.getParent());
    Files.createSymbolicLink(trash, Files.createDirectory(base.resolve("elsewhere")));
    var result = Frep.run(words(Shell.DASH, "--once", "--trash"));
    result.exits(5);
    var expected =
        "frep: "
            + Shell.DASH.complete().get(0)
            + ": no place for the trash: "
            + trash
            + " is not a folder\nhint: ";
    assertTrue(result.err().contains(expected), result.err());
    undo(Shell.DASH).exits(5);
    assertEquals(0, base.resolve("elsewhere").toFile().list().length);
  }
}
