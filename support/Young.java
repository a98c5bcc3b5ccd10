package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;

/**
 * Remembers the checksum of each file that was modified so recently that another write could leave
 * its time unchanged. When the file has come of age, its content is compared once more.
 */
final class Young {
  /** What was sent of a file. */
  private record Sent(RegularFile file, long checksum) {}

  private final Map<String, Sent> young = new ConcurrentHashMap<>();
  private final Map<String, Sent> ofAge = new HashMap<>();

  /** A file was sent with this content. */
  void sent(String path, RegularFile file, long checksum) {
    young.put(path, new Sent(file, checksum));
  }

  /** Hints at the files that have come of age since this was called last. */
  void comeOfAge(Hints dirty) {
    young.forEach(
        (path, sent) -> {
          if (!Stat.isYoung(sent.file.modified()) && young.remove(path, sent)) {
            ofAge.put(path, sent);
            dirty.look(path);
          }
        });
  }

  /** The files that have come of age were looked at. */
  void looked() {
    ofAge.clear();
  }

  /** Whether a file whose attributes are as known has another content than was sent. */
  boolean hasChanged(String path, Path file, RegularFile known) {
    Sent sent = ofAge.getOrDefault(path, young.get(path));
    return sent != null && sent.file.equals(known) && checksum(file) != sent.checksum;
  }

  private static long checksum(Path file) {
    CRC32C checksum = new CRC32C();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n; (n = in.read(buffer)) > 0; ) {
        checksum.update(buffer, 0, n);
      }
    } catch (IOException gone) {
      return -1; // Its event tells.
    }
    return checksum.getValue();
  }
}
