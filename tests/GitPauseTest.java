package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How long frep waits for Git: real files, and clocks that the test sets. */
class GitPauseTest {
  private static final long START = 1_700_000_000_000L; // the system's clock, in milliseconds

  private Path git;
  private Path lock;
  private long own; // milliseconds by our own clock
  private long system = START;
  private GitPause pause;

  @BeforeEach
  void makeARepository(@TempDir Path folder) throws IOException {
    git = Files.createDirectory(folder.resolve(".git"));
    lock = git.resolve("index.lock");
    pause = new GitPause(git, () -> own * 1_000_000, () -> system);
  }

  @Test
  @DisplayName("waits for a lock until it is gone")
  void waitsForALock() throws IOException {
    assertFalse(pause.busy());
    assertFalse(pause.hasPaused());
    create(lock, 0);
    assertTrue(pause.busy());
    pass(1900);
    assertTrue(pause.busy());
    Files.delete(lock);
    assertFalse(pause.busy());
    assertEquals(Optional.empty(), pause.staleLock());
    assertTrue(pause.hasPaused());
    assertFalse(pause.hasPaused(), "asked again");
  }

  @ParameterizedTest(name = "lock {0} ms from now, the system''s clock set by {1} ms: busy for {2}")
  @CsvSource({
    "0, 0, 2000",
    "-1500, 0, 500", // Git took the lock before frep looked.
    "-2000, 0, 0", // left behind, or an editor is open
    "-86400000, 0, 0",
    "3600000, 0, 2000", // a file server's clock is ahead
    "0, -3600000, 2000", // someone sets the clock back
    "0, 3600000, 0", // the machine was asleep
  })
  void waitsTwoSecondsAtMost(long fromNow, long jump, long busyFor) throws IOException {
    create(lock, fromNow);
    assertEquals(busyFor > 0 || jump != 0, pause.busy());
    system += jump;
    assertEquals(busyFor > 0, pause.busy());
    if (busyFor > 0) {
      pass(busyFor - 1);
      assertTrue(pause.busy());
      assertEquals(Optional.empty(), pause.staleLock());
      pass(1);
    }
    assertFalse(pause.busy());
    assertEquals(Optional.of(lock), pause.staleLock());
    pass(10_000);
    assertFalse(pause.busy());
    assertEquals(Optional.empty(), pause.staleLock(), "reported once");
  }

  @Test
  @DisplayName("waits for a new lock in place of one that was left behind")
  void waitsForANewLock() throws IOException {
    create(lock, -60_000);
    assertFalse(pause.busy());
    assertTrue(pause.staleLock().isPresent());
    Files.delete(lock);
    create(lock, 0);
    assertTrue(pause.busy());
    pass(2000);
    assertFalse(pause.busy());
    assertTrue(pause.staleLock().isPresent());
  }

  @ParameterizedTest(name = "{0}, changed {1} ms from now: busy for {2}")
  @CsvSource({
    "rebase-merge, 0, 500",
    "rebase-apply, -100, 400",
    "sequencer, -500, 0",
    "rebase-merge, 3600000, 500",
  })
  void waitsForARebaseWhileItGoesOn(String name, long fromNow, long busyFor) throws IOException {
    create(git.resolve(name), fromNow);
    assertEquals(busyFor > 0, pause.busy());
    if (busyFor > 0) {
      pass(busyFor - 1);
      assertTrue(pause.busy());
      pass(1);
    }
    assertFalse(pause.busy());
    assertEquals(Optional.empty(), pause.staleLock(), "no lock");
  }

  @Test
  @DisplayName("finds the repository around the source, or the one that a .git file names")
  void findsTheRepository() throws IOException {
    Path inside = Files.createDirectories(git.resolveSibling("a/b"));
    Path worktree = Files.createDirectory(git.resolveSibling("worktree"));
    Path its = Files.createDirectories(git.resolve("worktrees/worktree"));
    Files.writeString(worktree.resolve(".git"), "gitdir: " + its + "\n");
    create(lock, System.currentTimeMillis() - system);
    assertTrue(GitPause.of(inside).busy());
    assertFalse(GitPause.of(worktree).busy());
    create(its.resolve("index.lock"), System.currentTimeMillis() - system);
    assertTrue(GitPause.of(worktree).busy());
  }

  @Test
  @DisplayName("is never busy without a repository")
  void isNeverBusyWithoutARepository() throws IOException {
    GitPause none = new GitPause(null, System::nanoTime, System::currentTimeMillis);
    assertFalse(none.busy() || none.hasPaused());
    assertEquals(Optional.empty(), none.staleLock());
    Path broken = Files.createDirectory(git.resolveSibling("broken"));
    Files.writeString(broken.resolve(".git"), "gitdir: a\0b");
    assertFalse(GitPause.of(broken).busy());
  }

  private void create(Path file, long fromNow) throws IOException {
    Files.createFile(file);
    Files.setLastModifiedTime(file, FileTime.fromMillis(system + fromNow));
  }

  private void pass(long millis) {
    own += millis;
    system += millis;
  }
}
