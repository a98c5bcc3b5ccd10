package dev.frep;

import dev.frep.frep.Closed;
import dev.frep.frep.Entry;
import dev.frep.frep.Folder;
import dev.frep.frep.RegularFile;
import dev.frep.frep.Symlink;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * What was put at a target, remembered in the user's cache folder from one run to the next: so that
 * what is deleted here while frep does not run is deleted there too, and nothing else. Without it
 * nothing is deleted.
 */
final class Memory {
  private static final String VERSION = "frep 1";

  private final Path file;
  private final Console console;
  private Folder kept;

  /** The memory of what one source has put at one destination of one target. */
  Memory(Path source, String target, String destination, Console console) {
    this.console = console;
    CRC32C sum = new CRC32C();
    for (String part : new String[] {source.toString(), target, destination}) {
      sum.update((part + "\0").getBytes(StandardCharsets.UTF_8));
    }
    int more = (source + "\0" + target + "\0" + destination).hashCode();
    file = folder().resolve(String.format("%08x%08x", sum.getValue(), more));
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

  /** What was put there; nothing if nothing is known. */
  Folder recall() {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      if (in.readUTF().equals(VERSION) && read(in) instanceof Folder folder) {
        return folder;
      }
    } catch (IOException | RuntimeException unknown) {
      console.debug("no memory of this target: " + unknown);
    }
    return Folder.NONE;
  }

  /** Remembers what is there now. */
  void keep(Folder there) {
    if (there == kept) {
      return;
    }
    kept = there;
    try {
      Files.createDirectories(file.getParent());
      Path fresh = Files.createTempFile(file.getParent(), "new", "");
      try {
        try (DataOutputStream out =
            new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(fresh)))) {
          out.writeUTF(VERSION);
          write(out, there);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException unwritable) {
      console.debug("cannot remember what was put there: " + unwritable);
    }
  }

  private static void write(DataOutputStream out, Entry entry) throws IOException {
    if (entry instanceof RegularFile file) {
      out.writeByte('f');
      out.writeShort(file.mode());
      out.writeLong(file.size());
      out.writeLong(file.modified());
    } else if (entry instanceof Symlink link) {
      out.writeByte('l');
      out.writeUTF(link.target());
      out.writeLong(link.modified());
    } else if (entry instanceof Folder folder) {
      out.writeByte('d');
      out.writeInt(folder.children().size());
      for (Map.Entry<String, Entry> child : folder.children().entrySet()) {
        out.writeUTF(child.getKey());
        write(out, child.getValue());
      }
    } else if (entry instanceof Closed) {
      out.writeByte('c');
    } else {
      throw new AssertionError(entry);
    }
  }

  private static Entry read(DataInputStream in) throws IOException {
    int kind = in.readByte();
    switch (kind) {
      case 'f':
        return new RegularFile(in.readShort(), in.readLong(), in.readLong(), 0, 0);
      case 'l':
        return new Symlink(in.readUTF(), in.readLong());
      case 'd':
        TreeMap<String, Entry> children = new TreeMap<>();
        for (int left = in.readInt(); left > 0; left--) {
          children.put(in.readUTF(), read(in));
        }
        return new Folder(0, 0, 0, children);
      case 'c':
        return new Closed();
      default:
        throw new IOException("not a memory of frep's: " + kind);
    }
  }
}
