package dev.frep;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;

/**
 * How far one connection has come with what differs. It is counted where the link takes bytes, not
 * where files are read: on a slow link many megabytes lie between the two.
 */
final class Meter {
  /** What has been told lately need not be told again. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** When the link has taken so many bytes, so much of the files has gone. */
  private record Mark(long position, long files, long bytes) {}

  private final Console console;
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
   * This is what is still to be sent now; what is left out waits for something.
   *
   * @param all whether it is: else there is nothing to be told yet
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

  /** Content was read and written into an archive. */
  synchronized void read(long length) {
    bytes += length;
  }

  /** A file or symlink is in the archive whole. */
  synchronized void fileRead() {
    files++;
  }

  /** The next bytes for the link are of an archive: with them goes all that was read so far. */
  synchronized void mark(int length) {
    marks.add(new Mark(handed + length, files, bytes));
  }

  /** So many bytes wait for the link. */
  synchronized void handed(int length) {
    handed += length;
  }

  /** The link has taken so many bytes more. */
  synchronized void taken(int length) {
    taken += length;
    while (!marks.isEmpty() && marks.peek().position <= taken) {
      gone = marks.poll();
    }
    tick();
  }

  /** Tells how far it has come, if that was not told just now. */
  synchronized void tick() {
    long now = System.nanoTime();
    if (!active || !known || now < nextReport) {
      return;
    }
    nextReport = now + PAUSE.toNanos();
    told = true;
    Mark next = marks.isEmpty() ? gone : marks.peek();
    long way = Math.max(1, next.position - gone.position);
    double part = Math.max(0, (double) (taken - gone.position) / way);
    long files = gone.files + (long) ((next.files - gone.files) * part);
    long bytes = gone.bytes + (long) ((next.bytes - gone.bytes) * part);
    console.tell(
        new Event.Progress(
            files,
            Math.max(files, allFiles),
            bytes,
            Math.max(bytes, allBytes),
            Duration.ofNanos(now - began)));
  }

  /** What was sent was sent in vain: what comes next is counted anew. */
  synchronized void restart() {
    active = false;
    files = 0;
    bytes = 0;
    marks.clear();
  }

  /** All that was sent is acknowledged; says whether it took so long that it was told. */
  synchronized boolean end() {
    restart();
    boolean wasTold = told;
    told = false;
    return wasTold;
  }
}
