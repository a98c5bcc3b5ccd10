package dev.frep;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What stands at a path. Two entries are equal when frep cannot tell them apart; a {@link Folder}
 * is compared by its attributes and children apart.
 */
sealed interface Entry permits RegularFile, Symlink, Folder, Closed {}

/**
 * A file.
 *
 * @param mode permission bits; -1: neither file nor folder nor symlink
 * @param size in bytes
 * @param modified when its content changed, in nanoseconds since 1970
 * @param changed when anything of it changed, in nanoseconds since 1970; 0: unknown
 * @param inode 0: unknown
 * @param edition grows when the content was seen to change without a trace in the rest
 */
record RegularFile(int mode, long size, long modified, long changed, long inode, int edition)
    implements Entry {
  RegularFile edition(int other) {
    return new RegularFile(mode, size, modified, changed, inode, other);
  }

  /** Whether the file system says the same of both. */
  boolean isLike(RegularFile other) {
    return edition(0).equals(other.edition(0));
  }
}

/** A symlink with its target as bytes. */
record Symlink(String target, long modified) implements Entry {}

/**
 * A folder and its children by name.
 *
 * @param modified in nanoseconds since 1970
 * @param inode tells the folder from a later one of the same name; 0: unknown
 */
record Folder(int mode, long modified, long inode, SortedMap<String, Entry> children)
    implements Entry {
  static final SortedMap<String, Entry> NO_CHILDREN = Collections.emptySortedMap();
  static final Folder NONE = new Folder(-1, -1, -1, NO_CHILDREN);

  Folder {
    children = Collections.unmodifiableSortedMap(children);
  }

  Folder with(SortedMap<String, Entry> other) {
    return new Folder(mode, modified, inode, other);
  }

  /** Returns the older object if both say the same, so that their children need no comparison. */
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
}

/**
 * Something that is left alone, neither sent nor taken for deleted.
 *
 * @param ignored the rules leave it out; else it cannot be read
 * @param inside of a folder that was sent before the rules left it out: what is still in it of what
 *     was sent. The rest was deleted. Null: nothing of it was sent
 */
record Closed(boolean ignored, Folder inside) implements Entry {
  static final Closed IGNORED = new Closed(true, null);
  static final Closed UNREADABLE = new Closed(false, null);
}

/**
 * The source at one moment.
 *
 * @param whole false: what was not scanned yet is {@link Closed}
 */
record Snapshot(Folder root, boolean whole) {}

/**
 * What to do at a path of the copy. The path is relative to the copy, and "" for the copy itself.
 */
sealed interface Change {
  String path();
}

/**
 * Create or replace the path.
 *
 * @param fresh nothing exists there yet
 */
record Put(String path, Entry entry, boolean fresh) implements Change {}

/**
 * Remove the path.
 *
 * @param first it makes room for something of another kind
 * @param locked a folder that its owner may not write in
 */
record Delete(String path, boolean folder, boolean first, boolean locked) implements Change {}

/** Pure functions of trees and of the paths in them. */
final class Tree {
  private static final long SECOND = 1_000_000_000L;

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

  /** Whole seconds since 1970; tar has no time before that. */
  static long seconds(long nanos) {
    return Math.max(0, Math.floorDiv(nanos, SECOND));
  }

  /** The entry at a path; null if there is none. */
  static Entry find(Folder root, String path) {
    Entry entry = root;
    for (String name : path.isEmpty() ? new String[0] : path.split("/")) {
      entry = entry instanceof Folder folder ? folder.children().get(name) : null;
    }
    return entry;
  }

  /** How many paths a folder holds, without those that are left alone. */
  static long count(Folder folder) {
    long count = 0;
    for (Entry child : folder.children().values()) {
      count += child instanceof Closed ? 0 : 1;
      count += child instanceof Folder inner ? count(inner) : 0;
    }
    return count;
  }

  /** Whether a folder with these children holds more than what the rules leave out. */
  static boolean holdsSent(Map<String, Entry> children) {
    return children.values().stream()
        .anyMatch(child -> !(child instanceof Closed closed && closed.ignored()));
  }

  /**
   * The listing of a target whose user may not look into some folders of the copy: what frep has
   * put into those is still in them.
   */
  static Folder withHidden(Folder listed, Folder put) {
    if (put == null || listed == put || listed.children().isEmpty()) {
      return put != null && listed != put && (listed.mode() & 0500) != 0500
          ? listed.with(put.children())
          : listed;
    }
    TreeMap<String, Entry> children = new TreeMap<>(listed.children());
    children.replaceAll(
        (name, child) ->
            child instanceof Folder folder && put.children().get(name) instanceof Folder known
                ? withHidden(folder, known)
                : child);
    return listed.with(children);
  }

  /** The size of all files, in bytes. */
  static long contentBytes(Entry entry) {
    if (!(entry instanceof Folder folder)) {
      return entry instanceof RegularFile file ? file.size() : 0;
    }
    long bytes = 0;
    for (Entry child : folder.children().values()) {
      bytes += contentBytes(child);
    }
    return bytes;
  }

  /** Decides about something that the copy has and the source has not. */
  interface Belongs {
    boolean test(String path, Entry entry);
  }

