package dev.frep;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/**
 * One path of a tree and what stands at it, as a line of text. A listing, its digest and the cache
 * have this form:
 *
 * <pre>
 *   d MODE TIME PATH         a folder
 *   f MODE SIZE TIME PATH    a file
 *   l PATH//TARGET           a symlink
 *   KIND PATH                anything else; KIND is a letter
 * </pre>
 *
 * <p>MODE is octal, SIZE in bytes, TIME in seconds since 1970. PATH is as bytes, one a char, and
 * empty for the copy itself. In the cache TIME has nine digits after a point, and for a file the
 * time of its last change of any kind, its inode and its edition follow, each after a comma.
 *
 * @param path as bytes
 * @param entry a folder has no children; a path of another kind is a file with mode -1
 */
record Record(String path, Entry entry) {
  private static final long SECOND = 1_000_000_000L;
  private static final long FARTHEST = 9_000_000_000L;

  /**
   * Reads a record.
   *
   * @throws IllegalArgumentException if the text is none
   */
  static Record parse(String text) {
    try {
      return new Fields(text).record();
    } catch (IndexOutOfBoundsException broken) {
      throw new IllegalArgumentException("not a record: " + text, broken);
    }
  }

  /** The record of an entry in a listing; null for what no listing has. */
  static String listed(String path, Entry entry) {
    if (entry instanceof RegularFile file && file.mode() >= 0) {
      return head('f', file.mode())
          + file.size()
          + " "
          + Tree.seconds(file.modified())
          + " "
          + path;
    } else if (entry instanceof Folder folder) {
      return head('d', folder.mode()) + Tree.seconds(folder.modified()) + " " + path;
    } else if (entry instanceof Symlink link) {
      return "l " + path + "//" + link.target();
    }
    return null;
  }

  /** The record of an entry in the cache, which keeps all that frep knows of it. */
  static String cached(String path, Entry entry) {
    if (entry instanceof RegularFile file && file.mode() >= 0) {
      return head('f', file.mode())
          + (file.size() + " " + time(file.modified()) + "," + time(file.changed()))
          + ("," + file.inode() + "," + file.edition() + " " + path);
    } else if (entry instanceof Folder folder) {
      return head('d', folder.mode()) + time(folder.modified()) + " " + path;
    } else if (entry instanceof Symlink link) {
      return "l " + path + "//" + link.target();
    }
    return "? " + path;
  }

  private static String head(char kind, int mode) {
    return kind + " " + Integer.toOctalString(mode) + " ";
  }

  private static String time(long nanos) {
    long fraction = Math.floorMod(nanos, SECOND);
    String seconds = Long.toString(Math.floorDiv(nanos, SECOND));
    return fraction == 0 ? seconds : seconds + "." + Long.toString(SECOND + fraction).substring(1);
  }

  /** Hands on each path below a folder and the folder itself, each folder before its children. */
  static void walk(String path, Entry entry, BiConsumer<String, Entry> to) {
    to.accept(path, entry);
    if (entry instanceof Folder folder) {
      for (Map.Entry<String, Entry> child : folder.children().entrySet()) {
        walk(Tree.join(path, child.getKey()), child.getValue(), to);
      }
    }
  }

  /** Whether two trees have the same records in the cache. */
  static boolean same(Entry a, Entry b) {
    if (a == b) {
      return true;
    } else if (a instanceof Symlink link && b instanceof Symlink other) {
      return link.target().equals(other.target());
    } else if (!(a instanceof Folder) || !(b instanceof Folder)) {
      return a.equals(b);
    }
    Folder one = (Folder) a;
    Folder other = (Folder) b;
    boolean same = one.mode() == other.mode() && one.modified() == other.modified();
    var left = kept(one).iterator();
    var right = kept(other).iterator();
    while (same && left.hasNext() && right.hasNext()) {
      Map.Entry<String, Entry> x = left.next();
      Map.Entry<String, Entry> y = right.next();
      same = x.getKey().equals(y.getKey()) && same(x.getValue(), y.getValue());
    }
    return same && left.hasNext() == right.hasNext();
  }

  private static List<Map.Entry<String, Entry>> kept(Folder folder) {
    return folder.children().entrySet().stream()
        .filter(child -> !(child.getValue() instanceof Closed))
        .toList();
  }

  /**
   * The SHA-256 of a tree's sorted records, each ended by a NUL, in hexadecimal: receiver.sh makes
   * the same of what it finds.
   *
   * @return empty if the tree is empty, or not all of it is known
   */
  static String digest(Folder tree) {
    List<byte[]> records = new ArrayList<>();
    boolean[] known = {!tree.children().isEmpty()};
    walk(
        "",
        tree,
        (path, entry) -> {
          String text = listed(path, entry);
          if (text != null) {
            records.add((text + "\0").getBytes(StandardCharsets.ISO_8859_1));
          }
          known[0] &= text != null || entry instanceof Closed;
        });
    if (!known[0]) {
      return "";
    }
    records.sort(Arrays::compareUnsigned);
    MessageDigest sum = sha256();
    records.forEach(sum::update);
    sum.update("whole\0".getBytes(StandardCharsets.ISO_8859_1)); // find has seen all there is.
    return HexFormat.of().formatHex(sum.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException never) {
      throw new AssertionError(never); // Every Java has it.
    }
  }

