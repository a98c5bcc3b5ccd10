package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * What --verify and --dry-run print: how a copy differs from its source, and what a run would do.
 */
final class Compare {
  private Compare() {}

  // ---- --verify ----

  /**
   * Returns each path that differs, and how; contents count.
   *
   * @param sums the SHA-256 of the copy's files in hexadecimal, by path
   * @param local finds a path of the source
   */
  static List<Event.Difference> verify(
      Folder source, Folder copy, Map<String, String> sums, Function<String, Path> local) {
    List<Event.Difference> differences = new ArrayList<>();
    verify("", source, copy, sums, local, differences);
    return differences;
  }

  private static void verify(
      String path,
      Folder source,
      Folder copy,
      Map<String, String> sums,
      Function<String, Path> local,
      List<Event.Difference> differences) {
    for (Map.Entry<String, Entry> child : source.children().entrySet()) {
      String name = Tree.join(path, child.getKey());
      Entry here = child.getValue();
      Entry there = copy.children().get(child.getKey());
      String how = difference(here, there, () -> sum(local.apply(name)).equals(sums.get(name)));
      if (!how.isEmpty()) {
        differences.add(new Event.Difference(name, how));
      }
      if (here instanceof Folder a && there instanceof Folder b) {
        verify(name, a, b, sums, local, differences);
      }
    }
  }

  private static String difference(Entry source, Entry copy, BooleanSupplier isSameContent) {
    if (source instanceof Closed) {
      return "cannot be read at the source";
    } else if (copy == null) {
      return "missing";
    } else if (source instanceof Folder a && copy instanceof Folder b) {
      return a.mode() != b.mode() ? "mode" : "";
    } else if (source instanceof Symlink a && copy instanceof Symlink b) {
      return a.target().equals(b.target()) ? "" : "link target";
    } else if (source instanceof RegularFile a && copy instanceof RegularFile b) {
      return a.size() != b.size()
          ? "size"
          : !isSameContent.getAsBoolean()
              ? "content"
              : a.mode() != b.mode()
                  ? "mode"
                  : Tree.seconds(a.modified()) != Tree.seconds(b.modified()) ? "time" : "";
    }
    return "kind";
  }

  /** Returns the SHA-256 of a file; a text that is none, if it cannot be read. */
  private static String sum(Path file) {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return "no file any more"; // A FIFO would block whoever opens it.
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      MessageDigest digest = Digest.sha256();
      byte[] buffer = new byte[1 << 16];
      for (int n; (n = in.read(buffer)) > 0; ) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException unreadable) {
      return "unreadable";
    }
  }

  // ---- --dry-run ----

  /**
   * Returns a line for each change, with its reason, and one for the sum of them.
   *
   * @param copy the tree that the changes apply to
   */
  static List<String> preview(List<Change> changes, Folder copy) {
    Set<String> put = new HashSet<>();
    long bytes = 0;
    for (Change change : changes) {
      if (change instanceof Put some) {
        put.add(some.path());
        bytes += some.entry() instanceof RegularFile file ? file.size() : 0;
      }
    }
    Set<String> replaced = new HashSet<>();
    List<String> lines = new ArrayList<>();
    for (Change change : changes) {
      if (change instanceof Put some) {
        lines.add(line(replaced.contains(some.path()) ? "kind" : reason(some, copy), some));
      } else if (change instanceof Delete && put.contains(change.path())) {
        replaced.add(change.path()); // The new entry of this path has a line.
      } else {
        lines.add(line("deleted", change));
      }
    }
    lines.add(Summary.planned(changes, bytes));
    return lines;
  }

  private static String line(String reason, Change change) {
    String size =
        change instanceof Put put && put.entry() instanceof RegularFile file
            ? " (" + Text.bytes(file.size()) + ")"
            : "";
    return String.format("%-8s", reason) + Names.show(Lines.shown(change)) + size;
  }

  private static String reason(Put put, Folder copy) {
    Entry before = Tree.find(copy, put.path());
    boolean none = before == copy && copy.mode() < 0; // As in Folder.NONE.
    if (put.fresh() || none) {
      return "new";
    } else if (put.entry() instanceof RegularFile now && before instanceof RegularFile was) {
      return now.size() != was.size() ? "size" : now.mode() == was.mode() ? "time" : "mode";
    } else if (put.entry() instanceof Folder now && before instanceof Folder was) {
      return now.mode() == was.mode() ? "time" : "mode";
    }
    return put.entry() instanceof Symlink && before instanceof Symlink ? "target" : "kind";
  }
}
