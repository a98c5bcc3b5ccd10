package dev.frep;

import static dev.frep.Tree.find;
import static dev.frep.Tree.join;
import static dev.frep.Tree.name;
import static dev.frep.Tree.parent;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides where each change of one set goes in its archive, and how the receiver puts it in place;
 * receiver.sh explains the format. A plan does no I/O: {@link Archive} writes the {@link #items},
 * says which files failed, and gets the {@link Trailer} for the rest.
 */
final class Plan {
  /** The receiver renames files folder by folder in so few folders, and links a tree in more. */
  private static final int FEW_FOLDERS = 4;

  /** The paths of so many names fit into the arguments of one command. */
  private static final int NAMES_AT_ONCE = 400;

  /**
   * An entry of the archive.
   *
   * @param path in the source
   * @param place in the archive
   * @param mode in the archive; the receiver may have to write in a folder before it gets its own
   */
  record Item(String path, String place, int mode, Entry entry) {}

  /**
   * What follows the items.
   *
   * @param applied the changes in the archive, with the folders that get a mode and time after them
   * @param folders empty ones that carry these modes and times
   * @param texts the plan and its lists, by name
   */
  record Trailer(List<Change> applied, List<Item> folders, Map<String, String> texts) {}

  /** Names that one command moves into one folder. */
  private record Group(int key, String folder, List<String> paths) {}

  private final List<Change> changes;
  private final Folder there;
  private final Folder now;
  private final Facts facts;
  private final boolean asTree;

  private final List<Item> items = new ArrayList<>();
  private final List<Group> groups = new ArrayList<>();
  private final Map<String, Group> lastGroups = new HashMap<>();
  private final List<String> tree = new ArrayList<>();
  private final Map<String, String> fresh = new HashMap<>(); // New folders, with their places.
  private final Deque<Put> open = new ArrayDeque<>(); // Those whose content is not complete.
  private final Map<String, List<String>> removals = new LinkedHashMap<>();
  private final Set<String> touched = new HashSet<>(); // Folders that need their times again.
  private final Set<String> late = new HashSet<>(); // Those that need them after all else.
  private final TreeSet<String> locked = new TreeSet<>(); // Folders to be made writable first.

  private Plan(List<Change> changes, Folder there, Folder now, Facts facts) {
    this.changes = changes;
    this.there = there;
    this.now = now;
    this.facts = facts;
    this.asTree = facts.links() && !facts.mounts() && changedFolders(changes) > FEW_FOLDERS;
  }

  /**
   * Plans a set.
   *
   * @param changes in the order of {@link Diff}
   * @param there the copy before the set
   * @param now the source
   */
  static Plan of(List<Change> changes, Folder there, Folder now, Facts facts) {
    Plan plan = new Plan(changes, there, now, facts);
    for (Change change : changes) {
      plan.closeFolders(change.path());
      plan.add(change);
    }
    plan.closeFolders(null);
    return plan;
  }

  /** Returns what to write, in this order. */
  List<Item> items() {
    return Collections.unmodifiableList(items);
  }

  /**
   * Returns what to write after the items.
   *
   * @param torn paths of files that changed while they were written: the receiver drops them
   * @param missing paths of files that were not written
   */
  Trailer trailer(Set<String> torn, Set<String> missing) {
    return new Ending(torn, missing).trailer();
  }

  /** Counts the folders of the copy that get a new file or symlink. */
  private static int changedFolders(List<Change> changes) {
    Set<String> created = new HashSet<>();
    Set<String> changed = new HashSet<>();
    for (Change change : changes) {
      if (!(change instanceof Put put)) {
        continue;
      }
      if (!(put.entry() instanceof Folder)) {
        if (!created.contains(parent(put.path()))) {
          changed.add(parent(put.path()));
        }
      } else if (put.fresh()) {
        created.add(put.path());
      }
    }
    return changed.size();
  }

  private void add(Change change) {
    String path = change.path();
    if (change instanceof Delete delete) {
      String list = (delete.first() ? "clear" : "deletes") + (delete.folder() ? "-folders" : "");
      removals.computeIfAbsent(list, none -> new ArrayList<>()).add("./" + path);
      if (delete.locked()) {
        locked.add(path);
      }
      touch(path, touched);
      late.add(parent(path));
    } else if (!(change instanceof Put put)) {
      throw new AssertionError(change);
    } else if (put.entry() instanceof Folder folder) {
      add(put, folder);
    } else if (put.entry() instanceof RegularFile file) {
      items.add(new Item(path, place(path, tree), file.mode(), file));
    } else if (put.entry() instanceof Symlink link) {
      items.add(new Item(path, place(path, tree), 0777, link));
      touch(path, touched);
      late.add(parent(path)); // GNU tar makes links that lead outside at the very end.
    } else {
      throw new AssertionError(put);
    }
  }

  private void add(Put put, Folder folder) {
    if (!put.fresh()) {
      touched.add(put.path());
      return;
    }
    String place = place(put.path(), null);
    fresh.put(put.path(), place);
    open.push(put);
    if (!facts.changesModes()) { // This tar needs a folder that it can write in.
      items.add(item(put.path(), place, folder, 0700));
    }
  }

  /** Marks the folder that holds the path: its time changes when an entry comes or goes. */
  private void touch(String path, Set<String> touched) {
    if (!fresh.containsKey(parent(path))) {
      touched.add(parent(path));
    }
  }

  /**
   * Returns where in the archive a path goes.
   *
   * @param tree null if it must not go there
   */
  private String place(String path, List<String> tree) {
    String outer = path.isEmpty() ? null : fresh.get(parent(path));
    if (outer != null) {
      return join(outer, name(path));
    }
    if (asTree && tree != null) {
      tree.add(path);
      return "./t/" + path;
    }
    return "./n/" + group(path) + "/" + name(path);
  }

  private int group(String path) {
    Group group = lastGroups.get(parent(path));
    if (group == null || group.paths.size() == NAMES_AT_ONCE) {
      group = new Group(groups.size(), parent(path), new ArrayList<>());
      lastGroups.put(parent(path), group);
      groups.add(group);
    }
    group.paths.add(path);
    return group.key;
  }

  /** Writes a new folder's own entry after its content, so that no tar spoils its time and mode. */
  private void closeFolders(String path) {
    while (!open.isEmpty() && (path == null || !path.startsWith(open.peek().path() + "/"))) {
      close(open.pop());
    }
  }

  private void close(Put put) {
    String path = put.path();
    Folder folder = (Folder) put.entry();
    boolean top = !fresh.containsKey(parent(path));
    boolean closed = folder.isLocked() && !facts.superuser();
    if (top) {
      touched.add(parent(path));
    }
    if (closed && (top || !facts.changesModes())) {
      touched.add(path); // To be moved, it has to be writable: its mode follows.
    }
    if (!facts.gnuTar()
        && folder.children().values().stream().anyMatch(Symlink.class::isInstance)) {
      touched.add(path); // Other tars make links at the end: its time follows.
    }
    items.add(item(path, fresh.get(path), folder, closed && top ? 0700 : 0));
  }

  private static Item item(String path, String place, Folder folder, int more) {
    return new Item(path, place, folder.mode() & 07777 | more, folder);
  }

  /** Whether one command gives many folders their modes and times. */
  private boolean stampsAtOnce() {
    return facts.links() && facts.ownsRoot() && facts.changesModes();
  }

  /** Set-id and sticky bits survive a stamp, so a folder that loses one needs a chmod. */
  private boolean losesSpecialBits(String path, Folder folder) {
    return find(there, path) instanceof Folder before
        && (before.mode() & 07000 & ~folder.mode()) != 0;
  }

  /** Works out the trailer, once it is known which files failed. */
  private final class Ending {
    private final Set<String> torn;
    private final Set<String> missing;
    private final List<String> dropped = new ArrayList<>();
    private final TreeSet<String> touched = new TreeSet<>(Plan.this.touched);
    private final TreeSet<String> late = new TreeSet<>(Plan.this.late);
    private final TreeSet<String> locked = new TreeSet<>(Plan.this.locked);
    private final Map<String, Folder> stamped = new LinkedHashMap<>(); // Outer folders first.
    private final List<Item> folders = new ArrayList<>();
    private final List<String> verbs = new ArrayList<>();

    Ending(Set<String> torn, Set<String> missing) {
      this.torn = torn;
      this.missing = missing;
    }

    Trailer trailer() {
      for (Item item : items) {
        if (item.entry() instanceof RegularFile) {
          file(item);
        }
      }
      stamp();
      plan();
      Map<String, String> texts = new LinkedHashMap<>();
      if (!dropped.isEmpty()) {
        texts.put("drop", lines(dropped, "\0"));
      }
      removals.forEach((name, paths) -> texts.put(name, lines(paths, "\0")));
      texts.put("plan", lines(verbs, "\n"));
      return new Trailer(applied(), folders, texts);
    }

    private void file(Item item) {
      if (torn.contains(item.path())) {
        dropped.add(item.place());
        touched.add(parent(item.path())); // The folder has come with the file, and loses it now.
        late.add(parent(item.path()));
      } else if (!missing.contains(item.path())) {
        touch(item.path(), touched);
      }
    }

    private List<Change> applied() {
      List<Change> applied = new ArrayList<>(changes.size() + stamped.size());
      for (Change change : changes) {
        boolean failed = torn.contains(change.path()) || missing.contains(change.path());
        if (!failed || change instanceof Delete) { // A delete makes room for a file that failed.
          applied.add(change);
        }
      }
      stamped.forEach((path, folder) -> applied.add(new Put(path, folder, false)));
      return applied;
    }

    /**
     * Finds the folders that need their modes and times again. A tree brings its own; folders that
     * change after that, or do without a tree, get them from d/.
     */
    private void stamp() {
      if (!facts.ownsRoot()) {
        touched.remove("");
      }
      for (String path : touched) {
        if (find(now, path) instanceof Folder folder) {
          stamped.put(path, folder);
          if (!treeStamps() || losesSpecialBits(path, folder)) {
            late.add(path);
          }
        }
      }
      late.retainAll(stamped.keySet());
      if (treeStamps()) {
        skeleton("./t", stamped.keySet(), late);
      }
      skeleton("./d", late, Set.of());
    }

    private boolean treeStamps() {
      return asTree && stampsAtOnce();
    }

    /**
     * Adds these folders and those around them.
     *
     * @param writable those that need to stay so until the end
     */
    private void skeleton(String place, Collection<String> paths, Set<String> writable) {
      TreeSet<String> all =
          new TreeSet<>(Collections.reverseOrder()); // A folder after its content.
      for (String path : paths) {
        all.add("");
        for (String up = path; !up.isEmpty(); up = parent(up)) {
          all.add(up);
        }
      }
      for (String path : all) {
        Folder folder = (Folder) find(now, path);
        String name = path.isEmpty() ? place : join(place, path);
        folders.add(item(path, name, folder, writable.contains(path) ? 0700 : 0));
      }
    }

    /** The receiver's work in its order: make room, put, delete, then close the folders. */
    private void plan() {
      dropAndUnlock();
      if (removals.containsKey("clear") || removals.containsKey("clear-folders")) {
        verbs.add("clear - -");
      }
      for (Group group : groups) {
        if (!missing.containsAll(group.paths)) {
          verbs.add("into " + group.key + " " + escape(group.folder));
        }
      }
      if (treeStamps() && !stamped.isEmpty() || !missing.containsAll(tree)) {
        verbs.add(treeStamps() ? "tree stamped -" : "tree - -");
      }
      if (removals.containsKey("deletes") || removals.containsKey("deletes-folders")) {
        verbs.add("delete - -");
      }
      if (!late.isEmpty() && stampsAtOnce()) {
        verbs.add("stamp - -");
      }
      List<String> innerFirst = new ArrayList<>(stamped.keySet());
      Collections.reverse(innerFirst);
      for (String path : innerFirst) {
        Folder folder = stamped.get(path);
        if (!stampsAtOnce() || losesSpecialBits(path, folder)) {
          String mode = Integer.toOctalString(folder.mode() & 07777);
          verbs.add("attributes " + mode + " " + escape(path));
        }
      }
    }

    private void dropAndUnlock() {
      if (!dropped.isEmpty()) {
        verbs.add("drop - -");
      }
      if (facts.superuser()) {
        return;
      }
      stamped.forEach(
          (path, folder) -> {
            if (folder.isLocked() && !fresh.containsKey(path)) {
              locked.add(path);
            }
          });
      for (String path : locked) { // Outer folders first.
        verbs.add("unlock - " + escape(path));
      }
    }
  }

  private static String lines(List<String> lines, String end) {
    return lines.isEmpty() ? "" : String.join(end, lines) + end;
  }

  /** Returns a path as one word of the plan that no shell can misread. */
  private static String escape(String path) {
    StringBuilder word = new StringBuilder();
    for (char c : (path.isEmpty() ? "." : path).toCharArray()) {
      if (c < 0x80 && (Character.isLetterOrDigit(c) || "/._-+,@=".indexOf(c) >= 0)) {
        word.append(c);
      } else {
        word.append(String.format("\\0%03o", (int) c));
      }
    }
    return word.toString();
  }
}
