package dev.frep;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What the system says of a path itself, be it a symlink or not.
 *
 * @param mode kind and permissions as stat(2) has them
 * @param size in bytes
 * @param modified in nanoseconds since 1970, as is changed
 * @param changed when something of it changed, its permissions included; 0 if the system does not
 *     say, or was not asked
 * @param inode 0 if the system does not say, or was not asked
 */
record Stat(int mode, long size, long modified, long changed, long inode) {
  private static final int KIND = 0170000;
  private static final int FILE = 0100000;
  private static final int LINK = 0120000;
  private static final int FOLDER = 0040000;

  private static final Set<String> VIEWS = FileSystems.getDefault().supportedFileAttributeViews();
  private static final boolean IS_UNIX = VIEWS.contains("unix");
  private static final String ATTRIBUTES = "unix:mode,size,lastModifiedTime,ctime,ino";

  /** All that frep asks for. */
  static Stat of(Path path) throws IOException {
    if (!IS_UNIX) {
      return basic(path);
    }
    Map<String, Object> found = Files.readAttributes(path, ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
    return new Stat(
        (Integer) found.get("mode"),
        (Long) found.get("size"),
        nanos((FileTime) found.get("lastModifiedTime")),
        nanos((FileTime) found.get("ctime")),
        (Long) found.get("ino"));
  }

  /** What Java tells in half the time: no bits beyond the permissions, no inode, no ctime. */
  static Stat quick(Path path) throws IOException {
    if (!IS_UNIX) {
      return basic(path);
    }
    PosixFileAttributes found =
        Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    int mode = kind(found);
    for (PosixFilePermission permission : found.permissions()) {
      mode |= 0400 >> permission.ordinal(); // They are declared in this order.
    }
    return new Stat(mode, found.size(), nanos(found.lastModifiedTime()), 0, 0);
  }

  private static Stat basic(Path path) throws IOException {
    BasicFileAttributes found =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    int mode = kind(found) | (found.isDirectory() ? 0755 : 0644);
    return new Stat(mode, found.size(), nanos(found.lastModifiedTime()), 0, 0);
  }

  private static int kind(BasicFileAttributes found) {
    return found.isDirectory()
        ? FOLDER
        : found.isSymbolicLink() ? LINK : found.isRegularFile() ? FILE : 0;
  }

  private static long nanos(FileTime time) {
    return time.to(TimeUnit.NANOSECONDS);
  }

  /** A file younger than this may change again without a trace in its times: FAT has 2 s. */
  private static final Duration YOUNG = Duration.ofSeconds(2);

  /** Whether a file modified at this time may change again without another time. */
  static boolean isYoung(long modified) {
    return System.currentTimeMillis() * 1_000_000 - modified < YOUNG.toNanos();
  }

  /**
   * Whether a path below a root does not exist: some folder on the way to it is gone, or is none
   * any more.
   */
  static boolean isGone(Path root, Path file, IOException why) {
    if (why instanceof NoSuchFileException || why instanceof NotDirectoryException) {
      return true;
    }
    for (Path up = file.getParent(); up != null && up.startsWith(root); up = up.getParent()) {
      try { // Java does not tell by the kind of an exception that a folder has become a file.
        return !of(up).isFolder();
      } catch (NoSuchFileException gone) {
        return true;
      } catch (IOException hidden) {
        continue; // Who is above may say more.
      }
    }
    return false;
  }

  boolean isFolder() {
    return (mode & KIND) == FOLDER;
  }

  boolean isFile() {
    return (mode & KIND) == FILE;
  }

  boolean isLink() {
    return (mode & KIND) == LINK;
  }

  /** Whether it is of the same kind: a file, a folder, a symlink, or something else. */
  boolean isLike(Stat other) {
    return (mode & KIND) == (other.mode & KIND);
  }
}
