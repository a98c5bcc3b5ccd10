package dev.frep;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What frep has put at one copy, in a file of the user's cache: after a crash, too, deletes that
 * happened meanwhile can be made at the target, and nothing else is deleted there.
 *
 * <p>The file holds texts, each ended by a NUL: a header, the {@linkplain Record#cached records} of
 * the copy, then what was sent since:
 *
 * <pre>
 *   > SET          a change set, before it is committed: its changes follow
 *   RECORD         a put; +RECORD: of a new folder
 *   - PATH         a delete
 *   . SET          the set is complete
 *   = SET          the target has acknowledged it
 * </pre>
 *
 * <p>A set without "=" may have arrived, one without "." was never committed. Nothing is forced to
 * the disk: after a power loss the target's listing settles the rest.
 */
final class Journal implements AutoCloseable {
  private static final String HEADER = "frep 4";
  private static final String ALONE = "alone";
  private static final String AMONG_OTHERS = "among others";

  /** So many bytes may be appended before the file is written anew. */
  private static final int APPENDIX = 1 << 21;

  private final Path file;
  private final Console console;
  private OutputStream out;
  private long appended;
  private boolean told;

  /**
   * What a journal says.
   *
   * @param copy what the target has confirmed
   * @param alone whether the copy holds nothing else
   * @param unsure what the copy may be instead
   */
  record Content(Folder copy, boolean alone, List<Folder> unsure) {
    static final Content NOTHING = new Content(Folder.NONE, true, List.of());
  }

  Journal(Path file, Console console) {
    this.file = file;
    this.console = console;
  }

  /**
   * The journal of what one source has put at one copy.
   *
   * @param names tell this copy from all others
   */
  static Journal of(List<String> names, Console console) {
    String text = String.join("\0", names);
    CRC32C sum = new CRC32C();
    sum.update(text.getBytes(StandardCharsets.UTF_8));
    String name = String.format("%08x%08x", sum.getValue(), text.hashCode());
    return new Journal(folder().resolve(name), console);
  }

  private static Path folder() {
    String cache = System.getenv("XDG_CACHE_HOME");
    String home = System.getenv("HOME");
    home = home == null || home.isEmpty() ? System.getProperty("user.home") : home;
    boolean given = cache != null && cache.startsWith("/");
    return (given ? Path.of(cache) : Path.of(home).resolve(".cache")).resolve("frep/put");
  }

  /** Reads the file; nothing if there is none, or none of ours. */
  Content read() {
    try {
      return parse(Files.readString(file, StandardCharsets.ISO_8859_1));
    } catch (NoSuchFileException none) {
      return Content.NOTHING;
    } catch (IOException | RuntimeException broken) {
      console.debug(broken);
      return Content.NOTHING;
    }
  }

  static Content parse(String text) {
    int at = HEADER.length() + 1;
    int end = text.indexOf('\0', at);
    if (!text.startsWith(HEADER + "\0") || end < 0) {
      return Content.NOTHING;
    }
    boolean alone = text.substring(at, end).equals(ALONE);
    Record.Builder base = new Record.Builder();
    Folder copy = null;
    Folder expected = null;
    List<Folder> unsure = new ArrayList<>();
    List<Long> sets = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    for (at = end + 1; (end = text.indexOf('\0', at)) >= 0; at = end + 1) {
      char kind = text.charAt(at);
      if (kind == '>') {
        copy = copy == null ? base.build() : copy;
        expected = expected == null ? copy : expected;
        changes.clear();
      } else if (kind == '.') {
        expected = Tree.apply(expected, changes);
        unsure.add(expected);
        sets.add(Long.parseLong(text, at + 2, end, 10));
      } else if (kind == '=') {
        int set = sets.indexOf(Long.parseLong(text, at + 2, end, 10));
        copy = unsure.get(set);
        unsure.subList(0, set + 1).clear();
        sets.subList(0, set + 1).clear();
      } else if (copy == null) {
        Record record = Record.parse(text.substring(at, end));
        base.add(record.path(), record.entry());
      } else {
        changes.add(change(text.substring(at, end)));
      }
    }
    return new Content(copy == null ? base.build() : copy, alone, List.copyOf(unsure));
  }

  private static Change change(String text) {
    if (text.startsWith("- ")) {
      return new Delete(text.substring(2), false, false, false);
    }
    boolean fresh = text.startsWith("+");
    Record record = Record.parse(fresh ? text.substring(1) : text);
    return new Put(record.path(), record.entry(), fresh);
  }

  /** Writes the file anew: the target has confirmed the whole copy. */
  void write(Folder copy, boolean alone) {
    StringBuilder text = new StringBuilder(HEADER).append('\0');
    text.append(alone ? ALONE : AMONG_OTHERS).append('\0');
    Record.walk(
        "",
        copy,
        (path, entry) -> {
          if (!(entry instanceof Closed)) {
            text.append(Record.cached(path, entry)).append('\0');
          }
        });
    close();
    try {
      Files.createDirectories(file.getParent());
      Path fresh = file.resolveSibling("new" + Shell.random());
      try {
        Files.createFile(fresh, onlyForUs());
        out = Files.newOutputStream(fresh, StandardOpenOption.APPEND);
        out.write(text.toString().getBytes(StandardCharsets.ISO_8859_1));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        appended = 0;
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException unwritable) {
      forget(unwritable);
    }
  }

  /** Appends a set that is about to be committed. */
  void sending(long set, List<Change> changes) {
    StringBuilder text = new StringBuilder("> ").append(set).append('\0');
    for (Change change : changes) {
      if (change instanceof Put put) {
        text.append(put.fresh() && put.entry() instanceof Folder ? "+" : "");
        text.append(Record.cached(put.path(), put.entry())).append('\0');
      } else {
        text.append("- ").append(change.path()).append('\0');
      }
    }
    append(text.append(". ").append(set).append('\0').toString());
  }

  /** Appends that the target has acknowledged a set. */
  void acknowledged(long set) {
    append("= " + set + "\0");
  }

  /** Whether so much was appended that the file should be written anew. */
  boolean isLong() {
    return appended > APPENDIX;
  }

  private void append(String text) {
    if (out == null) {
      return;
    }
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    appended += bytes.length;
    try {
      out.write(bytes);
    } catch (IOException full) {
      forget(full);
    }
  }

  /** Says once what follows if nothing can be kept. */
  private void forget(IOException why) {
    console.debug(why);
    close();
    if (!told) {
      told = true;
      console.error(
          Names.show(Names.ofAll(file.getParent()))
              + " cannot be written ("
              + Failure.reason(why)
              + "): what you delete while frep does not run will stay in the copy",
          "make it writable, or set XDG_CACHE_HOME to a folder that is");
    }
  }

  /** It holds the names of files that others may not be meant to see. */
  private static FileAttribute<?>[] onlyForUs() {
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    var mode = PosixFilePermissions.fromString("rw-------");
    return posix
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(mode)}
        : new FileAttribute<?>[0];
  }

  @Override
  public void close() {
    try (OutputStream closing = out) {
      out = null;
    } catch (IOException broken) {
      console.debug(broken);
    }
  }
}
