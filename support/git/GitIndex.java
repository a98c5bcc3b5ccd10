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
 * The paths that a repository tracks, sorted bytewise.
 *
 * <p>Not JGit's DirCache: that measures the file system's clock by writing into {@code .git} and
 * {@code ~/.config/jgit}, and cannot read split, sparse or SHA-256 indexes.
 */
final class GitIndex {
  private static final int SIGNATURE = 0x44495243; // "DIRC"
  private static final int GITLINK = 0160000; // the mode of a submodule

  /** Ten times the size of an index of a million files. */
  private static final int LARGEST = 1 << 30;

  /** Longer than any system's paths. Compressed paths could otherwise add up without end. */
  private static final int LONGEST_PATH = 4096;

  private final String[] paths;
  private final Set<String> submodules;
  private final boolean ignoreCase;

  /** frep cannot read this index file, or it holds only a part of the index. Git may be able to. */
  static final class Unsupported extends IOException {
    private static final long serialVersionUID = 1;

    Unsupported(Path file, String what) {
      super(file + ": " + what);
    }
  }

  private GitIndex(String[] paths, Set<String> submodules, boolean ignoreCase) {
    if (ignoreCase) {
      Arrays.sort(paths);
    }
    this.paths = paths;
    this.submodules = submodules;
    this.ignoreCase = ignoreCase;
  }

  /** Whether Git tracks a file or symlink at this path, or anything in a folder at this path. */
  boolean tracks(String path, boolean isFolder) {
    String wanted = ignoreCase ? IgnorePattern.fold(path) : path;
    if (!isFolder) {
      return Arrays.binarySearch(paths, wanted) >= 0 && !submodules.contains(wanted);
    }
    return submodules.contains(wanted) || holds(wanted);
  }

  /** Whether Git tracks files below this folder. */
  boolean holds(String folder) {
    String prefix = (ignoreCase ? IgnorePattern.fold(folder) : folder) + "/";
    int at = Arrays.binarySearch(paths, prefix);
    at = at < 0 ? -at - 1 : at;
    return at < paths.length && paths[at].startsWith(prefix);
  }

  /** Reads an index file of version 2 to 4; a missing file is an empty index. */
  static GitIndex read(Path file, int hashSize, boolean ignoreCase) throws IOException {
    byte[] bytes;
    try {
      bytes = SmallFile.read(file, LARGEST);
    } catch (NoSuchFileException none) {
      return new GitIndex(new String[0], Set.of(), ignoreCase);
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
    if (in.getInt(8) > in.limit() / (Entries.STAT_SIZE + hashSize)) {
      throw new Unsupported(file, "claims more entries than it has room for");
    }
    String[] paths = new String[in.getInt(8)];
    Set<String> submodules = new HashSet<>();
    Entries entries = new Entries(in, version, hashSize);
    for (int i = 0; i < paths.length; i++) {
      boolean submodule = entries.next();
      if (entries.path.length() > LONGEST_PATH) {
        throw new Unsupported(file, "lists a path that no file can have");
      }
      paths[i] = ignoreCase ? IgnorePattern.fold(entries.path) : entries.path;
      if (submodule) {
        submodules.add(paths[i]);
      }
    }
    if (entries.hasRequiredExtension()) {
      throw new Unsupported(file, "is split or sparse");
    }
    return new GitIndex(paths, submodules, ignoreCase);
  }

  /** Reads the output of {@code git ls-files -z --stage}: mode SP object SP stage TAB path NUL. */
  static GitIndex list(byte[] listing, boolean ignoreCase) {
    String text = new String(listing, StandardCharsets.ISO_8859_1);
    String[] paths = text.isEmpty() ? new String[0] : text.split("\0");
    Set<String> submodules = new HashSet<>();
    for (int i = 0; i < paths.length; i++) {
      boolean submodule = paths[i].startsWith(Integer.toOctalString(GITLINK));
      String path = paths[i].substring(paths[i].indexOf('\t') + 1);
      paths[i] = ignoreCase ? IgnorePattern.fold(path) : path;
      if (submodule) {
        submodules.add(paths[i]);
      }
    }
    return new GitIndex(paths, submodules, ignoreCase);
  }

  /** A cursor over the entries of an index file, as gitformat-index(5) describes them. */
  private static final class Entries {
    static final int STAT_SIZE = 40; // times, inode, mode, owner, size
    private static final int MODE_OFFSET = 24;
    private static final int EXTENDED = 0x4000; // a flag: two more bytes of flags follow

    private final ByteBuffer in;
    private final int version;
    private final int hashSize;
    private int at = 12;
    private String path = "";

    Entries(ByteBuffer in, int version, int hashSize) {
      this.in = in;
      this.version = version;
      this.hashSize = hashSize;
    }

    /** Reads the next entry; returns whether it is a submodule. */
    boolean next() {
      int start = at;
      at += STAT_SIZE + hashSize;
      at += version > 2 && (in.getShort(at) & EXTENDED) != 0 ? 4 : 2;
      String kept = ""; // of the path before; version 4 tells how many bytes to cut off its end
      if (version == 4) {
        in.position(at);
        kept = path.substring(0, path.length() - varint());
        at = in.position();
      }
      int end = at;
      while (in.get(end) != 0) {
        end++;
      }
      path = kept + new String(in.array(), at, end - at, StandardCharsets.ISO_8859_1);
      at = version == 4 ? end + 1 : start + (end - start + 8) / 8 * 8;
      return in.getInt(start + MODE_OFFSET) == GITLINK;
    }

    private int varint() {
      int b = in.get();
      int value = b & 0x7F;
      while ((b & 0x80) != 0) {
        b = in.get();
        value = (value + 1 << 7) | (b & 0x7F);
      }
      return value;
    }

    /** Whether an extension follows that a reader must know: its name begins in lower case. */
    boolean hasRequiredExtension() {
      while (at + 8 <= in.limit() - hashSize) {
        if (in.get(at) >= 'a') {
          return true;
        }
        at = Math.addExact(at + 8, Math.max(0, in.getInt(at + 4)));
      }
      return false;
    }
  }
}
