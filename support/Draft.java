package dev.frep;

import static dev.frep.frep.name;
import static dev.frep.frep.parent;

import dev.frep.frep.Change;
import dev.frep.frep.Delete;
import dev.frep.frep.Entry;
import dev.frep.frep.Folder;
import dev.frep.frep.Put;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

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
    Draft folder = open(parent(path));
    if (folder == null) {
      return;
    }
    if (change instanceof Delete) {
      folder.put(name(path), null);
    } else if (change instanceof Put put) {
      if (!(put.entry() instanceof Folder now)) {
        folder.put(name(path), put.entry());
      } else if (put.fresh()) {
        folder.put(name(path), now.with(new TreeMap<>()));
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
