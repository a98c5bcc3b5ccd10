package dev.frep;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The sets on their way to a target, in order, and what the copy is once each has arrived. */
final class Flight {
  /** So many may wait for their outcome, so that the link need not stand still meanwhile. */
  private static final int MOST = 2;

  /** A set on its way, and the copy before and once it has arrived. */
  record Sent(
      long number, List<Change> changes, Folder before, Folder result, long bytes, Pace.Trip trip) {
    Sent with(List<Change> others, Folder base, Folder copy) {
      return new Sent(number, others, base, copy, bytes, trip);
    }

    /** The same set, of which only some changes have arrived. */
    Sent arrived(List<Change> some) {
      return with(some, before, Tree.apply(before, some));
    }
  }

  private final Deque<Sent> sets = new ArrayDeque<>();

  boolean isEmpty() {
    return sets.isEmpty();
  }

  boolean isFull() {
    return sets.size() == MOST;
  }

  void add(Sent set) {
    sets.add(set);
  }

  /** The set that an outcome is about: outcomes come in order. */
  Sent take(Outcome outcome) throws Failure {
    Sent sent = sets.poll();
    if (sent == null || sent.number != outcome.set()) {
      throw Link.notSent();
    }
    return sent;
  }

  /** Takes all sets: nobody will say what becomes of them. */
  List<Sent> takeAll() {
    List<Sent> all = new ArrayList<>(sets);
    sets.clear();
    return all;
  }

  /** The sets are built on another copy; returns what that is once all have arrived. */
  Folder rebase(Folder copy) {
    Folder base = copy;
    for (Sent sent : takeAll()) {
      Folder result = Tree.apply(base, sent.changes);
      add(sent.with(sent.changes, base, result));
      base = result;
    }
    return base;
  }
}
