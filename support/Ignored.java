package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Folders that were sent before the rules left them out. What frep has put into the copy goes when
 * the source has it no more, whatever the rules say by then; the rest of the folder is left alone.
 */
final class Ignored {
  private final List<Folder> copies = new CopyOnWriteArrayList<>();

  /** A target has this copy from a former run. */
  void sentBefore(Folder copy) {
    copies.add(copy);
  }

  /** Whether a copy has something of a folder that the rules leave out by now. */
  static boolean touches(Folder copy, Folder source) {
    if (copy == source) {
      return false;
    }
    for (Map.Entry<String, Entry> child : copy.children().entrySet()) {
      Entry now = source.children().get(child.getKey());
      if (child.getValue() instanceof Folder sent
          && (now instanceof Closed || now instanceof Folder inner && touches(sent, inner))) {
        return true;
      }
    }
    return false;
  }

  /**
   * The entry of an ignored folder.
   *
   * @param before what was known of it
   */
  Closed of(String path, Path file, Entry before) throws IOException {
    Folder sent = before instanceof Folder folder ? folder : null;
    sent = before instanceof Closed closed ? closed.inside() : sent;
    for (Folder copy : copies) {
      if (sent == null && Tree.find(copy, path) instanceof Folder folder) {
        sent = folder;
      }
    }
    return sent == null ? Closed.IGNORED : new Closed(true, remains(file, sent));
  }

  private static Folder remains(Path folder, Folder sent) throws IOException {
    TreeMap<String, Entry> children = new TreeMap<>(sent.children());
    children.keySet().retainAll(Names.list(folder).keySet());
    for (Map.Entry<String, Entry> child : children.entrySet()) {
      Path file = Names.in(folder, child.getKey());
      if (child.getValue() instanceof Folder inner
          && Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
        child.setValue(remains(file, inner));
      }
    }
    return sent.with(children);
  }
}
