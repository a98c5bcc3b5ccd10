package dev.frep;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a run would do, and why, for people: what --dry-run prints. */
final class Preview {
  private final Folder there;
  private final Set<String> put;
  private final Set<String> replaced = new HashSet<>();
  private final List<String> lines = new ArrayList<>();

  private Preview(Folder there, Set<String> put) {
    this.there = there;
    this.put = put;
  }

  /**
   * A line for each change, and one for all of them.
   *
   * @param there what the changes are to be made to
   */
  static List<String> lines(List<Change> changes, Folder there) {
    Set<String> put = new HashSet<>();
    long bytes = 0;
    for (Change change : changes) {
      if (change instanceof Put some) {
        put.add(some.path());
        bytes += some.entry() instanceof RegularFile file ? file.size() : 0;
      }
    }
    Preview preview = new Preview(there, put);
    changes.forEach(preview::add);
    preview.lines.add(Summary.planned(changes, bytes));
    return preview.lines;
  }

  private void add(Change change) {
    if (change instanceof Put some) {
      String size =
          some.entry() instanceof RegularFile file ? " (" + Text.bytes(file.size()) + ")" : "";
      line(why(some), some.path(), some.entry() instanceof Folder, size);
    } else if (change instanceof Delete delete && put.contains(delete.path())) {
      replaced.add(delete.path()); // What comes in its place has its line.
    } else if (change instanceof Delete delete) {
      line("deleted", delete.path(), delete.folder(), "");
    } else {
      throw new AssertionError(change);
    }
  }

  private void line(String why, String path, boolean folder, String more) {
    String name = path.isEmpty() ? "." : Names.show(path);
    lines.add(String.format("%-8s", why) + name + (folder ? "/" : "") + more);
  }

  private String why(Put put) {
    if (replaced.contains(put.path())) {
      return "kind";
    } else if (put.fresh()) {
      return "new";
    }
    Entry before = Tree.find(there, put.path());
    if (before == there && there.mode() < 0) { // See Folder.NONE: there is no copy yet.
      return "new";
    } else if (put.entry() instanceof RegularFile now && before instanceof RegularFile was) {
      return now.size() != was.size() ? "size" : now.mode() == was.mode() ? "time" : "mode";
    } else if (put.entry() instanceof Folder now && before instanceof Folder was) {
      return now.mode() == was.mode() ? "time" : "mode";
    }
    return put.entry() instanceof Symlink && before instanceof Symlink ? "target" : "kind";
  }
}
