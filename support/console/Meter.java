package dev.frep;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Measures how much of what differs one link has carried. It counts where the link takes bytes, not
 * where files are read: on a slow link many megabytes lie between the two. One lock guards the
 * figures and another the order of reports, so that a slow reader of stdout delays no counting.
 */
final class Meter {
  /** The shortest time between two reports. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** When the link has taken this many bytes, this much of the files has gone. */
  private record Mark(long position, long files, long bytes) {}

  private final Console console;
  private final ReentrantLock telling = new ReentrantLock();
  private final Deque<Mark> marks = new ArrayDeque<>();
  private Mark gone = new Mark(0, 0, 0);
  private long handed;
  private long taken;
  private long files;
  private long bytes;
  private long allFiles;
  private long allBytes;
  private long began;
  private long nextReport;
  private boolean active;
  private boolean known;
  private boolean told;

  Meter(Console console) {
    this.console = console;
  }

  /**
   * Sets what is still to be sent.
   *
   * @param leftOut paths that wait for something and do not count
   * @param all whether these are all changes; before that nothing is reported
   */
  synchronized void remaining(List<Change> changes, Predicate<String> leftOut, boolean all) {
    known = all;
    if (!active) {
      active = true;
      gone = new Mark(handed, 0, 0);
      began = System.nanoTime();
      nextReport = began + PAUSE.toNanos();
    }
    allFiles = files;
    allBytes = bytes;
    for (Change change : changes) {
      if (change instanceof Put put
          && !(put.entry() instanceof Folder)
          && !leftOut.test(change.path())) {
        allFiles++;
        allBytes += put.entry() instanceof RegularFile file ? file.size() : 0;
      }
    }
  }

  /** Counts content that was read into the archive. */
  synchronized void read(long length) {
    bytes += length;
  }

  /** Counts a file or symlink that is in the archive whole. */
  synchronized void fileRead() {
    files++;
  }

  /** Notes that the next bytes for the link complete all that was read so far. */
  synchronized void mark(int length) {
    marks.add(new Mark(handed + length, files, bytes));
  }

  /** Counts bytes that wait for the link. */
  synchronized void handed(int length) {
    handed += length;
  }

  /** Counts bytes that the link has taken, and reports. */
  void taken(int length) {
    synchronized (this) {
      taken += length;
      while (!marks.isEmpty() && marks.peek().position <= taken) {
        gone = marks.poll();
      }
    }
    tick();
  }

  /** Reports the progress unless it was reported just now, or another thread is at it. */
  void tick() {
    if (!telling.tryLock()) {
      return;
    }
    try {
      Event.Progress due = due();
      if (due != null) {
        console.tell(due);
      }
    } finally {
      telling.unlock();
    }
  }

  private synchronized Event.Progress due() {
    long now = System.nanoTime();
    if (!active || !known || now < nextReport) {
      return null;
    }
    nextReport = now + PAUSE.toNanos();
    told = true;
    Mark next = marks.isEmpty() ? gone : marks.peek();
    long way = Math.max(1, next.position - gone.position);
    double part = Math.max(0, (double) (taken - gone.position) / way);
    long sentFiles = gone.files + (long) ((next.files - gone.files) * part);
    long sentBytes = gone.bytes + (long) ((next.bytes - gone.bytes) * part);
    return new Event.Progress(
        sentFiles,
        Math.max(sentFiles, allFiles),
        sentBytes,
        Math.max(sentBytes, allBytes),
        Duration.ofNanos(now - began));
  }

  /** Starts to count anew, since everything sent so far was sent in vain. */
  void restart() {
    telling.lock(); // Waits for a report under way: it must not follow the event that comes next.
    try {
      synchronized (this) {
        active = false;
        files = 0;
        bytes = 0;
        marks.clear();
      }
    } finally {
      telling.unlock();
    }
  }

  /** Ends the count, since everything is acknowledged; returns whether progress was reported. */
  boolean end() {
    restart();
    synchronized (this) {
      boolean wasTold = told;
      told = false;
      return wasTold;
    }
  }
}

/** Sums up acknowledged changes for one {@link Event.Synced}. */
final class Summary {
  private final long started;
  private final Set<String> updated = new HashSet<>();
  private String file;
  private long files;
  private long folders;
  private long deleted;
  private long bytes;

  /** Starts with nothing, now. */
  Summary() {
    this(System.nanoTime());
  }

  private Summary(long started) {
    this.started = started;
  }

  void add(List<Change> changes, long contentBytes) {
    for (Change change : changes) {
      if (change instanceof Delete) {
        deleted++;
      } else if (isUpdate(change)) {
        updated.add(change.path());
      } else if (change instanceof Put put && put.entry() instanceof Folder) {
        folders++;
      } else {
        file = ++files == 1 ? change.path() : null;
      }
    }
    bytes += contentBytes;
  }

  /** Returns the event for the first copy, which may have taken several change sets. */
  Event.Synced first(boolean inStep) {
    return event(true, inStep);
  }

  /** Returns the event for one change set, begun at this {@link System#nanoTime()}. */
  static Event.Synced of(List<Change> changes, long contentBytes, long started) {
    Summary summary = new Summary(started);
    summary.add(changes, contentBytes);
    return summary.event(false, true);
  }

  /** Returns a line about changes that a copy would make. */
  static String planned(List<Change> changes, long contentBytes) {
    return changes.isEmpty() ? "nothing to do" : Lines.planned(of(changes, contentBytes, 0));
  }

  private Event.Synced event(boolean first, boolean inStep) {
    Duration time = Duration.ofNanos(System.nanoTime() - started);
    return new Event.Synced(
        first, files, file, folders, updated.size(), deleted, bytes, time, inStep);
  }

  /** Whether only attributes of an existing folder change, as after each change in it. */
  static boolean isUpdate(Change change) {
    return change instanceof Put put && !put.fresh() && put.entry() instanceof Folder;
  }

  /** Returns the changes worth naming: attributes of folders only where nothing else changed. */
  static List<Change> named(List<Change> changes) {
    Set<String> once = new HashSet<>();
    boolean more = !changes.stream().allMatch(Summary::isUpdate);
    Stream<Change> named = changes.stream().filter(change -> !(more && isUpdate(change)));
    return named.filter(change -> more || once.add(change.path())).toList();
  }
}
