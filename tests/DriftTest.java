package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to source and copy while frep does not look: found again, and nothing else. */
class DriftTest {
  private Path source;
  private Path parent;
  private Path copy;
  private Path cache;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    Path base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    parent = Files.createDirectories(base.resolve("there"));
    copy = parent.resolve("proj");
    cache = base.resolve("cache");
    write("a", "one");
    write("sub/b", "two");
    write("sub/c", "three");
    write("gone/d", "four");
  }

  @Test
  void whatIsDeletedWhileFrepDoesNotRunIsDeletedAtTheNextStart() throws IOException {
    once(0);
    Files.delete(source.resolve("sub/b"));
    Files.delete(source.resolve("gone/d"));
    Files.delete(source.resolve("gone"));
    Files.writeString(copy.resolve("sub/theirs"), "left alone");
    once(0);
    assertFalse(Files.exists(copy.resolve("sub/b")));
    assertFalse(Files.exists(copy.resolve("gone")));
    assertEquals("left alone", Files.readString(copy.resolve("sub/theirs")));
  }

  @Test
  void withoutAMemoryNothingIsDeleted() throws IOException {
    once(0);
    Files.delete(source.resolve("sub/b"));
    cache = cache.resolveSibling("another");
    once(0);
    assertTrue(Files.exists(copy.resolve("sub/b")));
  }

  @Test
  void aFileThatOthersHaveChangedIsNotTakenForOurs() throws IOException {
    once(0);
    Files.delete(source.resolve("sub/b"));
    Files.writeString(copy.resolve("sub/b"), "theirs by now");
    once(0);
    assertEquals("theirs by now", Files.readString(copy.resolve("sub/b")));
  }

  @Test
  void aRewriteOfTheSameSizeWithinTheSecondIsFoundByItsFinerTime() throws IOException {
    Instant second = Instant.parse("2024-05-06T07:08:09Z");
    touch("a", second.plusMillis(100));
    once(0);
    write("a", "eno");
    touch("a", second.plusMillis(900));
    once(0);
    assertEquals("eno", Files.readString(copy.resolve("a")));
  }

  @Test
  void driftIsPutRightAtTheNextStart() throws IOException {
    once(0);
    Files.writeString(copy.resolve("a"), "changed by others");
    Files.delete(copy.resolve("sub/c"));
    once(0);
    Trees.assertSame(source, copy);
  }

  @Test
  void verifyListsWhatDiffersAndChangesNothing() throws IOException {
    once(0);
    assertTrue(frep().runs("--verify", source, parent, "--", "bash").exit() == 0);
    FileTime time = Files.getLastModifiedTime(copy.resolve("a"));
    Files.writeString(copy.resolve("a"), "eno");
    Files.setLastModifiedTime(copy.resolve("a"), time);
    Files.delete(copy.resolve("sub/c"));
    var result = frep().runs("--verify", source, parent, "--", "bash");
    assertEquals(1, result.exit(), result.toString());
    assertTrue(result.out().contains("a: content\n"), result.toString());
    assertTrue(result.out().contains("sub/c: missing\n"), result.toString());
    assertEquals("eno", Files.readString(copy.resolve("a")));
  }

  @Test
  void verifyDisturbsNoSenderThatRuns() throws Exception {
    try (var running = frep().starts(source, parent, "--", "bash")) {
      running.awaitFirstCopy();
      assertEquals(0, frep().runs("--verify", source, parent, "--", "dash").exit());
      write("a", "changed since");
      Trees.awaitSame(source, copy);
      assertEquals(0, running.stop());
      assertEquals("", running.err());
    }
  }

  @Test
  void verifyMakesNothing() throws IOException {
    var result = frep().runs("--verify", source, parent.resolve("not/there"), "--", "sh");
    assertEquals(1, result.exit(), result.toString());
    assertTrue(result.out().contains("sub: missing\n"), result.toString());
    assertFalse(Files.exists(parent.resolve("not")));
    result = frep().runs("--verify", source, parent, "--", "busybox", "sh");
    assertEquals(1, result.exit(), result.toString());
    assertFalse(Files.exists(copy));
  }

  @Test
  void healPutsRightWhatOthersChangeWhileItWatches() throws Exception {
    try (var running = frep().starts("--heal", source, parent, "--", "bash")) {
      running.awaitFirstCopy();
      Files.writeString(copy.resolve("a"), "changed by others");
      Files.delete(copy.resolve("sub/c"));
      Trees.awaitSame(source, copy);
      assertEquals(0, running.stop());
    }
  }

  @Test
  void whileGitHoldsItsLockChangesAreGathered() throws Exception {
    Files.createDirectories(source.resolve(".git"));
    try (var running = frep().starts(source, parent, "--", "bash")) {
      running.awaitFirstCopy();
      Path lock = Files.createFile(source.resolve(".git/index.lock"));
      for (int i = 0; i < 50; i++) {
        write("checkout/" + i, "file " + i);
      }
      Thread.sleep(1000); // Git is still at it.
      assertFalse(Files.exists(copy.resolve("checkout")), "not in the middle of it");
      write("a", "after");
      Files.delete(lock);
      Trees.awaitSame(source, copy, ".git");
      assertEquals(0, running.stop());
      long sets = running.output().lines().filter(line -> line.contains("sent ")).count();
      assertEquals(1, sets, running.output());
    }
  }

  @Test
  void aLockThatIsLeftBehindDoesNotHoldUpForEver() throws Exception {
    Files.createDirectories(source.resolve(".git"));
    Files.createFile(source.resolve(".git/index.lock"));
    try (var running = frep().starts(source, parent, "--", "bash")) {
      running.awaitFirstCopy();
      write("a", "after");
      Trees.awaitSame(source, copy, ".git");
      assertEquals(0, running.stop());
    }
  }

  @Test
  void rulesThatChangeTakeEffectAtOnce() throws Exception {
    write("build/out", "made");
    write(".gitignore", "build/\n");
    try (var running = frep().starts(source, parent, "--", "bash")) {
      running.awaitFirstCopy();
      assertFalse(Files.exists(copy.resolve("build")));
      write(".gitignore", "*.log\n");
      Trees.awaitSame(source, copy);
      write(".gitignore", "build/\n");
      Trees.awaitSame(source.resolve("sub"), copy.resolve("sub"));
      write("build/out", "made anew");
      write("a", "a sign that it was looked at");
      await(copy.resolve("a"), "a sign that it was looked at");
      assertEquals("made", Files.readString(copy.resolve("build/out")));
      assertEquals(0, running.stop());
    }
  }

  @Test
  void soManyDeletesThatTheyLookLikeASlipStopBeforeTheFirst() throws IOException {
    for (int i = 0; i < 150; i++) {
      write("many/" + i, "file " + i);
    }
    once(0);
    for (int i = 0; i < 150; i++) {
      Files.delete(source.resolve("many/" + i));
    }
    var refused = frep().runs("--once", source, parent, "--", "bash");
    assertEquals(7, refused.exit(), refused.toString());
    assertTrue(
        refused.err().contains("hint: if that is intended: --max-delete 150"), refused.err());
    assertTrue(Files.exists(copy.resolve("many/149")));
    var meant = frep().runs("--once", "--max-delete", "150", source, parent, "--", "bash");
    assertEquals(0, meant.exit(), meant.toString());
    Trees.assertSame(source, copy);
  }

  @Test
  void nothingIsDeletedBehindASymlink() throws IOException {
    Path link = Files.createSymbolicLink(parent.resolveSibling("link"), parent);
    assertEquals(0, frep().runs("--once", source, link, "--", "bash").exit());
    Files.delete(source.resolve("a"));
    var result = frep().runs("--once", source, link, "--", "bash");
    assertEquals(1, result.exit(), result.toString());
    assertTrue(
        result.err().contains("is behind a symlink: nothing is deleted in it"), result.err());
    assertTrue(Files.exists(copy.resolve("a")));
  }

  @Test
  void theSourceAndItsCopyMayNotBeInsideEachOther() {
    var same = frep().runs("--once", source, source.getParent(), "--", "bash");
    assertEquals(2, same.exit(), same.toString());
    var inside = frep().runs("--once", source, source.resolve("sub"), "--", "bash");
    assertEquals(2, inside.exit(), inside.toString());
    assertTrue(inside.err().contains("would be inside each other"), inside.err());
  }

  @Test
  void whyTellsTheRuleItsFileAndLine() throws IOException {
    write("build/out", "made");
    write(".gitignore", "# made\nbuild/\n");
    var no = frep().runs("--why", "build/", source);
    assertEquals(1, no.exit(), no.toString());
    assertEquals("not sent: .gitignore:2: build/\n", no.out());
    var yes = frep().runs(source, "--why", "a");
    assertEquals(0, yes.exit(), yes.toString());
    var excluded = frep().runs(source, "--why", "a", "--exclude", "a");
    assertEquals(1, excluded.exit(), excluded.toString());
    var included = frep().runs(source, "--why", "a", "--exclude", "a", "--include", "a");
    assertEquals(0, included.exit(), included.toString());
  }

  @Test
  void bsdtarIsUsedWhereThereIsNoOtherAndDoesAllOfIt(@TempDir Path tools) throws Exception {
    Path bsdtar = Path.of("/usr/bin/bsdtar");
    org.junit.jupiter.api.Assumptions.assumeTrue(Files.exists(bsdtar), "no bsdtar here");
    Files.createSymbolicLink(tools.resolve("tar"), bsdtar);
    write("sub/deep/e", "five");
    Files.createSymbolicLink(source.resolve("sub/link"), Path.of("b"));
    String path = "PATH=" + tools + ":" + System.getenv("PATH");
    try (var running = frep().starts(source, parent, "--", "env", path, "bash")) {
      running.awaitFirstCopy();
      assertTrue(running.output().contains("no GNU tar at the target: bsdtar"), running.output());
      Trees.awaitSame(source, copy);
      write("sub/deep/e", "six");
      write("new/f", "seven");
      Files.delete(source.resolve("sub/link"));
      Files.createDirectory(source.resolve("sub/link"));
      Trees.awaitSame(source, copy);
      assertEquals(0, running.stop());
    }
  }

  private void once(int exit) {
    var result = frep().runs("--once", source, parent, "--", "bash");
    assertEquals(exit, result.exit(), result.toString());
  }

  private Frep frep() {
    return Frep.with().environment("XDG_CACHE_HOME", cache);
  }

  private void write(String name, String content) throws IOException {
    Path file = source.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private void touch(String name, Instant time) throws IOException {
    Files.setLastModifiedTime(source.resolve(name), FileTime.from(time));
  }

  private static void await(Path file, String content) throws IOException {
    long deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (!Files.exists(file) || !Files.readString(file).equals(content)) {
      assertTrue(System.nanoTime() < deadline, file + " did not become what it should");
      Thread.onSpinWait();
    }
  }
}
