package dev.frep;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Counts what was acknowledged. */
final class Summary {
  private final long started;
  private long files;
  private long folders;
  private final Set<String> updated = new HashSet<>();
  private long deleted;
  private long bytes;

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
        files++;
      }
    }
    bytes += contentBytes;
  }

  /** All of the first copy. */
  Event.Synced first(boolean inStep) {
    return event(true, inStep);
  }

  /** One line for what has not been done. */
  static String planned(List<Change> changes, long contentBytes) {
    Summary summary = new Summary(0);
    summary.add(changes, contentBytes);
    List<String> parts = new ArrayList<>();
    if (summary.files > 0) {
      parts.add(
          "send " + Text.count(summary.files, "file") + " (" + Text.bytes(contentBytes) + ")");
    }
    if (summary.folders > 0) {
      parts.add("make " + Text.count(summary.folders, "folder"));
    }
    if (summary.deleted > 0) {
      parts.add("delete " + summary.deleted);
    }
    if (parts.isEmpty() && !changes.isEmpty()) {
      parts.add("update " + Text.count(changes.size(), "folder"));
    }
    return parts.isEmpty() ? "nothing to do" : "would " + String.join(", ", parts);
  }

  /** One change set that was begun at a time of {@link System#nanoTime()}. */
  static Event.Synced of(List<Change> changes, long contentBytes, long started) {
    Summary summary = new Summary(started);
    summary.add(changes, contentBytes);
    return summary.event(false, true);
  }

  /** A folder was there before: often only its time follows what has changed in it. */
  static boolean isUpdate(Change change) {
    return change instanceof Put put && !put.fresh() && put.entry() instanceof Folder;
  }

  /** The changes that are worth naming: attributes of folders only if there is nothing else. */
  static List<Change> named(List<Change> changes) {
    Set<String> once = new HashSet<>();
    boolean more = !changes.stream().allMatch(Summary::isUpdate);
    Stream<Change> named = changes.stream().filter(change -> !(more && isUpdate(change)));
    return named.filter(change -> more || once.add(change.path())).toList();
  }

  private Event.Synced event(boolean first, boolean inStep) {
    Duration time = Duration.ofNanos(System.nanoTime() - started);
    return new Event.Synced(first, files, folders, updated.size(), deleted, bytes, time, inStep);
  }
}
