package dev.frep;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tells what becomes of one copy, and nothing twice. */
final class Report {
  private final Options options;
  private final Console console;
  private final Map<String, String> complaints = new HashMap<>();
  private Summary firstCopy = new Summary();
  private Event told;
  private boolean fullDiskTold;
  private boolean refusalTold;

  Report(Options options, Console console) {
    this.options = options;
    this.console = console;
  }

  /** The target is ready for the first time. */
  void started(Facts facts) {
    console.tell(new Event.Started(Names.ofAll(options.source()), options.copy()));
    if (!facts.gnuTar()) {
      console.say("no GNU tar at the target: " + facts.tar() + " is used instead");
    }
  }

  /** Warns of a disk that the first copy will fill; some file systems hold more than they say. */
  void needs(Folder source, Folder copy, long free) {
    if (fullDiskTold) {
      return;
    }
    fullDiskTold = true;
    long more = source == copy ? 0 : Tree.contentBytes(source) - Tree.contentBytes(copy);
    if (more > free) {
      console.error(
          Text.bytes(more) + " more are needed at the target, " + Text.bytes(free) + " are free",
          "make room at the target, or leave something out with --exclude");
    }
  }

  /** So many deletes are held back that they look like a slip. */
  void holdsDeletes(Failure slip) {
    console.tell(
        new Event.DeletesHeld(
            slip.getMessage().replaceFirst(": .*", ": held back"),
            slip.hint + "; they go by themselves once the source is whole again"));
  }

  /** Deletes are missing that the target must not make. */
  void refusesDeletes(String guard) {
    if (!refusalTold) {
      refusalTold = true;
      console.error(
          Names.show(options.copy()) + " " + Refusal.delete(guard) + ": nothing is deleted in it",
          Refusal.DELETE_HINT);
    }
  }

  /** The target has acknowledged a set that was begun at this time of System.nanoTime. */
  void acknowledged(List<Change> changes, long bytes, long begun) {
    told = null;
    if (!complaints.isEmpty()) {
      changes.forEach(change -> complaints.remove(change.path()));
    }
    console.tell(new Event.Applied(Summary.named(changes)));
    if (firstCopy == null) {
      console.tell(Summary.of(changes, bytes, begun));
    } else {
      firstCopy.add(changes, bytes);
    }
  }

  /** There is no first copy to be told of. */
  void assumed() {
    firstCopy = null;
    console.say("assumed to be up to date; changes follow");
  }

  /**
   * All that can be sent is acknowledged.
   *
   * @param missing how many paths still differ
   * @param again whether to say it though it was said before
   * @return whether this was the first copy
   */
  boolean settled(long missing, boolean again) {
    boolean first = firstCopy != null;
    if (first) {
      console.tell(firstCopy.first(missing == 0));
      firstCopy = null;
    }
    Event now = missing == 0 ? new Event.InStep() : new Event.OutOfStep(missing);
    if (again || !now.equals(told)) {
      told = now;
      console.tell(now);
    }
    return first;
  }

  /** The link is lost: what is said next is news again. */
  void lost() {
    told = null;
  }

  /**
   * A path cannot be written at the target.
   *
   * @param said what the target's tools said
   * @return whether that is news
   */
  boolean cannotPut(String path, List<String> said, boolean isTriedAgain) {
    String why = Refusal.gist(said);
    boolean news = !why.equals(complaints.put(path, why));
    if (news) {
      console.tell(
          new Event.Problem(
              path.isEmpty() ? options.name() : path,
              "cannot be written at the target: " + why,
              Refusal.hintFor(said) + (isTriedAgain ? "; frep tries again" : "")));
    }
    return news;
  }
}
