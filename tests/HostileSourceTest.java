package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sources that hold what no one expects: nothing hangs, nothing is run, nothing is left unsaid. */
class HostileSourceTest {

  @TempDir Path base;

  private Path source;
  private Path parent;
  private Path copy;

  @BeforeEach
  void makeWorld() throws IOException {
    base = base.toRealPath();
    source = Files.createDirectories(base.resolve("here/project"));
    Files.writeString(source.resolve("file"), "content\n");
    parent = Files.createDirectories(base.resolve("there"));
    copy = parent.resolve("project");
  }

  private static boolean isRoot() {
    return Commands.run("id", "-u").out().strip().equals("0");
  }

  /** Runs a script in the source. */
  private void sh(String script) {
    var start = "set -eu; cd -- \"$IN\"; ";
    var set = Map.of("IN", source.toString(), "BASE", base.toString());
    Commands.succeed(set, List.of("bash", "-c", start + script));
  }

  /** A hang is found long before a target would count as silent. */
  private Frep.Result once(Object... options) {
    var words = new java.util.ArrayList<Object>(List.of("--once"));
    words.addAll(List.of(options));
    words.addAll(List.of(source, parent, "--", "bash"));
    return Frep.with().within(Duration.ofSeconds(25)).runs(words.toArray());
  }

  /** There is one complaint, about that. */
  private static void assertTold(Frep.Result result, String what) {
    var lines = result.err().lines().filter(line -> line.contains(what)).toList();
    assertEquals(1, lines.size(), what + " in: " + result.err());
    assertTrue(lines.get(0).startsWith("frep: "), lines.get(0));
  }

  // ---- what is no file ----

  @Test
  void whatIsNeitherFileNorFolderIsNamedAndLeftOut() throws IOException {
    sh("mkfifo fifo; mkdir in; mkfifo in/deep-fifo");
    sh("perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un(\"socket\"))'");
    var named = new java.util.ArrayList<>(List.of("in/deep-fifo", " fifo", "socket"));
    if (isRoot()) {
      sh("mknod char c 1 5; mknod block b 7 99");
      named.addAll(List.of("char", "block"));
    }
    sh("echo after >zz");

    var result = once().exits(1);

    for (var name : named) {
      assertTold(result, name);
    }
    assertEquals(2 * named.size(), result.err().lines().count(), result.err());
    assertEquals(
        List.of("", "file", "in", "zz"), List.copyOf(Trees.of(copy).keySet()), "all the rest");
  }

  @Test
  void whatBecomesAFifoWhileItIsWatchedHoldsUpNothing() throws Exception {
    try (var frep = Frep.start(source, parent, "--", "bash")) {
      frep.awaitFirstCopy();
      for (int i = 0; i < 20; i++) {
        sh("echo " + i + " >young; rm young; mkfifo young; echo " + i + " >file; rm young");
      }
      sh("mkfifo young; echo last >file");
      World.await(frep, "last", () -> Files.readString(copy.resolve("file")).equals("last\n"));
      frep.awaitLine("frep: young is neither a file nor a folder nor a symlink: left out");
      frep.stop();
    }
    assertFalse(Files.exists(copy.resolve("young")));
  }

  @Test
  void symlinksThatLeadInCirclesAreCopiedAsTheyAre() throws IOException {
    sh("ln -s . here; ln -s .. up; ln -s loop loop; ln -s a b; ln -s b a; mkdir in");
    sh("ln -s ../../project in/round; ln -s /dev/zero zero; ln -s /proc/self/fd/0 stdin");

    once().succeeds();

    Trees.assertSame(source, copy);
  }

  // ---- what may not be read ----

