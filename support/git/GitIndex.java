package dev.frep;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * The paths that a repository tracks, as its index lists them, sorted bytewise.
 *
 * <p>Not JGit's DirCache: that probes the file system's clock by writing into {@code .git} and
 * {@code ~/.config/jgit}, and cannot read split, sparse or SHA-256 indexes.
 */
final class GitIndex {
  static final GitIndex EMPTY = new GitIndex(new String[0], Set.of(), false);

  private static final int SIGNATURE = 0x44495243; // "DIRC"
  private static final int STAT_SIZE = 40; // times, inode, mode, owner, size
  private static final int MODE_OFFSET = 24;
  private static final int GITLINK = 0160000;
  private static final int EXTENDED = 0x4000;

  /** Ten times what a million files take. */
  private static final int MOST = 1 << 30;

  /** No system has longer ones; and where each builds on the one before, they add up. */
  private static final int LONGEST_PATH = 4096;

  private final String[] paths;
  private final Set<String> links; // submodules
  private final boolean ignoreCase;

  /** Only a part of the index is in this file, or in a way that is not read here: Git can. */
  static final class Unsupported extends IOException {
    private static final long serialVersionUID = 1;

    Unsupported(Path file, String what) {
      super(file + ": " + what);
    }
  }

  private GitIndex(String[] paths, Set<String> links, boolean ignoreCase) {
    this.paths = paths;
    this.links = links;
    this.ignoreCase = ignoreCase;
  }

  /** Whether a file or link of that path, or something in a folder of that path, is tracked. */
  boolean tracks(String path, boolean isFolder) {
    String wanted = ignoreCase ? IgnorePattern.fold(path) : path;
    if (!isFolder) {
      return Arrays.binarySearch(paths, wanted) >= 0 && !links.contains(wanted);
    }
    return links.contains(wanted) || holds(wanted);
  }

  /** Whether files below that folder are tracked. */
  boolean holds(String folder) {
    String prefix = (ignoreCase ? IgnorePattern.fold(folder) : folder) + "/";
    int at = Arrays.binarySearch(paths, prefix);
    at = at < 0 ? -at - 1 : at;
    return at < paths.length && paths[at].startsWith(prefix);
  }

  /** Reads an index file of any version; one that is not there is empty. */
  static GitIndex read(Path file, int hashSize, boolean ignoreCase) throws IOException {
    byte[] bytes;
    try {
      bytes = SmallFile.read(file, MOST);
    } catch (NoSuchFileException none) {
      return EMPTY;
    }
    try {
      return parse(file, ByteBuffer.wrap(bytes), hashSize, ignoreCase);
    } catch (RuntimeException broken) {
      throw new Unsupported(file, "is no index that frep understands");
    }
  }

  private static GitIndex parse(Path file, ByteBuffer in, int hashSize, boolean ignoreCase)
      throws IOException {
    int version = in.getInt(4);
    if (in.getInt(0) != SIGNATURE || version < 2 || version > 4) {
      throw new Unsupported(file, "is of version " + version);
    }
    if (in.getInt(8) > in.limit() / (STAT_SIZE + hashSize)) {
      throw new Unsupported(file, "says that it lists more than there is room for");
    }
    String[] paths = new String[in.getInt(8)];
    Set<String> links = new HashSet<>();
    String path = "";
    int at = 12;
    for (int i = 0; i < paths.length; i++) {
      int start = at;
      at += STAT_SIZE + hashSize;
      at += version > 2 && (in.getShort(at) & EXTENDED) != 0 ? 4 : 2;
      String kept = "";
      if (version == 4) { // so many bytes of the path before are cut off
        in.position(at);
        kept = path.substring(0, path.length() - varint(in));
        at = in.position();
      }
      int end = at;
      while (in.get(end) != 0) {
        end++;
      }
      path = kept + new String(in.array(), at, end - at, StandardCharsets.ISO_8859_1);
      if (path.length() > LONGEST_PATH) {
        throw new Unsupported(file, "lists a path that no file can have");
      }
      at = version == 4 ? end + 1 : start + (end - start + 8) / 8 * 8;
      paths[i] = ignoreCase ? IgnorePattern.fold(path) : path;
      if (in.getInt(start + MODE_OFFSET) == GITLINK) {
        links.add(paths[i]);
      }
    }
    while (at + 8 <= in.limit() - hashSize) { // extensions; in lower case those one must know
      if (in.get(at) >= 'a') {
        throw new Unsupported(file, "is split or sparse");
      }
      at = Math.addExact(at + 8, Math.max(0, in.getInt(at + 4)));
    }
    return sorted(paths, links, ignoreCase);
  }

  /** Reads what {@code git ls-files -z --stage} prints. */
  static GitIndex list(byte[] listing, boolean ignoreCase) {
    String text = new String(listing, StandardCharsets.ISO_8859_1);
    String[] paths = text.isEmpty() ? new String[0] : text.split("\0");
    Set<String> links = new HashSet<>();
    for (int i = 0; i < paths.length; i++) { // mode SP object SP stage TAB path
      String path = paths[i].substring(paths[i].indexOf('\t') + 1);
      boolean link = paths[i].startsWith(Integer.toOctalString(GITLINK));
      paths[i] = ignoreCase ? IgnorePattern.fold(path) : path;
      if (link) {
        links.add(paths[i]);
      }
    }
    return sorted(paths, links, ignoreCase);
  }

  private static GitIndex sorted(String[] paths, Set<String> links, boolean ignoreCase) {
    if (ignoreCase) {
      Arrays.sort(paths);
    }
    return new GitIndex(paths, links, ignoreCase);
  }

  private static int varint(ByteBuffer in) {
    int b = in.get();
    int value = b & 0x7F;
    while ((b & 0x80) != 0) {
      b = in.get();
      value = (value + 1 << 7) | (b & 0x7F);
    }
    return value;
  }
}
