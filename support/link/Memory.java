package dev.frep;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * What was put at a target, remembered in the user's cache folder from one run to the next: so that
 * what is deleted here while frep does not run is deleted there too, and nothing else. Without it
 * nothing is deleted.
 */
final class Memory {
  private static final String VERSION = "frep 3";

  private final Path file;
  private final Console console;
  private Put kept = Put.NOTHING;
  private byte[] written = {};

  /**
   * What was put there.
   *
   * @param alone whether there was nothing else
   */
  record Put(Folder there, boolean alone) {
    private static final Put NOTHING = new Put(Folder.NONE, true);

    private boolean is(Put other) {
      return there == other.there && alone == other.alone; // Folders that are equal may differ.
    }
  }

  /** The memory of what one source has put at one destination of one target. */
  Memory(Path source, String target, String destination, Console console) {
    this.console = console;
    CRC32C sum = new CRC32C();
    for (String part : new String[] {source.toString(), target, destination}) {
      sum.update((part + "\0").getBytes(StandardCharsets.UTF_8));
    }
    int more = (source + "\0" + target + "\0" + destination).hashCode();
    HexFormat hex = HexFormat.of();
    file = folder().resolve(hex.toHexDigits(sum.getValue(), 8) + hex.toHexDigits(more));
  }

  private static Path folder() {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path base =
        cache != null && cache.startsWith("/") ? Path.of(cache) : Path.of(home()).resolve(".cache");
    return base.resolve("frep").resolve("put");
  }

  private static String home() {
    String home = System.getenv("HOME");
    return home == null || home.isEmpty() ? System.getProperty("user.home") : home;
  }

  /** Nothing if nothing is known. */
  Put recall() {
    try {
      byte[] content = Files.readAllBytes(file);
      ByteBuffer in = ByteBuffer.wrap(content);
      if (text(in).equals(VERSION)) {
        boolean alone = in.get() != 0;
        if (entry(in) instanceof Folder folder) {
          written = content;
          return new Put(folder, alone);
        }
      }
    } catch (IOException | RuntimeException unknown) {
      console.debug("no memory of this target: " + unknown);
    }
    return Put.NOTHING;
  }

  /** Remembers what is there now. */
  void keep(Put put) {
    if (put.is(kept)) {
      return;
    }
    kept = put;
    ByteBuffer out = text(ByteBuffer.allocate(1 << 16), VERSION);
    out = entry(out.put((byte) (put.alone ? 1 : 0)), put.there);
    byte[] content = Arrays.copyOf(out.array(), out.position());
    if (Arrays.equals(content, written)) {
      return;
    }
    try {
      Files.createDirectories(file.getParent());
      Path fresh = file.resolveSibling("new" + Shell.random());
      try {
        Files.createFile(fresh, onlyForUs());
        Files.write(fresh, content);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        written = content;
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException unwritable) {
      console.debug("cannot remember what was put there: " + unwritable);
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

  // An entry is a letter for its kind, its attributes, and for a folder each name and entry in it.

  private static ByteBuffer entry(ByteBuffer buffer, Entry entry) {
    ByteBuffer out = buffer;
    if (entry instanceof RegularFile file) {
      out = room(out, 19).put((byte) 'f').putShort((short) file.mode());
      out.putLong(file.size()).putLong(file.modified());
    } else if (entry instanceof Symlink link) {
      out = text(room(out, 9).put((byte) 'l').putLong(link.modified()), link.target());
    } else if (entry instanceof Folder folder) {
      out = room(out, 15).put((byte) 'd').putShort((short) folder.mode());
      out.putLong(folder.modified()).putInt(folder.children().size());
      for (Map.Entry<String, Entry> child : folder.children().entrySet()) {
        out = entry(text(out, child.getKey()), child.getValue());
      }
    } else if (entry instanceof Closed) {
      out = room(out, 1).put((byte) 'c');
    } else {
      throw new AssertionError(entry);
    }
    return out;
  }

  private static Entry entry(ByteBuffer in) throws IOException {
    int kind = in.get();
    switch (kind) {
      case 'f':
        return new RegularFile(in.getShort(), in.getLong(), in.getLong(), 0, 0);
      case 'l':
        long modified = in.getLong();
        return new Symlink(text(in), modified);
      case 'd':
        int mode = in.getShort();
        long touched = in.getLong();
        TreeMap<String, Entry> children = new TreeMap<>();
        for (int left = in.getInt(); left > 0; left--) {
          children.put(text(in), entry(in));
        }
        return new Folder(mode, touched, 0, children);
      case 'c':
        return new Closed();
      default:
        throw new IOException("not a memory of frep's: " + kind);
    }
  }

  /** Bytes, one a char, after their number: names have up to 255, targets of links up to 4095. */
  private static ByteBuffer text(ByteBuffer buffer, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return room(buffer, 2 + bytes.length).putShort((short) bytes.length).put(bytes);
  }

  private static String text(ByteBuffer in) {
    byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
    in.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** The buffer, or a larger one with what is in it. */
  private static ByteBuffer room(ByteBuffer buffer, int bytes) {
    if (buffer.remaining() >= bytes) {
      return buffer;
    }
    byte[] larger = Arrays.copyOf(buffer.array(), 2 * (buffer.position() + bytes));
    return ByteBuffer.wrap(larger).position(buffer.position());
  }
}
