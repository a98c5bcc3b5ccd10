package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Takes in what the other end says, as text that ends with a byte known before; bytes as chars. */
final class Intake {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;

  Intake(InputStream in) {
    this.in = in;
  }

  /**
   * The text up to that byte, which is left out.
   *
   * @param longest of what is longer, only so much is kept
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
      position = 0;
      limit = in.read(buffer);
      if (limit <= 0) {
        limit = 0;
        if (pieces.length() == 0) {
          return null;
        }
        throw new EOFException(cut(pieces, longest));
      }
    }
  }

  private String piece(int end) {
    return new String(buffer, position, end - position, StandardCharsets.ISO_8859_1);
  }

  private static String cut(StringBuilder text, int longest) {
    return text.substring(0, Math.min(longest, text.length()));
  }
}
