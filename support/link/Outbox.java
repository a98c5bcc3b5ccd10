package dev.frep;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.ToLongFunction;

/**
 * Chooses what goes to a target next. Holds no thread, reads no clock and no disk: every moment is
 * an argument, in nanoseconds of {@link System#nanoTime}.
 */
final class Outbox {
  private static final int MOST_CHANGES = 20_000;

  /** So many bytes do not hold up the rest, so they may overtake it. */
  private static final long URGENT = 1 << 20;

  /** A change weighs this besides its content: a header and what rounds it up. */
  private static final int HEADER = 1024;

  /** A file that changes all the time, as a log does, holds up the verdict on the rest for this. */
  private static final Duration RESTLESS = Duration.ofSeconds(10);

  /** A file that changed while it was read is tried again after this. */
  private static final Duration SETTLE = Duration.ofSeconds(1);

  private static final Duration RETRY = Duration.ofSeconds(2);

  /** How often to ask for a folder that others keep: often enough for something so rare. */
  private static final Duration KEPT = Duration.ofSeconds(30);

  private static final int MOST_RETRY_PAUSES = 5;

  /** Longer than any run. */
  private static final long NEVER = Long.MAX_VALUE / 2;

  /**
   * What goes next.
   *
   * @param changes of this set
   * @param all that is missing, these among them
   * @param urgent whether they overtake others
   * @param continued whether this goes on where the batch before ended
   */
  record Batch(List<Change> changes, List<Change> all, boolean urgent, boolean continued) {
    boolean isAll() {
      return changes.size() == all.size();
    }
  }

  /**
   * A path that waits until its entry changes, or until a moment.
   *
   * @param kept a folder that stays only since it holds something of others
   */
  private record Held(Entry entry, long until, boolean kept) {
    boolean isOver(Entry wanted, long now) {
      return !Objects.equals(entry, wanted) || until - now < 0;
    }
  }

  private final BiFunction<Folder, Folder, List<Change>> diff;
  private final Map<String, Held> held = new HashMap<>();
  private final Set<String> slip = new HashSet<>();
  private final Map<String, Long> restless = new HashMap<>();
  private int mostChanges = MOST_CHANGES;
  private boolean mayDelete = true;
  private int failures;
  private long restUntil;
  private Folder lastWanted;

  // What is left of the batch before, so that not all is compared anew for each set of many.
  private List<Change> rest = List.of();
  private Folder restOf;
  private Folder restWanted;

  /**
   * @param diff what makes one tree of another, in the order of work
   */
  Outbox(BiFunction<Folder, Folder, List<Change>> diff) {
    this.diff = diff;
  }

  /** Whether deletes may go; else they wait for ever. */
  void mayDelete(boolean may) {
    mayDelete = may;
  }

  /** All that is missing, what is held included. */
  List<Change> missing(Folder copy, Folder wanted) {
    return restOf == copy && restWanted == wanted ? rest : diff.apply(copy, wanted);
  }

  /**
   * The next set; it has no changes if all that is missing is held.
   *
   * @param copy the tree that the target has once all sets on their way have arrived
   * @param most the weight of a set in bytes, by all that is missing
   */
  Batch next(Folder copy, Snapshot goal, ToLongFunction<List<Change>> most, long now) {
    Folder wanted = goal.root();
    boolean continued = restOf == copy && restWanted == wanted;
    List<Change> all = missing(copy, wanted);
    held.entrySet().removeIf(hold -> hold.getValue().isOver(Tree.find(wanted, hold.getKey()), now));
    long weight = most.applyAsLong(all);
    List<Change> urgent = rests(now) ? deletes(all) : urgent(all, copy, goal, weight);
    List<Change> changes = cut(urgent.isEmpty() && !rests(now) ? all : urgent, all, weight);
    if (changes.isEmpty()) {
      restless.keySet().retainAll(held.keySet());
    }
    return new Batch(changes, all, !urgent.isEmpty(), continued);
  }

  /** What makes room, where much has failed. */
  private static List<Change> deletes(List<Change> all) {
    return all.stream().filter(c -> c instanceof Delete delete && !delete.first()).toList();
  }

  /** What has just changed, if it is little and more was waiting: a save overtakes a long copy. */
  private List<Change> urgent(List<Change> all, Folder copy, Snapshot goal, long most) {
    Folder before = lastWanted;
    lastWanted = goal.whole() ? goal.root() : null;
    if (before == null || before == goal.root() || isLighter(all, most)) {
      return List.of();
    }
    Set<String> paths = new HashSet<>();
    diff.apply(before, goal.root()).forEach(change -> paths.add(change.path()));
    List<Change> urgent =
        all.stream()
            .filter(change -> paths.contains(change.path()))
            .filter(change -> Tree.find(copy, Tree.parent(change.path())) instanceof Folder)
            .toList();
    return isLighter(urgent, URGENT) ? urgent : List.of();
  }

