package dev.frep;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a path is. Two entries are equal when frep would not tell them apart; children do not count
 * for that, see {@link Diff}.
 */
sealed interface Entry permits RegularFile, Symlink, Folder, Closed {}

/**
 * A file. Times are in nanoseconds since 1970; edition grows when the content was seen to change
 * without any of these.
 */
record RegularFile(int mode, long size, long modified, long changed, int edition)
    implements Entry {}

/** A symlink: its target as bytes. */
record Symlink(String target, long modified) implements Entry {}

/** A folder and all that is in it, by name; inode tells it from a later one of its name. */
record Folder(int mode, long modified, long inode, SortedMap<String, Entry> children)
    implements Entry {
  Folder {
    children = Collections.unmodifiableSortedMap(children);
  }

  Folder with(SortedMap<String, Entry> other) {
    return new Folder(mode, modified, inode, other);
  }

  /** The older object if it says the same: then nobody need compare what is in it. */
  Folder orBefore(Folder before) {
    boolean same = mode == before.mode && modified == before.modified && inode == before.inode;
    if (!same || children.size() != before.children.size()) {
      return this;
    }
    for (Map.Entry<String, Entry> child : children.entrySet()) {
      if (child.getValue() != before.children.get(child.getKey())) {
        return this;
      }
    }
    return before;
  }

  /** Whether its owner cannot add or remove entries. */
  boolean isLocked() {
    return (mode & 0300) != 0300;
  }

  static final Folder NONE = new Folder(-1, -1, -1, new TreeMap<>());
}

/** Something of which no one knows what is in it: neither sent nor taken for deleted. */
record Closed() implements Entry {}

/** What is to be done at a path of the target. A path is "" for the source folder itself. */
sealed interface Change {
  String path();
}

/** There shall be this; fresh: nothing was there. */
record Put(String path, Entry entry, boolean fresh) implements Change {}

/**
 * There shall be nothing; first: since something of another kind comes in its place; locked: a
 * folder that its owner may not write in.
 */
record Delete(String path, boolean folder, boolean first, boolean locked) implements Change {}

/** Pure functions of trees. */
final class Tree {
  private Tree() {}

  static String join(String folder, String name) {
    return folder.isEmpty() ? name : folder.concat("/").concat(name);
  }

  static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  static long seconds(long nanos) {
    return Math.max(0, Math.floorDiv(nanos, 1_000_000_000L)); // tar knows no time before 1970
  }

  /** What a snapshot says of a path; null if nothing. */
  static Entry find(Folder root, String path) {
    Entry entry = root;
    for (String name : path.isEmpty() ? new String[0] : path.split("/")) {
      entry = entry instanceof Folder folder ? folder.children().get(name) : null;
    }
    return entry;
  }

  /** Whether something at the target that is not in the source is ours to remove. */
  interface Belongs {
    boolean test(String path, Entry entry);
  }

  /** Whether what is there is what was once put there. */
  static boolean isOurs(Entry put, Entry there) {
    if (put instanceof RegularFile a && there instanceof RegularFile b) {
      return a.mode() == b.mode() && sameContent(a, b);
    }
    return put instanceof Folder && there instanceof Folder
        || put instanceof Symlink a && there instanceof Symlink b && a.target().equals(b.target());
  }

  /**
   * What the target has of what is here: entries that a quick check finds equal are those of here,
   * what is there and not here is left out unless it belongs to us.
   *
   * @param puts what may have been put there: finer times tell a file that has changed within the
   *     second
   */
  static Folder match(String path, Folder here, Folder there, List<Folder> puts, Belongs belongs) {
    SortedMap<String, Entry> matched = new TreeMap<>();
    boolean equal = here.mode() == there.mode();
    equal &= Tree.seconds(here.modified()) == Tree.seconds(there.modified());
    Folder attributes = equal ? here : there;
    there
        .children()
        .forEach(
            (name, entry) -> {
              Entry found = here.children().get(name);
              Entry wanted = found instanceof Closed ? null : found; // Then only what is ours.
              if (wanted != null && same(wanted, entry, name, puts)) {
                matched.put(name, wanted); // Most are.
                return;
              }
              String child = Tree.join(path, name);
              if (wanted == null && !belongs.test(child, entry)) {
                return;
              }
              if (entry instanceof Folder has) {
                List<Folder> inside = new ArrayList<>();
                for (Folder put : puts) {
                  if (put.children().get(name) instanceof Folder folder) {
                    inside.add(folder);
                  }
                }
                Folder want = wanted instanceof Folder folder ? folder : Folder.NONE;
                matched.put(name, match(child, want, has, inside, belongs));
              } else {
                matched.put(name, entry);
              }
            });
    boolean all = equal && matched.size() == here.children().size();
    for (Map.Entry<String, Entry> child : matched.entrySet()) {
      all &= here.children().get(child.getKey()) == child.getValue();
    }
    return all ? here : new Folder(attributes.mode(), attributes.modified(), here.inode(), matched);
  }

