package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** frep --dry-run: what would be done and why, and nothing done. */
class DryRunTest {

  private Path base;
  private Path source;
  private Path copy;
  private Path cache;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    copy = base.resolve("there/proj");
    cache = base.resolve("cache");
    sh("echo 1 >same; echo 1 >size; echo 1 >time; echo 1 >mode; ln -s same link; mkdir a-folder");
    sh("mkdir -p gone/deep; echo 1 >gone/deep/file; echo 1 >a-file; echo 1 >a-folder/inner");
  }

  private void sh(String script) {
    var line = "set -e; cd \"$IN\"; " + script;
    Commands.succeed(Map.of("IN", source.toString()), List.of("bash", "-c", line));
  }

  private Object[] words(Shell shell, String... options) {
    var words = new ArrayList<Object>(Arrays.asList(options));
    words.addAll(List.of(source, copy.getParent(), "--"));
    words.addAll(shell.complete());
    return words.toArray();
  }

  private Frep frep() {
    return Frep.with().environment("XDG_CACHE_HOME", cache);
  }

  /** What it says after the lines that every run begins with. */
  private static List<String> said(Frep.Result result) {
    return result.out().lines().filter(line -> !line.matches(".* → .*|no GNU tar .*")).toList();
  }

  @ParameterizedTest
  @EnumSource
  void saysEachChangeAndWhyAndMakesNone(Shell shell) {
    frep().runs(words(shell, "--once")).succeeds();
    sh("echo 1 >new; mkdir folder; echo 12 >folder/new; echo 12 >size; touch -d 2001-01-01 time");
    sh("chmod 600 mode; ln -sfn other link; rm -r gone a-folder a-file; echo >a-folder");
    sh("mkdir a-file; touch -d 2002-02-02 .");
    var before = Trees.of(base);

    var result = frep().runs(words(shell, "--dry-run")).succeeds();

    var expected =
        """
        time    ./
        kind    a-file/
        deleted a-folder/inner
        kind    a-folder (1 byte)
        new     folder/
        new     folder/new (3 bytes)
        target  link
        mode    mode (2 bytes)
        new     new (2 bytes)
        size    size (3 bytes)
        time    time (2 bytes)
        deleted gone/deep/file
        deleted gone/deep/
        deleted gone/
        would send 7 files (13 bytes), make 2 folders, delete 6
        """;
    assertEquals(expected.lines().toList(), said(result));
    assertEquals(before, Trees.of(base), "something has changed");
    Trees.assertNoStage(base);
    frep().runs(words(shell, "--once")).succeeds();
    Trees.assertSame(source, copy, Trees.LINK_TIMES);
    assertEquals(List.of("nothing to do"), said(frep().runs(words(shell, "--dry-run")).succeeds()));
  }

  @ParameterizedTest
  @EnumSource(names = {"DASH", "BUSYBOX"})
  void makesNotEvenTheFoldersAroundTheCopy(Shell shell) {
    var said = said(frep().runs(words(shell, "--dry-run")).succeeds());
    assertEquals("new     ./", said.get(0));
    assertEquals("would send 8 files (14 bytes), make 3 folders", said.get(said.size() - 1));
    var verified = frep().runs(words(shell, "--verify"));
    verified.exits(1);
    assertTrue(verified.out().contains("\na-file: missing\n"), verified.out());
    assertFalse(Files.exists(copy.getParent()));
    assertFalse(Files.exists(cache));
  }

  @Test
  void isToldWithQuietToo() {
    var result = frep().runs(words(Shell.BASH, "--dry-run", "--quiet")).succeeds();

    assertTrue(result.out().lines().anyMatch("new     same (2 bytes)"::equals), result.out());
    assertFalse(result.out().contains("→"), result.out());
  }

  @Test
  void leavesWhatIsNotOursUnlessItWouldBeCleanedOut() throws IOException {
    frep().runs(words(Shell.BASH, "--once")).succeeds();
    Files.writeString(copy.resolve("theirs"), "");
    Files.setLastModifiedTime(copy, FileTime.fromMillis(0));
    assertEquals(
        List.of("time    ./", "would update 1 folder"),
        said(frep().runs(words(Shell.BASH, "--dry-run")).succeeds()));
    assertEquals(
        List.of("time    ./", "deleted theirs", "would delete 1"),
        said(frep().runs(words(Shell.BASH, "--dry-run", "--clean-out-first")).succeeds()));
  }

  @Test
  void leavesOneThatWatchesAlone() throws IOException {
    try (var watching = frep().starts(words(Shell.BASH)).awaitFirstCopy()) {
      frep().runs(words(Shell.BASH, "--dry-run")).succeeds();
      Files.writeString(source.resolve("same"), "not the same");
      Trees.awaitSame(source, copy);
      assertEquals(0, watching.stop());
      assertEquals("", watching.err());
    }
  }

  @Test
  void endsAsTheTrueRunWouldIfThatWouldStop() throws IOException {
    frep().runs(words(Shell.BASH, "--once")).succeeds();
    sh("rm -r gone");
    var result = frep().runs(words(Shell.BASH, "--dry-run", "--max-delete=2"));
    result.exits(7);
    assertTrue(said(result).contains("deleted gone/"), result.out());
    assertTrue(result.err().contains("hint: if that is intended: --max-delete 3\n"), result.err());
  }
}
