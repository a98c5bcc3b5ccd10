package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Reads text from a stream up to a given byte, each byte as one char. */
final class Intake {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;

  Intake(InputStream in) {
    this.in = in;
  }

  /**
   * Returns the text up to that byte, which is left out.
   *
   * @param longest the rest of a longer text is dropped
   * @return null at the end of the stream
   * @throws EOFException if the stream ends within a text; its message is that part
   */
  String until(char end, int longest) throws IOException {
    StringBuilder pieces = null;
    while (true) {
      for (int at = position; at < limit; at++) {
        if (buffer[at] == end) {
          String piece = piece(at);
          position = at + 1;
          return pieces == null ? piece : cut(pieces.append(piece), longest);
        }
      }
      pieces = pieces == null ? new StringBuilder() : pieces;
      if (pieces.length() <= longest) {
        pieces.append(piece(limit));
      }
      position = limit;
      if (ends()) {
        if (pieces.length() == 0) {
          return null;
        }
        throw new EOFException(cut(pieces, longest));
      }
    }
  }

  /** Whether the stream has ended; else the buffer holds at least a byte. */
  private boolean ends() throws IOException {
    if (position == limit) {
      position = 0;
      limit = Math.max(0, in.read(buffer));
    }
    return limit == 0;
  }

  private String piece(int end) {
    return new String(buffer, position, end - position, StandardCharsets.ISO_8859_1);
  }

  private static String cut(StringBuilder text, int longest) {
    return text.substring(0, Math.min(longest, text.length()));
  }
}
