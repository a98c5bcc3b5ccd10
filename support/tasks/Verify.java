package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Holds a copy against its source, contents included. */
final class Verify {
  private final Map<String, String> sums;
  private final Function<String, Path> local;
  private final List<Event.Difference> differences = new ArrayList<>();

  private Verify(Map<String, String> sums, Function<String, Path> local) {
    this.sums = sums;
    this.local = local;
  }

  /**
   * What differs: the path and how.
   *
   * @param there what the target says is there
   * @param sums the SHA-256 of its files' contents in hexadecimal, by their paths
   * @param local where a path of the source is
   */
  static List<Event.Difference> differences(
      Folder here, Folder there, Map<String, String> sums, Function<String, Path> local) {
    Verify verify = new Verify(sums, local);
    verify.children("", here, there);
    return verify.differences;
  }

  private void children(String path, Folder here, Folder there) {
    for (Map.Entry<String, Entry> child : here.children().entrySet()) {
      String name = Tree.join(path, child.getKey());
      String how = how(name, child.getValue(), there.children().get(child.getKey()));
      if (!how.isEmpty()) {
        differences.add(new Event.Difference(name, how));
      }
      if (child.getValue() instanceof Folder a
          && there.children().get(child.getKey()) instanceof Folder b) {
        children(name, a, b);
      }
    }
  }

  private String how(String path, Entry here, Entry there) {
    if (here == Closed.IGNORED) {
      return "";
    } else if (here instanceof Closed) {
      return "cannot be read here";
    } else if (there == null) {
      return "missing";
    } else if (here instanceof Folder a && there instanceof Folder b) {
      return a.mode() != b.mode() ? "mode" : "";
    } else if (here instanceof Symlink a && there instanceof Symlink b) {
      return a.target().equals(b.target()) ? "" : "link target";
    } else if (here instanceof RegularFile a && there instanceof RegularFile b) {
      return a.size() != b.size()
          ? "size"
          : !sum(local.apply(path)).equals(sums.get(path))
              ? "content"
              : a.mode() != b.mode()
                  ? "mode"
                  : Tree.seconds(a.modified()) != Tree.seconds(b.modified()) ? "time" : "";
    }
    return "kind";
  }

  private static String sum(Path file) {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return "no file any more"; // To open a FIFO would take for ever.
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      MessageDigest digest = Record.sha256();
      byte[] buffer = new byte[1 << 16];
      for (int n; (n = in.read(buffer)) > 0; ) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException unreadable) {
      return "unreadable here";
    }
  }
}
