package dev.frep;

import dev.frep.frep.Closed;
import dev.frep.frep.Entry;
import dev.frep.frep.Folder;
import dev.frep.frep.RegularFile;
import dev.frep.frep.Symlink;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the target says is there, and how it stands to what is here. */
final class Manifest {
  private static final int LONGEST_RECORD = 1 << 24;

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
  static Folder read(InputStream in, boolean stat, Runnable sign) throws IOException {
    Builder builder = new Builder();
    if (stat) {
      readStat(in, builder, sign);
    } else {
      for (String record; !(record = next(in)).isEmpty(); ) {
        String target = next(in);
        String[] word = record.split(" ", 5);
        builder.add(
            word[4],
            type(word[0]),
            Integer.parseInt(word[1], 8),
            Long.parseLong(word[2]),
            Long.parseLong(word[3]),
            target);
        sign.run();
      }
    }
    return builder.build();
  }

  private static int type(String letter) {
    return switch (letter) {
      case "f" -> FILE;
      case "d" -> FOLDER;
      case "l" -> LINK;
      default -> 0;
    };
  }

  private static final int FILE = 0100000;
  private static final int FOLDER = 0040000;
  private static final int LINK = 0120000;

  private static void readStat(InputStream in, Builder builder, Runnable sign) throws IOException {
    for (String name; !(name = next(in)).isEmpty(); ) {
      List<String> names = new ArrayList<>();
      for (; !name.isEmpty(); name = next(in)) {
        names.add(name);
      }
      String text = next(in);
      Map<String, String> links = new HashMap<>();
      for (String link; !(link = next(in)).isEmpty(); ) {
        links.put(link, next(in));
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
  static Map<String, String> readSums(InputStream in, Runnable sign) throws IOException {
    Map<String, String> sums = new HashMap<>();
    for (String name; !(name = next(in)).isEmpty(); ) {
      List<String> names = new ArrayList<>();
      for (; !name.isEmpty(); name = next(in)) {
        names.add(name);
      }
      String text = next(in);
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

  private static String next(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int b; (b = in.read()) != 0; ) {
      if (b < 0 || bytes.size() > LONGEST_RECORD) {
        throw new EOFException("the listing ended early");
      }
      bytes.write(b);
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  /** Folders by their paths, parents before what is in them. */
  private static final class Builder {
    private final Map<String, TreeMap<String, Entry>> folders = new HashMap<>();
    private Folder root = Folder.NONE;

    void add(String path, int type, int mode, long size, long seconds, String target) {
      long modified = seconds * 1_000_000_000L;
      Entry entry;
      if (type == FOLDER) {
        TreeMap<String, Entry> children = new TreeMap<>();
        folders.put(path, children);
        Folder folder = new Folder(mode, modified, 0, children);
        entry = folder;
        if (path.isEmpty()) {
          root = folder;
          return;
        }
      } else if (type == LINK) {
        entry = new Symlink(target, modified);
      } else {
        entry = new RegularFile(type == FILE ? mode : -1, size, modified, 0, -1);
      }
      TreeMap<String, Entry> parent = folders.get(frep.parent(path));
      if (parent != null) {
        parent.put(frep.name(path), entry);
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
   * @param put what is known to have been put there: its finer times tell a file that has changed
   *     within the second
   */
  static Folder match(String path, Folder here, Folder there, Folder put, Belongs belongs) {
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
              String child = frep.join(path, name);
              Entry known = put.children().get(name);
              Folder inside = known instanceof Folder folder ? folder : Folder.NONE;
              if (wanted instanceof Folder want && entry instanceof Folder has) {
                matched.put(name, match(child, want, has, inside, belongs));
              } else if (wanted != null || belongs.test(child, entry)) {
                matched.put(
                    name,
                    wanted != null && same(wanted, entry, known)
                        ? wanted
                        : entry instanceof Folder has
                            ? match(child, Folder.NONE, has, inside, belongs)
                            : entry);
              }
            });
    boolean all = equal && matched.size() == here.children().size();
    for (Map.Entry<String, Entry> child : matched.entrySet()) {
      all &= here.children().get(child.getKey()) == child.getValue();
    }
    return all ? here : new Folder(attributes.mode(), attributes.modified(), here.inode(), matched);
  }

  /** Equal by kind, mode, size and whole seconds; a link by its target. */
  private static boolean same(Entry here, Entry there, Entry known) {
    if (here instanceof RegularFile a && there instanceof RegularFile b) {
      return a.mode() == b.mode()
          && sameContent(a, b)
          && !(known instanceof RegularFile put
              && sameContent(put, b)
              && put.modified() != a.modified());
    }
    return here instanceof Symlink a && there instanceof Symlink b && a.target().equals(b.target());
  }

  private static boolean sameContent(RegularFile a, RegularFile b) {
    return a.size() == b.size() && frep.seconds(a.modified()) == frep.seconds(b.modified());
  }
}
