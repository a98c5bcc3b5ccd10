package dev.frep;

import dev.frep.frep.Closed;
import dev.frep.frep.Entry;
import dev.frep.frep.Folder;
import dev.frep.frep.RegularFile;
import dev.frep.frep.Symlink;
import dev.frep.frep.Undone;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the target says is there, and how it stands to what is here. */
final class Manifest {
  /** Of a form without GNU find, a record tells of as many paths as a command may have. */
  private static final int LONGEST_RECORD = 1 << 23;

  private Manifest() {}

  /** Whether something at the target that is not in the source is ours to remove. */
  interface Belongs {
    boolean test(String path, Entry entry);
  }

  /** Whether what is there is what was once put there. */
  static boolean isOurs(Entry put, Entry there) {
    if (put instanceof RegularFile a && there instanceof RegularFile b) {
      return a.mode() == b.mode() && sameContent(a, b);
    }
    return put instanceof Folder && there instanceof Folder
        || put instanceof Symlink a && there instanceof Symlink b && a.target().equals(b.target());
  }

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

  /**
   * What the target has of what is here: entries that a quick check finds equal are those of here,
   * what is there and not here is left out unless it belongs to us.
   *
   * @param puts what may have been put there: finer times tell a file that has changed within the
   *     second
   */
  static Folder match(String path, Folder here, Folder there, List<Folder> puts, Belongs belongs) {
    SortedMap<String, Entry> matched = new TreeMap<>();
    boolean equal = here.mode() == there.mode();
    equal &= frep.seconds(here.modified()) == frep.seconds(there.modified());
    Folder attributes = equal ? here : there;
    there
        .children()
        .forEach(
            (name, entry) -> {
              Entry found = here.children().get(name);
              Entry wanted = found instanceof Closed ? null : found; // Then only what is ours.
              if (wanted != null && same(wanted, entry, name, puts)) {
                matched.put(name, wanted); // Most are.
                return;
              }
              String child = frep.join(path, name);
              if (wanted == null && !belongs.test(child, entry)) {
                return;
              }
              if (entry instanceof Folder has) {
                List<Folder> inside = new ArrayList<>();
                for (Folder put : puts) {
                  if (put.children().get(name) instanceof Folder folder) {
                    inside.add(folder);
                  }
                }
                Folder want = wanted instanceof Folder folder ? folder : Folder.NONE;
                matched.put(name, match(child, want, has, inside, belongs));
              } else {
                matched.put(name, entry);
              }
            });
    boolean all = equal && matched.size() == here.children().size();
    for (Map.Entry<String, Entry> child : matched.entrySet()) {
      all &= here.children().get(child.getKey()) == child.getValue();
    }
    return all ? here : new Folder(attributes.mode(), attributes.modified(), here.inode(), matched);
  }

  /**
   * What is there when all is sent: what is here, the same objects wherever they can be, so that
   * only what changes next is compared. What cannot be read here is there as it was.
   */
  static Folder settled(Folder there, Folder here) {
    if (there == here) {
      return here;
    }
    SortedMap<String, Entry> changed = null;
    for (Map.Entry<String, Entry> child : here.children().entrySet()) {
      Entry now = child.getValue();
      Entry before = there.children().get(child.getKey());
      Entry settled = now;
      if (now instanceof Closed) {
        settled = before;
      } else if (now instanceof Folder folder) {
        settled = settled(before instanceof Folder had ? had : Folder.NONE, folder);
      }
      if (settled != now) {
        changed = changed == null ? new TreeMap<>(here.children()) : changed;
        if (settled == null) {
          changed.remove(child.getKey());
        } else {
          changed.put(child.getKey(), settled);
        }
      }
    }
    return changed == null ? here : here.with(changed);
  }

  /** Equal by kind, mode, size and whole seconds; a link by its target. */
  private static boolean same(Entry here, Entry there, String name, List<Folder> puts) {
    if (here instanceof RegularFile a && there instanceof RegularFile b) {
      if (a.mode() != b.mode() || !sameContent(a, b)) {
        return false;
      }
      for (Folder folder : puts) {
        if (folder.children().get(name) instanceof RegularFile put
            && sameContent(put, b)
            && put.modified() != a.modified()) {
          return false;
        }
      }
      return true;
    }
    return here instanceof Symlink a && there instanceof Symlink b && a.target().equals(b.target());
  }

  private static boolean sameContent(RegularFile a, RegularFile b) {
    return a.size() == b.size() && frep.seconds(a.modified()) == frep.seconds(b.modified());
  }
}
