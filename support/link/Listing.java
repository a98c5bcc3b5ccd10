package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads what the receiver lists: paths, sums, what an undo did. The forms are in receiver.sh. */
final class Listing {
  private static final int KIND = 0170000;
  private static final int FILE = 0100000;
  private static final int FOLDER = 0040000;
  private static final int LINK = 0120000;
  private static final int SHA_256_DIGITS = 64;

  private final Records in;
  private final Runnable sign;

  /**
   * @param intake stands at the first record
   * @param sign run now and then while records arrive
   */
  Listing(Intake intake, Runnable sign) {
    this.in = new Records(intake);
    this.sign = sign;
  }

  /** The tree of a target whose find prints {@linkplain Record records}. */
  Folder tree() throws IOException {
    Record.Builder builder = new Record.Builder();
    for (String text; !(text = in.next()).isEmpty(); ) {
      Record record = Record.parse(text);
      builder.add(record.path(), record.entry());
      sign.run();
    }
    return builder.build();
  }

  /** The tree of a target that must ask stat and readlink. */
  Folder treeOfStat() throws IOException {
    Record.Builder builder = new Record.Builder();
    for (List<String> names; !(names = names()).isEmpty(); ) {
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
          Entry entry = entry(word, links.getOrDefault(path, ""));
          builder.add(path.equals(".") ? "" : path.substring(2), entry);
          at = end + path.length() + 2;
        }
      }
      sign.run();
    }
    return builder.build();
  }

  /** Names up to an empty one. */
  private List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    for (String name; !(name = in.next()).isEmpty(); ) {
      names.add(name);
    }
    return names;
  }

  /**
   * @param word mode in hexadecimal, size in bytes, time in seconds
   */
  private static Entry entry(String[] word, String target) {
    int mode = Integer.parseInt(word[0], 16);
    long size = Long.parseLong(word[1]);
    long modified = Record.nanos(Long.parseLong(word[2]));
    return switch (mode & KIND) {
      case FOLDER -> new Folder(mode & 07777, modified, 0, Folder.NO_CHILDREN);
      case LINK -> new Symlink(target, modified);
      case FILE -> new RegularFile(mode & 07777, size, modified, 0, 0, 0);
      default -> new RegularFile(-1, 0, 0, 0, 0, 0);
    };
  }

  /** SHA-256 in hexadecimal by path. */
  Map<String, String> sums() throws IOException {
    Map<String, String> sums = new HashMap<>();
    for (List<String> names; !(names = names()).isEmpty(); ) {
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

  /** Paths relative to the copy. */
  List<String> paths() throws IOException {
    return names().stream().map(path -> path.replaceFirst("^/", "")).toList();
  }

  /**
   * What became of a change that was to be taken back.
   *
   * @param name of the change; empty if there was none
   */
  Undone undone(String name) throws IOException {
    List<Undone.Kept> paths = new ArrayList<>();
    for (String way; !(way = in.next()).isEmpty(); ) {
      paths.add(new Undone.Kept(way, in.next().replaceFirst("^/(?=.)", "")));
      sign.run();
    }
    return new Undone(name, paths);
  }

  /** Records, each ended by a NUL, as long as they fit into memory. */
  private static final class Records {
    /** What an entry takes besides its name, or a little more. */
    private static final int OVERHEAD = 200;

    /** Without GNU find a record tells of as many paths as a command may have. */
    private static final int LONGEST = 1 << 23;

    private final Intake in;
    private long left = Runtime.getRuntime().maxMemory() / 3;

    Records(Intake in) {
      this.in = in;
    }

    String next() throws IOException {
      String record = in.until('\0', LONGEST);
      if (record == null) {
        throw new EOFException("the listing ended early");
      }
      left -= OVERHEAD + 2L * record.length();
      if (left < 0 || record.length() == LONGEST) {
        throw new IllegalArgumentException("a listing that does not fit into memory");
      }
      return record;
    }
  }
}