  /** A time in nanoseconds; one beyond three centuries from 1970 is cut. */
  static long nanos(long seconds) {
    return Math.max(-FARTHEST, Math.min(FARTHEST, seconds)) * SECOND;
  }

  /** Takes the fields of a record one by one: to split them all costs three times as much. */
  private static final class Fields {
    private final String text;
    private int at = 2;

    Fields(String text) {
      this.text = text;
    }

    Record record() {
      if (text.charAt(1) != ' ') {
        throw new IllegalArgumentException("not a record: " + text);
      }
      switch (text.charAt(0)) {
        case 'd':
          int mode = (int) number(8, ' ');
          long modified = time(' ');
          return new Record(text.substring(at), new Folder(mode, modified, 0, Folder.NO_CHILDREN));
        case 'f':
          return file();
        case 'l':
          int end = text.indexOf("//", at);
          Symlink link = new Symlink(text.substring(end + 2), 0);
          return new Record(text.substring(at, end), link);
        default:
          return new Record(text.substring(at), new RegularFile(-1, 0, 0, 0, 0, 0));
      }
    }

    private Record file() {
      int mode = (int) number(8, ' ');
      long size = number(10, ' ');
      int blank = text.indexOf(' ', at);
      int comma = text.indexOf(',', at);
      if (comma < 0 || comma > blank) {
        RegularFile file = new RegularFile(mode, size, time(' '), 0, 0, 0);
        return new Record(text.substring(at), file);
      }
      long modified = time(',');
      long changed = time(',');
      long inode = number(10, ',');
      int edition = (int) number(10, ' ');
      RegularFile file = new RegularFile(mode, size, modified, changed, inode, edition);
      return new Record(text.substring(at), file);
    }

    private long number(int radix, char end) {
      int start = at;
      at = text.indexOf(end, start) + 1;
      return Long.parseLong(text, start, at - 1, radix);
    }

    /** Nanoseconds; of more than nine digits after the point the rest is cut off. */
    private long time(char end) {
      int start = at;
      at = text.indexOf(end, start) + 1;
      int point = text.indexOf('.', start);
      if (point < 0 || point >= at) {
        return nanos(Long.parseLong(text, start, at - 1, 10));
      }
      long fraction = 0;
      for (int i = 1; i <= 9; i++) {
        int digit = point + i < at - 1 ? Character.digit(text.charAt(point + i), 10) : 0;
        fraction = fraction * 10 + digit;
      }
      return nanos(Long.parseLong(text, start, point, 10)) + fraction;
    }
  }

  /** Builds a tree of records: each folder comes before what is in it. */
  static final class Builder {
    /** A name that is empty, a dot or two. */
    private static final Pattern LEADS_AWAY = Pattern.compile("(^|/)(\\.\\.?)?(/|\\z)");

    private final List<String> prefixes = new ArrayList<>(); // Of open folders: "", "a/", "a/b/".
    private final List<TreeMap<String, Entry>> open = new ArrayList<>();
    private Folder root = Folder.NONE;

    /**
     * Adds a path; one whose folder was not added is left out, since that went away meanwhile.
     *
     * @throws IllegalArgumentException if the path could lead elsewhere
     */
    void add(String path, Entry entry) {
      while (!prefixes.isEmpty() && !path.startsWith(prefixes.get(prefixes.size() - 1))) {
        prefixes.remove(prefixes.size() - 1);
        open.remove(open.size() - 1);
      }
      String prefix = prefixes.isEmpty() ? "" : prefixes.get(prefixes.size() - 1);
      String name = path.substring(prefix.length());
      boolean isRoot = path.isEmpty();
      if (!isRoot && (open.isEmpty() || LEADS_AWAY.matcher(name).find())) {
        throw new IllegalArgumentException("a listing that is out of order");
      } else if (name.indexOf('/') >= 0) {
        return;
      }
      Entry added = entry;
      TreeMap<String, Entry> children = null;
      if (entry instanceof Folder folder) {
        children = new TreeMap<>();
        added = folder.with(children);
      }
      if (!isRoot) {
        open.get(open.size() - 1).put(name, added);
      } else if (added instanceof Folder folder && open.isEmpty()) {
        root = folder;
      } else {
        throw new IllegalArgumentException("a listing that is out of order");
      }
      if (children != null) {
        prefixes.add(isRoot ? "" : path + "/");
        open.add(children);
      }
    }

    /** The tree; {@link Folder#NONE} if nothing was added. */
    Folder build() {
      return root;
    }
  }
}
