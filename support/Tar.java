package dev.frep;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes tar archives that GNU tar, BusyBox and bsdtar read alike: the old GNU format, in which
 * names are bytes, long ones go before their entry, and large numbers are binary. Owners are left
 * at 0 and not meant to be restored.
 */
final class Tar {
  static final char FILE = '0';
  static final char LINK = '2';
  static final char FOLDER = '5';

  private static final char LONG_LINK = 'K';
  private static final char LONG_NAME = 'L';
  private static final int BLOCK = 512;
  private static final int NAME_BYTES = 100;

  private final OutputStream out;
  private final byte[] header = new byte[BLOCK];

  Tar(OutputStream out) {
    this.out = out;
  }

  /**
   * Begins an entry; a file's content is to be written next, then {@link #pad}.
   *
   * @param name bytes, one a char; a folder's ends with a slash
   * @param target of a link, bytes, one a char; else ""
   * @param size of the content, in bytes
   * @param seconds since 1970
   */
  void entry(char type, String name, String target, int mode, long size, long seconds)
      throws IOException {
    if (target.length() > NAME_BYTES) {
      longText(LONG_LINK, target);
    }
    if (name.length() > NAME_BYTES) {
      longText(LONG_NAME, name);
    }
    header(type, name, target, mode, size, seconds);
  }

  /** A name that does not fit into the header of its entry: it comes as content of one before. */
  private void longText(char type, String text) throws IOException {
    header(type, "././@LongLink", "", 0644, text.length() + 1L, 0);
    write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.write(0);
    pad(text.length() + 1L);
  }

  /** The fields of POSIX ustar with GNU's magic: offsets and lengths in bytes. */
  private void header(char type, String name, String target, int mode, long size, long seconds)
      throws IOException {
    Arrays.fill(header, (byte) 0);
    text(name, 0);
    number(mode, 100, 8);
    number(0, 108, 8); // owner
    number(0, 116, 8); // group
    number(size, 124, 12);
    number(seconds, 136, 12);
    Arrays.fill(header, 148, 156, (byte) ' '); // The checksum counts itself as blanks.
    header[156] = (byte) type;
    text(target, 157);
    text("ustar  ", 257);
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    number(sum, 148, 7);
    out.write(header);
  }

  @SuppressWarnings("deprecation") // Of all ways to get at the bytes of a string this one is short.
  private void text(String text, int at) {
    text.getBytes(0, Math.min(text.length(), NAME_BYTES), header, at);
  }

  /** Octal digits and a NUL; what has too many of them in binary, marked by the first bit. */
  private void number(long value, int at, int length) {
    long rest = value;
    for (int i = length - 2; i >= 0; i--) {
      header[at + i] = (byte) ('0' + (rest & 7));
      rest >>>= 3;
    }
    if (rest != 0) {
      rest = value;
      for (int i = length - 1; i > 0; i--) {
        header[at + i] = (byte) rest;
        rest >>>= 8;
      }
      header[at] = (byte) 0x80;
    }
  }

  void write(byte[] content) throws IOException {
    write(content, content.length);
  }

  void write(byte[] content, int length) throws IOException {
    out.write(content, 0, length);
  }

  /** Fills the last block of a content of that size. */
  void pad(long size) throws IOException {
    out.write(ZEROS, 0, (int) (-size & BLOCK - 1));
  }

  /** Two empty blocks are the end. */
  void finish() throws IOException {
    out.write(ZEROS);
  }

  private static final byte[] ZEROS = new byte[2 * BLOCK];
}
