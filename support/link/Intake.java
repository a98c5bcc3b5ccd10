package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

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
      position = limit;
      if (ends()) {
        if (pieces.length() == 0) {
          return null;
        }
        throw new EOFException(cut(pieces, longest));
      }
    }
  }

  /**
   * What gzip has compressed, and follows now; when that has ended, this one goes on.
   *
   * @throws IllegalArgumentException if it is not that, also when it is read
   */
  Intake unzipped() throws IOException {
    byte[] header = new byte[10]; // What gzip writes when it does not know of a file.
    for (int i = 0; i < header.length; i++) {
      header[i] = next();
    }
    if (header[0] != 0x1f || header[1] != (byte) 0x8b || header[2] != 8 || header[3] != 0) {
      throw new IllegalArgumentException("not compressed by gzip");
    }
    return new Intake(new Unzipped());
  }

  /** Takes as much as the compressed data says that it is, and no byte more. */
  private final class Unzipped extends InputStream {
    private final Inflater inflater = new Inflater(true);
    private boolean over;

    @Override
    public int read() {
      throw new UnsupportedOperationException("byte by byte");
    }

    @Override
    public int read(byte[] to, int start, int length) throws IOException {
      try {
        while (!over) {
          int count = inflater.inflate(to, start, length);
          if (count > 0) {
            return count;
          } else if (inflater.finished()) {
            finish();
          } else if (ends()) {
            throw new EOFException();
          } else {
            inflater.setInput(buffer, position, limit - position);
            position = limit;
          }
        }
        return -1;
      } catch (DataFormatException broken) {
        throw new IllegalArgumentException("not compressed by gzip", broken);
      }
    }

    private void finish() throws IOException {
      over = true;
      position = limit - inflater.getRemaining();
      inflater.end();
      for (int i = 0; i < 8; i++) { // A checksum and the size.
        next();
      }
    }
  }

  private byte next() throws IOException {
    if (ends()) {
      throw new EOFException();
    }
    return buffer[position++];
  }

  /** Whether nothing more follows; else there is at least a byte in the buffer. */
  boolean ends() throws IOException {
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