  /**
   * What is there when all is sent: what is here, the same objects wherever they can be, so that
   * only what changes next is compared. What cannot be read here is there as it was.
   */
  static Folder settled(Folder there, Folder here) {
    if (there == here) {
      return here;
    }
    SortedMap<String, Entry> changed = null;
    for (Map.Entry<String, Entry> child : here.children().entrySet()) {
      Entry now = child.getValue();
      Entry before = there.children().get(child.getKey());
      Entry settled = now;
      if (now instanceof Closed) {
        settled = before;
      } else if (now instanceof Folder folder) {
        settled = settled(before instanceof Folder had ? had : Folder.NONE, folder);
      }
      if (settled != now) {
        changed = changed == null ? new TreeMap<>(here.children()) : changed;
        if (settled == null) {
          changed.remove(child.getKey());
        } else {
          changed.put(child.getKey(), settled);
        }
      }
    }
    return changed == null ? here : here.with(changed);
  }

  /** Equal by kind, mode, size and whole seconds; a link by its target. */
  private static boolean same(Entry here, Entry there, String name, List<Folder> puts) {
    if (here instanceof RegularFile a && there instanceof RegularFile b) {
      if (a.mode() != b.mode() || !sameContent(a, b)) {
        return false;
      }
      for (Folder folder : puts) {
        if (folder.children().get(name) instanceof RegularFile put
            && sameContent(put, b)
            && put.modified() != a.modified()) {
          return false;
        }
      }
      return true;
    }
    return here instanceof Symlink a && there instanceof Symlink b && a.target().equals(b.target());
  }

  private static boolean sameContent(RegularFile a, RegularFile b) {
    return a.size() == b.size() && Tree.seconds(a.modified()) == Tree.seconds(b.modified());
  }
}

/** A snapshot in the making: folders are opened for changes, and closed all at once. */
final class Draft {
  private final TreeMap<String, Entry> children;
  private final Map<String, Draft> open =
      new HashMap<>(); // In place of the folders of their names.
  private Folder attributes;

  Draft(Folder base) {
    this.attributes = base;
    this.children = new TreeMap<>(base.children()); // In one go, since they are sorted.
  }

  /** Carries out a change; folders on the way that are not there are left out. */
  void apply(Change change) {
    String path = change.path();
    if (path.isEmpty()) {
      attributes = (Folder) ((Put) change).entry();
      return;
    }
    Draft folder = open(Tree.parent(path));
    if (folder == null) {
      return;
    }
    if (change instanceof Delete) {
      folder.put(Tree.name(path), null);
    } else if (change instanceof Put put) {
      if (!(put.entry() instanceof Folder now)) {
        folder.put(Tree.name(path), put.entry());
      } else if (put.fresh()) {
        folder.put(Tree.name(path), now.with(new TreeMap<>()));
      } else if (open(path) != null) {
        open(path).attributes = now;
      }
    }
  }

  /** There shall be this; null: nothing. */
  private void put(String name, Entry entry) {
    open.remove(name);
    if (entry == null) {
      children.remove(name);
    } else {
      children.put(name, entry);
    }
  }

  private Draft open(String path) {
    Draft draft = this;
    for (String name : path.isEmpty() ? new String[0] : path.split("/")) {
      Draft inner = draft.open.get(name);
      if (inner == null) {
        if (!(draft.children.get(name) instanceof Folder folder)) {
          return null;
        }
        inner = new Draft(folder);
        draft.open.put(name, inner);
      }
      draft = inner;
    }
    return draft;
  }

  Folder close() {
    open.forEach((name, draft) -> children.put(name, draft.close()));
    return new Folder(attributes.mode(), attributes.modified(), attributes.inode(), children);
  }
}