  /**
   * The first part of some changes that makes a set, without what must wait.
   *
   * @param all a folder is deleted only together with, or after, every delete in it
   */
  private List<Change> cut(List<Change> some, List<Change> all, long most) {
    Set<String> chosen = some == all ? null : paths(some);
    Set<String> absent = new HashSet<>(); // Nothing can be put there, or below.
    Set<String> stays = new HashSet<>(); // Folders in which something stays.
    List<Change> set = new ArrayList<>();
    long weight = 0;
    boolean mayEnd = true; // What makes room and what comes there go together.
    for (Change change : all) {
      if (mayEnd && (set.size() >= mostChanges || weight >= most)) {
        break;
      }
      mayEnd = !(change instanceof Delete delete && delete.first());
      boolean waits = chosen != null && !chosen.contains(change.path());
      if (change instanceof Delete delete) {
        boolean slips = slip.contains(change.path());
        if (waits || slips || !mayDelete || stays.contains(change.path()) || isHeld(change)) {
          for (String up = change.path(); !up.isEmpty(); up = Tree.parent(up)) {
            stays.add(up);
          }
          if (delete.first()) {
            absent.add(change.path());
          }
          continue;
        }
      } else if (waits || isIn(absent, change.path()) || isHeld(change)) {
        if (!isUpdate(change)) { // A folder whose attributes wait is there all the same.
          absent.add(change.path());
        }
        continue;
      }
      set.add(change);
      weight += weight(change);
    }
    return set;
  }

  private static boolean isIn(Set<String> absent, String path) {
    return !absent.isEmpty() && (absent.contains(path) || absent.contains(Tree.parent(path)));
  }

  private static Set<String> paths(List<Change> changes) {
    Set<String> paths = new HashSet<>();
    changes.forEach(change -> paths.add(change.path()));
    return paths;
  }

  private boolean isHeld(Change change) {
    Held hold = held.get(change.path());
    Entry entry = change instanceof Put put ? put.entry() : null;
    return hold != null && (entry == null || entry.equals(hold.entry));
  }

  /** Whether a path waits for something. */
  boolean isHeld(String path) {
    return held.containsKey(path);
  }

  /** Whether something waits no longer. */
  boolean isOver(long now) {
    return held.values().stream().anyMatch(hold -> hold.until - now < 0);
  }

  /** Lets a path wait until its entry changes, or until a moment. */
  void hold(String path, Entry entry, long until) {
    held.put(path, new Held(entry, until, false));
  }

  /** Lets a file wait that changed while it was read. */
  void holdRestless(String path, Entry entry, long now) {
    hold(path, entry, now + SETTLE.toNanos());
    restless.putIfAbsent(path, now);
  }

  /**
   * A batch is on its way: the next one of a long copy begins where this one ends.
   *
   * @param applied the changes of the batch that were sent
   * @return the copy once they have arrived
   */
  Folder sent(Batch batch, List<Change> applied, Folder copy, Folder wanted) {
    restless.keySet().retainAll(held.keySet());
    boolean inOrder = held.isEmpty() && !batch.urgent;
    boolean last = batch.isAll();
    Folder result = inOrder && last ? Tree.settled(copy, wanted) : Tree.apply(copy, applied);
    rest = inOrder && !last ? batch.all.subList(batch.changes.size(), batch.all.size()) : List.of();
    restOf = inOrder && !last ? result : null;
    restWanted = wanted;
    return result;
  }

  /** Sets arrive: they may grow again. */
  void acknowledged() {
    mostChanges = Math.min(MOST_CHANGES, mostChanges * 2);
    failures = 0;
  }

  /**
   * A set failed: smaller ones find the path at fault, and that waits.
   *
   * @param again whether to try that path again
   * @return the changes that are at fault; empty as long as they are not found
   */
  List<Change> failed(List<Change> changes, boolean again, long now) {
    restOf = null;
    List<Change> alone = changes.stream().filter(Outbox::standsAlone).toList();
    mostChanges = Math.max(1, alone.size() / 2);
    if (alone.size() > 1) {
      return List.of();
    }
    failures++;
    long until =
        again ? now + RETRY.toNanos() * Math.min(failures, MOST_RETRY_PAUSES) : NEVER + now;
    for (Change change : changes) {
      hold(change.path(), change instanceof Put put ? put.entry() : null, until);
    }
    if (again && failures > 2) { // Not one path's matter: a full disk need not be asked often.
      restUntil = until;
    }
    return alone.isEmpty() ? changes : alone;
  }

