package dev.frep;

import java.util.ArrayList;
import java.util.List;

/**
 * What is known of one copy: what the target has confirmed, and what it may be instead since a set
 * was sent that it has not acknowledged. Both are in a {@link Journal} before they are needed.
 */
final class Known implements AutoCloseable {
  /** No set has this number. */
  private static final long CORRECTION = 0;

  private final Journal journal;
  private final List<Folder> unsure = new ArrayList<>();
  private Folder copy;
  private boolean alone;
  private Folder saved; // The copy as the journal has it; null: it has another.
  private boolean open; // Whether the journal is a file of this run.
  private Folder digested;
  private String digest = "";

  Known(Journal journal) {
    this.journal = journal;
  }

  /** Reads the journal, once. */
  void recall() {
    if (copy == null) {
      Journal.Content content = journal.read();
      copy = content.copy();
      alone = content.alone();
      unsure.addAll(content.unsure());
      saved = unsure.isEmpty() ? copy : null;
    }
  }

  /** The copy as the target has confirmed it. */
  Folder copy() {
    return copy;
  }

  /** The digest of a copy that holds nothing but what frep put there; else empty. */
  String digest() {
    if (!alone || !unsure.isEmpty()) {
      return "";
    }
    if (digested != copy) {
      digest = Record.digest(copy);
      digested = copy;
    }
    return digest;
  }

  /**
   * Takes over what the target has listed.
   *
   * @param listed {@link #copy} itself if the target has confirmed its digest
   * @param foreign whether something counts that frep has not put there; null: never
   * @return what of it counts as the copy, see {@link Tree#match}
   */
  Folder confirm(Folder listed, Folder source, Tree.Belongs foreign) {
    List<Folder> puts = new ArrayList<>(List.of(copy));
    puts.addAll(unsure);
    Tree.Belongs ours =
        (path, entry) -> puts.stream().anyMatch(put -> Tree.isOurs(Tree.find(put, path), entry));
    Folder matched = Tree.match("", source, listed, puts, foreign == null ? ours : foreign);
    assume(matched, listed == copy || Tree.count(listed) == Tree.count(matched));
    return matched;
  }

  /** Takes a tree for what the target has. */
  void assume(Folder tree, boolean isAlone) {
    boolean same = saved != null && alone == isAlone && Record.same(saved, tree);
    copy = tree;
    alone = isAlone;
    unsure.clear();
    saved = same ? tree : null;
  }

  /** Notes a set before it is committed. */
  void sending(long set, List<Change> changes) {
    if (!open || saved == null) {
      write();
    }
    journal.sending(set, changes);
  }

  /** The target has acknowledged a set, and so is this. */
  void acknowledged(long set, Folder result) {
    copy = result;
    saved = saved == null ? null : result;
    journal.acknowledged(set);
    if (journal.isLong()) {
      write();
    }
  }

  /**
   * Of the set that was just acknowledged something has not arrived.
   *
   * @param changes what makes the copy as it is of the one that was acknowledged
   */
  void correct(Folder tree, List<Change> changes) {
    copy = tree;
    if (saved != null) {
      journal.sending(CORRECTION, changes);
      journal.acknowledged(CORRECTION);
      saved = tree;
    }
  }

  /** Nobody knows whether a set has arrived that would have led to this. */
  void unsure(Folder result) {
    unsure.add(result);
    saved = null;
  }

  /** All was sent: from now on the copy shares the objects of the source. */
  void settled(Folder source) {
    boolean same = saved == copy;
    copy = Tree.settled(copy, source);
    saved = same ? copy : null;
  }

  /** Sees to it that the journal has the copy as it is. */
  void save() {
    if (saved == null) {
      write();
    }
  }

  private void write() {
    journal.write(copy, alone);
    saved = copy;
    open = true;
  }

  @Override
  public void close() {
    journal.close();
  }
}