  /** Whether the target still has what was once put at a path. */
  static boolean isOurs(Entry put, Entry listed) {
    if (put instanceof RegularFile a && listed instanceof RegularFile b) {
      return a.mode() == b.mode() && looksEqual(a, b);
    }
    return put instanceof Folder && listed instanceof Folder || isSameLink(put, listed);
  }

  /**
   * Returns the part of a target's listing that counts as the copy: entries that a quick check
   * finds equal become those of the source; entries that the source has not are left out unless
   * they belong to frep.
   *
   * @param puts trees that frep may have put there: they tell two files apart that have the same
   *     size and second
   */
  static Folder match(
      String path, Folder source, Folder listed, List<Folder> puts, Belongs belongs) {
    SortedMap<String, Entry> matched = new TreeMap<>();
    for (Map.Entry<String, Entry> child : listed.children().entrySet()) {
      String name = child.getKey();
      Entry entry = child.getValue();
      Entry found = source.children().get(name);
      Entry wanted = found instanceof Closed ? null : found; // Then only what frep put counts.
      if (wanted != null && isSame(wanted, entry, name, puts)) {
        matched.put(name, wanted);
      } else if (wanted != null || belongs.test(join(path, name), entry)) {
        Folder want = wanted instanceof Folder folder ? folder : Folder.NONE;
        boolean inner = entry instanceof Folder;
        matched.put(
            name,
            inner
                ? match(join(path, name), want, (Folder) entry, inside(puts, name), belongs)
                : entry);
      }
    }
    boolean equal =
        source.mode() == listed.mode() && seconds(source.modified()) == seconds(listed.modified());
    Folder own = equal ? source : listed;
    return new Folder(own.mode(), own.modified(), source.inode(), matched)
        .orBefore(equal ? source : Folder.NONE);
  }

  private static List<Folder> inside(List<Folder> puts, String name) {
    List<Folder> inside = new ArrayList<>();
    for (Folder put : puts) {
      if (put.children().get(name) instanceof Folder folder) {
        inside.add(folder);
      }
    }
    return inside;
  }

  private static boolean isSame(Entry source, Entry listed, String name, List<Folder> puts) {
    if (!(source instanceof RegularFile a && listed instanceof RegularFile b)) {
      return isSameLink(source, listed);
    }
    if (a.mode() != b.mode() || !looksEqual(a, b)) {
      return false;
    }
    for (Folder folder : puts) {
      if (folder.children().get(name) instanceof RegularFile put
          && looksEqual(put, b)
          && hasChangedSince(put, a)) {
        return false;
      }
    }
    return true;
  }

  private static boolean hasChangedSince(RegularFile put, RegularFile now) {
    boolean known = put.changed() != 0 && now.changed() != 0;
    return put.modified() != now.modified()
        || known && (put.changed() != now.changed() || put.inode() != now.inode());
  }

  private static boolean isSameLink(Entry one, Entry other) {
    return one instanceof Symlink a && other instanceof Symlink b && a.target().equals(b.target());
  }

  private static boolean looksEqual(RegularFile a, RegularFile b) {
    return a.size() == b.size() && seconds(a.modified()) == seconds(b.modified());
  }

  /**
   * Returns the copy after everything was sent: the source's own objects wherever possible, so that
   * the next diff looks at nothing but what has changed. What is left alone is as it was.
   */
  static Folder settled(Folder copy, Folder source) {
    if (copy == source) {
      return source;
    }
    SortedMap<String, Entry> changed = null;
    for (Map.Entry<String, Entry> child : source.children().entrySet()) {
      Entry now = child.getValue();
      Entry before = copy.children().get(child.getKey());
      Entry settled = now;
      if (now instanceof Closed) {
        settled = before == null || before instanceof Closed ? now : before;
      } else if (now instanceof Folder folder) {
        settled = settled(before instanceof Folder had ? had : Folder.NONE, folder);
      }
      if (settled != now) {
        changed = changed == null ? new TreeMap<>(source.children()) : changed;
        changed.put(child.getKey(), settled);
      }
    }
    return changed == null ? source : source.with(changed);
  }

  /** Returns a tree after some changes; a change in a folder that does not exist is left out. */
  static Folder apply(Folder tree, List<Change> changes) {
    Draft draft = new Draft(tree);
    changes.forEach(draft::apply);
    return draft.close();
  }

  /** A tree in the making: folders are opened for changes, and closed all at once. */
  private static final class Draft {
    private final TreeMap<String, Entry> children;
    private final Map<String, Draft> open = new HashMap<>(); // Replace the folders of their names.
    private Folder attributes;

    Draft(Folder base) {
      attributes = base;
      children = new TreeMap<>(base.children()); // In one go, since they are sorted.
    }

    void apply(Change change) {
      String path = change.path();
      if (path.isEmpty()) {
        attributes = (Folder) ((Put) change).entry();
        return;
      }
      Draft folder = open(parent(path));
      if (folder == null) {
        return;
      } else if (change instanceof Delete) {
        folder.set(name(path), null);
      } else if (change instanceof Put put) {
        if (!(put.entry() instanceof Folder now)) {
          folder.set(name(path), put.entry());
        } else if (put.fresh()) {
          folder.set(name(path), now.with(Folder.NO_CHILDREN));
        } else if (open(path) != null) {
          open(path).attributes = now;
        }
      }
    }

    private void set(String name, Entry entry) {
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
      return attributes.with(children);
    }
  }
}
