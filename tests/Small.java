package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Small trees and changes as words.
 *
 * <pre>
 *   a/        a folder; a/=700: with that mode
 *   a/f       a file; f=5: of that size; f@7: of that time in seconds; f#8: with that ctime
 *   l->to     a symlink
 *   i!        ignored; u?  unreadable
 * </pre>
 *
 * <p>Of changes: {@code +a/} makes a folder, {@code ~a/} sets its attributes, {@code f} puts,
 * {@code -f} deletes, {@code --f} deletes to make room.
 */
final class Small {
  private Small() {}

  static Folder tree(String words) {
    var root = new Folder(0755, 0, 0, Folder.NO_CHILDREN);
    for (var word : words.isBlank() ? new String[0] : words.strip().split("\\s+")) {
      var end = word.replaceFirst("(->|[=@#!?]).*", "").replaceFirst("/$", "");
      root = with(root, end, word.substring(end.length()));
    }
    return root;
  }

  private static Folder with(Folder folder, String path, String what) {
    var children = new TreeMap<>(folder.children());
    var slash = path.indexOf('/');
    if (slash < 0) {
      children.put(path, entry(what));
    } else {
      var name = path.substring(0, slash);
      var inner =
          children.get(name) instanceof Folder known
              ? known
              : new Folder(0755, 0, 0, Folder.NO_CHILDREN);
      children.put(name, with(inner, path.substring(slash + 1), what));
    }
    return folder.with(children);
  }

  private static Entry entry(String what) {
    if (what.startsWith("/")) {
      var mode = what.contains("=") ? Integer.parseInt(what.substring(2), 8) : 0755;
      return new Folder(mode, 0, 0, Folder.NO_CHILDREN);
    } else if (what.startsWith("->")) {
      return new Symlink(what.substring(2), 0);
    } else if (what.equals("!")) {
      return Closed.IGNORED;
    } else if (what.equals("?")) {
      return Closed.UNREADABLE;
    }
    return new RegularFile(
        0644,
        number(what, '='),
        number(what, '@') * 1_000_000_000,
        number(what, '#') * 1_000_000_000,
        0,
        0);
  }

  private static long number(String what, char sign) {
    var text = what.replaceFirst("^[^" + sign + "]*", "").replaceFirst("^.([0-9]*).*", "$1");
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }

  /** The words of a tree, as {@link #tree} takes them. */
  static String words(Folder tree) {
    var words = new ArrayList<String>();
    words("", tree, words);
    return String.join(" ", words);
  }

  private static void words(String path, Folder folder, List<String> words) {
    folder
        .children()
        .forEach(
            (name, child) -> {
              var at = Tree.join(path, name);
              if (child instanceof Folder inner) {
                if (inner.children().isEmpty() || inner.mode() != 0755) {
                  var mode = inner.mode() == 0755 ? "" : "=" + Integer.toOctalString(inner.mode());
                  words.add(at + "/" + mode);
                }
                words(at, inner, words);
              } else if (child instanceof Symlink link) {
                words.add(at + "->" + link.target());
              } else if (child instanceof RegularFile file) {
                words.add(at + word('=', file.size()) + word('@', file.modified() / 1_000_000_000));
              } else {
                words.add(at + (child == Closed.IGNORED ? "!" : "?"));
              }
            });
  }

  private static String word(char sign, long number) {
    return number == 0 ? "" : "" + sign + number;
  }

  /** The words of changes. */
  static String words(List<Change> changes) {
    return String.join(" ", changes.stream().map(Small::word).toList());
  }

  private static String word(Change change) {
    if (change instanceof Delete delete) {
      return (delete.first() ? "--" : "-") + delete.path() + (delete.folder() ? "/" : "");
    }
    var put = (Put) change;
    if (put.entry() instanceof Folder) {
      return (put.fresh() ? "+" : "~") + put.path() + "/";
    }
    return put.path();
  }
}