  @Test
  void aFolderThatMayBeListedAndNotEnteredStaysAsItIsThere() throws IOException {
    assumeTrue(isRoot(), "nothing is closed to root, and so to another user of root's making");
    sh("mkdir dir; echo 1 >dir/inside; ln -s x dir/link; chmod 755 ../.. ..; ");
    Frep.giveAway(source);
    Frep.giveAway(parent);
    var frep = Frep.with().unprivileged();
    frep.runs("--once", source, parent, "--", "bash").succeeds();
    sh("chmod 644 dir");

    var result = frep.runs("--once", source, parent, "--", "bash").exits(1);

    assertTold(result, "dir/inside cannot be seen (permission denied): left unchanged in the copy");
    assertTold(result, "dir/link");
    assertEquals("1\n", Files.readString(copy.resolve("dir/inside")), "it was not deleted");
    Frep.with().runs("--once", source, parent, "--", "bash").succeeds();
    Trees.assertSame(source, copy);
  }

  @Test
  void aFolderThatIsClosedWhileItIsWatchedStaysAsItIsThere() throws Exception {
    assumeTrue(isRoot(), "nothing is closed to root, and so to another user of root's making");
    sh("mkdir dir; echo 1 >dir/inside; chmod 755 ../.. ..; ");
    Frep.giveAway(source);
    Frep.giveAway(parent);
    try (var frep = Frep.with().unprivileged().starts(source, parent, "--", "bash")) {
      frep.awaitFirstCopy();
      sh("chmod 0 dir; echo after >file");
      World.await(frep, "sent", () -> Files.readString(copy.resolve("file")).equals("after\n"));
      frep.awaitLine(
          "frep: dir cannot be read \\(permission denied\\): left unchanged in the copy");
      assertEquals("1\n", Files.readString(copy.resolve("dir/inside")));
      // Within the same second: what was known of it before has to be known still.
      sh(
          "chmod 755 dir; s=$(stat -c %Y dir/inside); echo 2 >dir/inside; touch -d @$s.5"
              + " dir/inside");
      Trees.awaitSame(source, copy);
      frep.stop();
    }
  }

  // ---- bits and sizes ----

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void setIdBitsOfFilesStayHere(boolean asRoot) throws IOException {
    assumeTrue(isRoot(), "to be root and a user");
    var before = Trees.of(base, "here", "there");
    sh("chmod 755 ../.. ..; cp file suid; cp file sgid; mkdir sticky shared");
    Frep.giveAway(base);
    sh("chmod 4755 suid; chmod 2755 sgid; chmod 1777 sticky; chmod 2775 shared");
    var frep = asRoot ? Frep.with() : Frep.with().unprivileged();
    frep.runs("--once", source, parent, "--", "bash").succeeds();
    var again = frep.runs("--once", source, parent, "--", "bash").succeeds();
    assertTrue(again.out().contains("nothing to copy"), again.out());
    sh("chmod 755 suid sgid");
    Trees.assertSame(source, copy); // Bits of folders are sent: there they mean something else.
    sh("chmod 755 sticky shared");
    frep.runs("--once", source, parent, "--", "bash").succeeds();
    Trees.assertSame(source, copy);
    assertEquals(before.keySet(), Trees.of(base, "here", "there").keySet());
  }

  @ParameterizedTest
  @ValueSource(strings = {"tar", "busybox tar", "bsdtar"})
  void everyTarReadsTheHeaderOfAFileOfNineGibibytes(String tar) throws IOException {
    assumeTrue(Commands.missing(tar.split(" ")[0]).isEmpty(), tar + " is not here");
    var size = 9L << 30;
    var bytes = new ByteArrayOutputStream();
    new Tar(bytes, false).file("./n/0/large", 0644, size, 1_700_000_000_000_000_000L);
    var file = base.resolve("header.tar");
    Files.write(file, bytes.toByteArray());

    var listed = Commands.run("sh", "-c", tar + " -tvf " + file).out();

    assertTrue(listed.contains(" " + size + " "), listed);
  }

