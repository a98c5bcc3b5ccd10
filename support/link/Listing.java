package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the target says is there, and how it stands to what is here. */
final class Listing {
  /** Of a form without GNU find, a record tells of as many paths as a command may have. */
  private static final int LONGEST_RECORD = 1 << 23;

  private Listing() {}

  /**
   * Reads a listing as receiver.sh writes it.
   *
   * @param stat the form without GNU find
   * @param sign called now and then while records arrive
   */
  static Folder read(Intake intake, boolean stat, Runnable sign) throws IOException {
    Records in = new Records(intake);
    Builder builder = new Builder();
    if (stat) {
      readStat(in, builder, sign);
    } else {
      for (String record; !(record = in.next()).isEmpty(); ) {
        String target = in.next();
        Words words = new Words(record);
        int depth = Math.toIntExact(words.number(10));
        int type = words.type();
        int mode = Math.toIntExact(words.number(8));
        long size = words.number(10);
        long seconds = words.number(10);
        builder.add(depth, words.rest(), type, mode, size, seconds, target);
        sign.run();
      }
    }
    return builder.build();
  }

  /** Words with a blank after each, taken one by one: to split them all would cost much more. */
  private static final class Words {
    private final String text;
    private int at;

    Words(String text) {
      this.text = text;
    }

    long number(int radix) {
      int start = at;
      at = text.indexOf(' ', start) + 1;
      return Long.parseLong(text, start, at - 1, radix);
    }

    int type() {
      char letter = text.charAt(at);
      at += 2;
      return letter == 'f' ? FILE : letter == 'd' ? FOLDER : letter == 'l' ? LINK : 0;
    }

    String rest() {
      return text.substring(at);
    }
  }

  private static final int FILE = 0100000;
  private static final int FOLDER = 0040000;
  private static final int LINK = 0120000;

  private static void readStat(Records in, Builder builder, Runnable sign) throws IOException {
    for (String name; !(name = in.next()).isEmpty(); ) {
      List<String> names = new ArrayList<>();
      for (; !name.isEmpty(); name = in.next()) {
        names.add(name);
      }
      String text = in.next();
      Map<String, String> links = new HashMap<>();
      for (String link; !(link = in.next()).isEmpty(); ) {
        links.put(link, in.next());
      }
      int at = 0;
      for (String path : names) { // A name may hold a line's end, so it is looked for, not parsed.
        int end = text.indexOf(" " + path + "\n", at);
        String[] word = end < 0 ? new String[0] : text.substring(at, end).split(" ");
        if (word.length == 3 && word[0].matches("[0-9a-f]+")) {
          int mode = Integer.parseInt(word[0], 16);
          String relative = path.equals(".") ? "" : path.substring(2);
          String target = links.getOrDefault(path, "");
          long size = Long.parseLong(word[1]);
          builder.add(
              relative, mode & 0170000, mode & 07777, size, Long.parseLong(word[2]), target);
          at = end + path.length() + 2;
        }
      }
      sign.run();
    }
  }

  /**
   * Reads sums as receiver.sh writes them: SHA-256 in hexadecimal, by path.
   *
   * @param sign called now and then while records arrive
   */
  static Map<String, String> readSums(Intake intake, Runnable sign) throws IOException {
    Records in = new Records(intake);
    Map<String, String> sums = new HashMap<>();
    for (String name; !(name = in.next()).isEmpty(); ) {
      List<String> names = new ArrayList<>();
      for (; !name.isEmpty(); name = in.next()) {
        names.add(name);
      }
      String text = in.next();
      int at = 0;
      for (String path : names) { // GNU escapes a line's end in a name and says so with a \\.
        String escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
        boolean marked = text.startsWith("\\", at);
        String rest = "  " + (marked ? escaped : path) + "\n";
        int start = at + (marked ? 1 : 0);
        if (text.startsWith(rest, start + SHA_256_DIGITS)) {
          sums.put(path.substring(2), text.substring(start, start + SHA_256_DIGITS));
          at = start + SHA_256_DIGITS + rest.length();
        }
      }
      sign.run();
    }
    return sums;
  }

  private static final int SHA_256_DIGITS = 64;

  /**
   * Reads what came of a change that was to be taken back, as receiver.sh writes it.
   *
   * @param sign called now and then while records arrive
   */
  static Undone readUndone(String name, Intake intake, Runnable sign) throws IOException {
    Records in = new Records(intake);
    List<Undone.Kept> paths = new ArrayList<>();
    for (String way; !(way = in.next()).isEmpty(); ) {
      paths.add(new Undone.Kept(way, in.next().replaceFirst("^/(?=.)", "")));
      sign.run();
    }
    return new Undone(name, paths);
  }

  /** The records of a listing, as long as they fit into memory. */
  private static final class Records {
    /** What an entry takes beside its names, or a little more; it comes as two records. */
    private static final int OVERHEAD = 100;

    private final Intake in;
    private long left = Runtime.getRuntime().maxMemory() / 3;

    Records(Intake in) {
      this.in = in;
    }

    String next() throws IOException {
      String record = in.until('\0', LONGEST_RECORD);
      if (record == null) {
        throw new EOFException("the listing ended early");
      }
      left -= OVERHEAD + 2L * record.length();
      if (left < 0 || record.length() == LONGEST_RECORD) {
        throw new IllegalArgumentException("a listing that does not fit into memory");
      }
      return record;
    }
  }

  /** Takes folders before what is in them. */
  private static final class Builder {
    private final List<TreeMap<String, Entry>> open = new ArrayList<>();
    private final List<String> path = new ArrayList<>();
    private Folder root = Folder.NONE;

    /** What is at a path: a name for each folder on the way. */
    void add(String path, int type, int mode, long size, long seconds, String target) {
      String[] names = path.isEmpty() ? new String[0] : path.split("/");
      for (int depth = 0; depth < names.length - 1; depth++) {
        if (depth + 1 >= open.size() || !names[depth].equals(this.path.get(depth))) {
          return; // Its folder went away while it was listed.
        }
      }
      String name = names.length == 0 ? "" : names[names.length - 1];
      add(names.length, name, type, mode, size, seconds, target);
    }

    /** The same by depth, 0 for the root, in the folder that came last at the depth above. */
    void add(int depth, String name, int type, int mode, long size, long seconds, String target) {
      boolean outside = name.equals(".") || name.equals("..");
      boolean plain = !name.isEmpty() && name.indexOf('/') < 0 && !outside;
      if (depth > open.size() || depth < 0 || depth > 0 && !plain) {
        throw new IllegalArgumentException("a listing that is out of order");
      }
      long modified = seconds * 1_000_000_000L;
      TreeMap<String, Entry> children = type == FOLDER ? new TreeMap<>() : null;
      Entry entry =
          type == FOLDER
              ? new Folder(mode, modified, 0, children)
              : type == LINK
                  ? new Symlink(target, modified)
                  : new RegularFile(type == FILE ? mode : -1, size, modified, 0, -1);
      if (depth > 0) {
        open.get(depth - 1).put(name, entry);
      } else if (entry instanceof Folder folder) {
        root = folder;
      }
      if (type == FOLDER) {
        open.subList(depth, open.size()).clear();
        open.add(children);
        path.subList(Math.max(0, depth - 1), path.size()).clear();
        if (depth > 0) {
          path.add(name);
        }
      }
    }

    Folder build() {
      return root;
    }
  }
}
