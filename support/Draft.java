package dev.frep;

import static dev.frep.frep.name;
import static dev.frep.frep.parent;

import dev.frep.frep.Change;
import dev.frep.frep.Delete;
import dev.frep.frep.Entry;
import dev.frep.frep.Folder;
import dev.frep.frep.Put;
import java.util.TreeMap;

/** A snapshot in the making: folders are opened for changes, and closed all at once. */
final class Draft {
  private final Folder base;
  private final TreeMap<String, Object> children;
  private Folder attributes;

  Draft(Folder base) {
    this.base = base;
    this.attributes = base;
    this.children = new TreeMap<>(base.children());
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
      folder.children.remove(name(path));
    } else if (change instanceof Put put) {
      if (!(put.entry() instanceof Folder now)) {
        folder.children.put(name(path), put.entry());
      } else if (put.fresh()) {
        folder.children.put(name(path), now.with(new TreeMap<>()));
      } else if (open(path) != null) {
        open(path).attributes = now;
      }
    }
  }

  private Draft open(String path) {
    Draft draft = this;
    for (String name : path.isEmpty() ? new String[0] : path.split("/")) {
      Object child = draft == null ? null : draft.children.get(name);
      if (child instanceof Folder folder) {
        child = new Draft(folder);
        draft.children.put(name, child);
      }
      draft = child instanceof Draft open ? open : null;
    }
    return draft;
  }

  Folder close() {
    TreeMap<String, Entry> closed = new TreeMap<>();
    children.forEach(
        (name, child) ->
            closed.put(name, child instanceof Draft draft ? draft.close() : (Entry) child));
    return new Folder(attributes.mode(), attributes.modified(), attributes.inode(), closed);
  }
}