  @Test
  void aSparseFileOfNineGibibytesArrives() throws IOException {
    assumeTrue(World.TIMES > 1, "takes a minute and the room: -Dfrep.times=2");
    sh("truncate -s 9G large; printf end | dd of=large bs=1 seek=9663676413 conv=notrunc");
    var hour = Frep.with().within(Duration.ofMinutes(30));

    hour.runs("--once", "--timeout", "300", source, parent, "--", "bash").succeeds();

    assertEquals(9L << 30, Files.size(copy.resolve("large")));
    Trees.assertSame(source, copy);
  }

  @Test
  void pathsAreCopiedUpToTheLongestThereCanBeAndThenNamed() throws IOException {
    // Deeper than a path can say; a chain of folders, and names as long as they can be.
    sh(
        "perl -e 'for (1..1200) { mkdir \"d\"; chdir \"d\" }'; "
            + "perl -e 'for my $long (20, 250) { $n = $long x $long; $n = substr $n, 0, $long;"
            + " chdir $ENV{IN}; for (1..(5000 / $long)) { mkdir $n; chdir $n;"
            + " open F, \">f\"; print F $_ } }'");

    var result = Frep.run("--once", source, parent, "--", "bash").exits(1);

    var told = result.err().lines().filter(line -> !line.startsWith("hint: ")).toList();
    assertTrue(told.size() >= 2 && told.size() <= 4, told.size() + " complaints");
    for (var line : told) {
      assertTrue(
          line.matches(
              "frep: \\S+ cannot be (seen|read) \\(File name too long\\): left unchanged .*"),
          line.substring(Math.max(0, line.length() - 200)));
    }
    for (var name : List.of("2020", "250250")) {
      assertTrue(told.stream().anyMatch(line -> line.startsWith("frep: " + name)), name);
    }
    var longest = 4095 - source.toString().length() - 1;
    assertTrue(length(source) > longest, "the source is deeper");
    assertTrue(length(copy) > longest - 260 && length(copy) <= longest, "" + length(copy));
    Commands.succeed(Map.of(), List.of("rm", "-rf", source.toString(), copy.toString()));
  }

  /** The length of the longest path below a folder. */
  private static int length(Path folder) {
    var find = "cd \"$1\" && find . -printf '%P\\n' | awk '{ print length }' | sort -n | tail -n 1";
    var out = Commands.succeed(Map.of(), List.of("sh", "-c", find, "sh", folder.toString()));
    return Integer.parseInt(out);
  }

  @Test
  void manyEntriesInOneFolderArrive() throws Exception {
    var count = World.TIMES > 1 ? 1_000_000 : 30_000;
    sh(
        "mkdir many; cd many; seq -f 'a name of some length %.0f' "
            + count
            + " | xargs -d'\\n' touch");

    var patient = Frep.with().within(Duration.ofMinutes(30));
    Object[] words = {"--once", "--timeout", "600", source, parent, "--", "bash"};
    var result = patient.runs(words).succeeds();

    assertTrue(result.out().contains("copied " + (count + 1) + " files"), result.out());
    assertEquals(count, copy.resolve("many").toFile().list().length);
    patient.runs(words).succeeds();
  }

  // ---- Git's data ----

  /** What Git would run: the file that it leaves. */
  private Path trap() throws IOException {
    var trap = base.resolve("trap");
    Files.writeString(trap, "#!/bin/sh\ntouch " + base + "/executed\n");
    assertTrue(trap.toFile().setExecutable(true));
    return trap;
  }

