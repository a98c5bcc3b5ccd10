package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;

/** A file of the source, open for reading; its own exception tells reading from writing. */
final class SourceFile implements AutoCloseable {
  private final Path path;
  private final InputStream in;

  /** A file could not be read. */
  static final class Unreadable extends IOException {
    private static final long serialVersionUID = 1;
    final transient IOException why;

    Unreadable(IOException why) {
      super(why);
      this.why = why;
    }

    boolean isGone() {
      return why instanceof NoSuchFileException || why instanceof NotDirectoryException;
    }
  }

  SourceFile(Path path) throws Unreadable {
    this.path = path;
    try {
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new NoSuchFileException(path.toString()); // Opening a FIFO would never end.
      }
      in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException broken) {
      throw new Unreadable(broken);
    }
  }

  /** Reads up to so many bytes, fewer only at the end of the file. */
  int read(byte[] to, int length) throws Unreadable {
    try {
      return in.readNBytes(to, 0, length);
    } catch (IOException broken) {
      throw new Unreadable(broken);
    }
  }

  /** Reads likewise, and takes an error for the end. */
  int readOrEnd(byte[] to, int length) {
    try {
      return read(to, length);
    } catch (Unreadable broken) {
      return 0;
    }
  }

  /** Whether size and time are still those of the scan. */
  boolean isStill(RegularFile file) {
    return isStill(path, file);
  }

  static boolean isStill(Path path, RegularFile file) {
    try {
      BasicFileAttributes now =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return now.isRegularFile()
          && now.size() == file.size()
          && now.lastModifiedTime().to(TimeUnit.NANOSECONDS) == file.modified();
    } catch (IOException gone) {
      return false;
    }
  }

  @Override
  public void close() throws Unreadable {
    try {
      in.close();
    } catch (IOException broken) {
      throw new Unreadable(broken);
    }
  }
}
