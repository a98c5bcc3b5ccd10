package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Reads whole files that anyone may have made: only what is a file, since a FIFO would block and a
 * device may have no end, and only up to a size.
 */
final class SmallFile {
  private SmallFile() {}

  /**
   * The file's bytes.
   *
   * @param most so many bytes are read
   * @throws FileSystemException if it is not a file, or larger
   */
  static byte[] read(Path file, int most, LinkOption... follow) throws IOException {
    if (!Files.readAttributes(file, BasicFileAttributes.class, follow).isRegularFile()) {
      throw new FileSystemException(file.toString(), null, "is not a file");
    }
    try (InputStream in = Files.newInputStream(file, follow)) {
      byte[] bytes = in.readNBytes(most);
      if (bytes.length == most && in.read() >= 0) {
        throw new FileSystemException(file.toString(), null, "is larger than " + Text.bytes(most));
      }
      return bytes;
    }
  }

  /** The same as text, one char a byte. */
  static String text(Path file, int most, LinkOption... follow) throws IOException {
    return new String(read(file, most, follow), StandardCharsets.ISO_8859_1);
  }
}