  @Test
  void nothingIsRunThatARepositoryNames() throws IOException {
    var trap = trap();
    sh(
        "export GIT_CONFIG_GLOBAL=/dev/null; git init -q; mkdir x y; touch x/f y/g; git add .; git"
            + " -c user.name=n -c user.email=e commit -qm first; git config core.fsmonitor true;"
            + " git update-index --fsmonitor 2>&1; git config core.fsmonitor "
            + trap
            + "; git update-index --split-index 2>&1; rm -f \"$BASE/executed\"");

    once().succeeds();

    assertFalse(Files.exists(base.resolve("executed")), "core.fsmonitor was run");
    // What is missing would be fetched, by a program that the repository names.
    sh(
        "export GIT_CONFIG_GLOBAL=/dev/null; git config --unset core.fsmonitor;"
            + " git update-index --no-split-index --no-fsmonitor; rm -rf \"$BASE/executed\";"
            + " git sparse-checkout set --cone --sparse-index y; t=$(git rev-parse HEAD:x);"
            + " rm -f .git/objects/${t%${t#??}}/${t#??}; git config core.repositoryformatversion 1;"
            + " git config extensions.partialClone origin; git config remote.origin.promisor true;"
            + " git config remote.origin.url \"ext::"
            + trap
            + "\"; git config protocol.ext.allow always");

    once();

    assertFalse(Files.exists(base.resolve("executed")), "it was fetched");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mkfifo .git/index | 3 | .*/.git/index: is not a file",
        "mkfifo .git/config | 3 | .*/.git/config: is not a file",
        "ln -s /dev/zero .git/index | 3 | .*/.git/index: is not a file",
        "printf 'DIRC\\0\\0\\0\\2\\177\\377\\377\\377' >.git/index | 3 | .*/.git/index: .*",
        "printf 'DIRC\\0\\0\\0\\2\\0\\0\\0\\0abcd\\377\\377\\377\\370%080d' 0 >.git/index"
            + " | 3 | .*/.git/index: .*",
        "truncate -s 9G .gitignore | 3 | .*/.gitignore: is larger than .*",
        "truncate -s 9G .frepignore | 3 | .*/.frepignore: is larger than .*",
        "rm -r .git; truncate -s 9G .git | 3 | .*/.git: is larger than .*",
        "rm -r .git; printf 'gitdir: a\\0b' >.git | 3 | .*/.git: .*",
        "mkdir in; cp -r .git in/.git; mkfifo in/.git/index | 1 | in has Git data that cannot be"
            + " read .is not a file.: left unchanged in the copy",
        "mkdir in; truncate -s 9G in/.gitignore"
            + " | 1 | in has Git data that cannot be read .is larger than .*",
        "mkfifo .git/commondir | 0 |",
        "ln -s /dev/zero .git/commondir | 0 |",
        "mkfifo .git/info | 0 |",
        "printf '[core]\\nexcludesFile=/dev/zero' >.git/config | 0 |",
        "printf '[core]\\nexcludesFile=.git/f' >.git/config; mkfifo .git/f | 0 |",
        "rm -r .git; mkfifo .git | 0 |",
        "rm -r .git; ln -s .git .git | 0 |",
      })
  void gitDataThatIsNoneEndsInOneClearErrorOrIsNone(String script, int exit, String error) {
    sh("mkdir -p .git/objects .git/refs; echo 'ref: refs/heads/x' >.git/HEAD; " + script);

    var result = once().exits(exit);

    if (error == null) {
      assertEquals("", result.err());
    } else {
      var first = result.err().lines().findFirst().orElse("");
      var prefix = "frep: ";
      assertTrue(first.matches("(?s)" + prefix + error), result.err());
      assertFalse(result.err().contains("defect"), result.err());
    }
    if (exit != 3) {
      assertEquals(List.of("", "file"), List.copyOf(Trees.of(copy, "in").keySet()));
    }
  }

  @Test
  void gitDataThatBreaksWhileItIsWatchedIsWaitedFor() throws Exception {
    sh("git init -q; git add .");
    try (var frep = Frep.start(source, parent, "--", "bash")) {
      frep.awaitFirstCopy();
      sh("mv .git/index kept.git; mkfifo .git/index; echo new >file");
      frep.awaitLine(
          "frep: .*/project cannot be read \\(.*index: is not a file\\): nothing is sent.*");
      sh("rm .git/index; mv kept.git .git/index");
      frep.awaitLine(".*/project is back");
      Trees.awaitSame(source, copy, ".git");
      assertEquals(0, frep.stop());
    }
  }
}
