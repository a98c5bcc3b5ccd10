package dev.frep;

import dev.frep.frep.Change;
import dev.frep.frep.Delete;
import dev.frep.frep.Folder;
import dev.frep.frep.Put;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Counts what was done, for people. */
final class Summary {
  private final long started = System.nanoTime();
  private long files;
  private long folders;
  private long deleted;
  private long bytes;

  void add(List<Change> changes, long contentBytes) {
    for (Change change : changes) {
      if (change instanceof Delete) {
        deleted++;
      } else if (change instanceof Put put && put.entry() instanceof Folder) {
        folders += put.fresh() ? 1 : 0;
      } else {
        files++;
      }
    }
    bytes += contentBytes;
  }

  /** One line for the first copy. */
  String first() {
    String time = Console.seconds(Duration.ofNanos(System.nanoTime() - started));
    if (files + folders + deleted == 0) {
      return "nothing to copy (" + time + ")";
    }
    return "copied "
        + Console.count(files, "file")
        + ", "
        + Console.bytes(bytes)
        + (deleted == 0 ? "" : ", deleted " + deleted)
        + " in "
        + time;
  }

  /** One line for a change set. */
  static String of(List<Change> changes, long contentBytes, Duration time) {
    Summary summary = new Summary();
    summary.add(changes, contentBytes);
    List<String> parts = new ArrayList<>();
    if (summary.files > 0) {
      String size = " (" + Console.bytes(contentBytes) + ")";
      parts.add("sent " + Console.count(summary.files, "file") + size);
    }
    if (summary.folders > 0) {
      parts.add("made " + Console.count(summary.folders, "folder"));
    }
    if (summary.deleted > 0) {
      parts.add("deleted " + summary.deleted);
    }
    if (parts.isEmpty()) {
      parts.add("updated " + Console.count(changes.size(), "folder"));
    }
    return String.join(", ", parts) + " in " + Console.seconds(time);
  }
}
