package dev.frep;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Tells when Git is changing the source, so that frep can send the changes as one set.
 *
 * <p>Git is at work while it holds {@code index.lock}, or while the folder of a rebase changes.
 * Either may also be left behind or wait for a person: then it stands still, and holds up nothing.
 */
final class GitPause {
  /** Git holds its lock for milliseconds. A Git that crashed or has an editor open keeps it. */
  private static final Duration LOCK_STILL = Duration.ofSeconds(2);

  /** A rebase at work changes its folder all the time. One that waits for its user does not. */
  private static final Duration STEP_STILL = Duration.ofMillis(500);

  /** Even a Git that works without end does not hold up more than this. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  /** How often to look meanwhile: too short to be felt. */
  private static final Duration LOOK = Duration.ofMillis(2);

  private final LongSupplier nanos;
  private final LongSupplier millis;
  private final List<Sign> signs; // the lock first
  private boolean paused;

  /** A file or folder that says that Git is at work, as long as it does not stand still. */
  private final class Sign {
    private final Path path;
    private final long still;
    private Stat seen; // null if it is missing
    private long since;
    private boolean reported;

    Sign(Path path, Duration still) {
      this.path = path;
      this.still = still.toNanos();
    }

    void look() {
      Stat before = seen;
      try {
        seen = Stat.of(path);
      } catch (IOException missing) {
        seen = null;
      }
      if (seen != null && !seen.equals(before)) {
        since = nanos.getAsLong();
        reported = false;
      }
    }

    /**
     * Whether the file's time or our own clock says so. Our own clock is needed where the file's
     * time is in the future, or the system's clock was set back.
     */
    boolean standsStill() {
      if (seen == null) {
        return true;
      }
      long age = millis.getAsLong() * 1_000_000 - seen.modified();
      return age >= still || nanos.getAsLong() - since >= still;
    }
  }

  /**
   * Watches the repository with this folder of its own; null if there is none.
   *
   * @param nanos a clock that never jumps, as System.nanoTime
   * @param millis the clock of the files' times, as System.currentTimeMillis
   */
  GitPause(Path gitDir, LongSupplier nanos, LongSupplier millis) {
    this.nanos = nanos;
    this.millis = millis;
    signs =
        gitDir == null
            ? List.of()
            : List.of(
                new Sign(gitDir.resolve("index.lock"), LOCK_STILL),
                new Sign(gitDir.resolve("rebase-merge"), STEP_STILL),
                new Sign(gitDir.resolve("rebase-apply"), STEP_STILL),
                new Sign(gitDir.resolve("sequencer"), STEP_STILL));
  }

  /** Watches the repository that the source is in; without one, Git is never busy. */
  static GitPause of(Path source) {
    Path gitDir = null;
    try {
      for (Path folder = source; folder != null && gitDir == null; folder = folder.getParent()) {
        gitDir = GitRepository.gitDir(folder);
      }
    } catch (IOException | InvalidPathException unreadable) {
      // The scanner reads the same file for its rules, and reports it.
    }
    return new GitPause(gitDir, System::nanoTime, System::currentTimeMillis);
  }

  /** Waits while Git works, or until that is enough; returns whether it has waited. */
  boolean await(BooleanSupplier enough) throws InterruptedException {
    long latest = nanos.getAsLong() + LONGEST.toNanos();
    while (nanos.getAsLong() < latest && !enough.getAsBoolean() && busy()) {
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
    }
    return hasPaused();
  }

  /** Whether Git is at work now. */
  boolean busy() {
    boolean busy = false;
    for (Sign sign : signs) {
      sign.look();
      busy |= !sign.standsStill();
    }
    paused |= busy;
    return busy;
  }

  /** Whether Git was at work since the caller last asked. */
  boolean hasPaused() {
    boolean was = paused;
    paused = false;
    return was;
  }

  /** Returns a lock that {@link #busy} no longer waits for; each such lock only once. */
  Optional<Path> staleLock() {
    if (signs.isEmpty()) {
      return Optional.empty();
    }
    Sign lock = signs.get(0);
    boolean now = lock.seen != null && lock.standsStill() && !lock.reported;
    lock.reported |= now;
    return now ? Optional.of(lock.path) : Optional.empty();
  }
}