  /** The changes of a set that have arrived if these paths have not. */
  static List<Change> without(List<Change> changes, List<String> left) {
    Set<String> paths = new HashSet<>(left);
    List<Change> arrived = new ArrayList<>();
    for (Change change : changes) {
      boolean stays = paths.contains(isUpdate(change) ? attributes(change) : change.path());
      for (String up = change.path(); change instanceof Put && !stays && !up.isEmpty(); ) {
        up = Tree.parent(up);
        stays = !up.isEmpty() && paths.contains(up);
      }
      if (!stays) {
        arrived.add(change);
      }
    }
    return arrived;
  }

  /** How the receiver tells that the attributes of a folder are not as they should be. */
  private static String attributes(Change change) {
    return change.path().isEmpty() ? "." : change.path() + "/.";
  }

  /**
   * Changes of a set have not arrived: they wait, and go again.
   *
   * @return those that failed; a folder in which something of others stays has not
   */
  List<Change> left(List<Change> changes, long now) {
    restOf = null;
    Set<String> stays = new HashSet<>();
    List<Change> failed = new ArrayList<>();
    for (Change change : changes) {
      Entry entry = change instanceof Put put ? put.entry() : null;
      boolean kept = change instanceof Delete d && d.folder() && !stays.contains(change.path());
      Duration wait = kept ? KEPT : RETRY;
      held.put(change.path(), new Held(entry, now + wait.toNanos(), kept));
      if (!kept) {
        failed.add(change);
        stays.addAll(above(change.path()));
      }
    }
    failed.removeIf(change -> change instanceof Delete d && d.folder());
    return failed;
  }

  private static List<String> above(String path) {
    List<String> above = new ArrayList<>();
    for (String up = Tree.parent(path); !up.isEmpty(); up = Tree.parent(up)) {
      above.add(up);
    }
    return above;
  }

  /** Whether a folder waits only for others to remove what they have put into it. */
  boolean isKept(Change change) {
    Held hold = held.get(change.path());
    return change instanceof Delete && hold != null && hold.kept;
  }

  /** How many sets of one path have failed in a row. */
  int failures() {
    return failures;
  }

  /** Whether nothing but deletes goes for a while, since so much has failed. */
  boolean rests(long now) {
    return failures > 2 && restUntil - now > 0;
  }

  /** Neither comes along with a change in a folder, nor makes room for one. */
  private static boolean standsAlone(Change change) {
    return !isUpdate(change) && !(change instanceof Delete delete && delete.first());
  }

  /** Whether a file that changed while it was read is tried again soon. */
  boolean isRestless(long now) {
    return restless.values().stream().anyMatch(since -> now - since <= RESTLESS.toNanos());
  }

  /** Files that keep changing for too long to wait for them. */
  List<String> neverQuiet(long now) {
    return restless.entrySet().stream()
        .filter(since -> now - since.getValue() > RESTLESS.toNanos())
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Returns a failure if there are so many deletes that they look like a slip, else null.
   *
   * @param copy the tree that the changes apply to
   */
  static Failure slip(Options.Copying options, List<Change> changes, Folder copy) {
    long deletes = changes.stream().filter(Delete.class::isInstance).count();
    boolean given = options.maxDelete() >= 0;
    if (given ? deletes <= options.maxDelete() : deletes <= 100 || options.cleanOutFirst()) {
      return null;
    }
    long all = Tree.count(copy);
    return given || deletes > all / 2
        ? new Failure(
            Exit.DELETES,
            deletes + " of " + all + " paths would be deleted: stopped before the first",
            "if that is intended: --max-delete " + deletes)
        : null;
  }

  /** Holds back all deletes among some changes; returns whether any of them was not held. */
  boolean holdsDeletes(List<Change> changes) {
    return slip.addAll(
        changes.stream().filter(Delete.class::isInstance).map(Change::path).toList());
  }

  /** Lets the deletes go that were held back. */
  void releaseDeletes() {
    slip.clear();
  }

  boolean holdsDeletes() {
    return !slip.isEmpty();
  }

  /** A folder was there before: often only its time follows what has changed in it. */
  static boolean isUpdate(Change change) {
    return change instanceof Put put && !put.fresh() && put.entry() instanceof Folder;
  }

  static long weight(List<Change> changes) {
    return changes.stream().mapToLong(Outbox::weight).sum();
  }

  private static long weight(Change change) {
    return HEADER
        + (change instanceof Put put && put.entry() instanceof RegularFile file ? file.size() : 0);
  }

  /** Whether changes weigh less; stops as soon as the limit is reached. */
  static boolean isLighter(List<Change> changes, long limit) {
    long weight = 0;
    for (Change change : changes) {
      weight += weight(change);
      if (weight >= limit) {
        return false;
      }
    }
    return true;
  }
}
