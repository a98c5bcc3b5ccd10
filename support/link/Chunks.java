package dev.frep;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** The archive of one set on its way: what it holds back is sent when the set is finished. */
final class Chunks extends OutputStream {
  private static final int BLOCK = 1 << 16;

  /** An archive that fits into one chunk is padded to records of this size. */
  private static final int SMALL_RECORD = 1 << 12;

  /** How an archive travels. */
  enum Way {
    /** Padded to records, for a tar that reads no further than the last of them. */
    RECORDS,
    /** In pieces that are announced. */
    CHUNKS,
    /** The same, compressed. */
    GZIP
  }

  private final Link link;
  private final long set;
  private final Way way;
  private final long begun = System.nanoTime();
  private final long blockedBefore;
  private byte[] buffer;
  private int length;
  private int record;
  private long total;

  Chunks(Link link, long set, Way way) {
    this.link = link;
    this.set = set;
    this.way = way;
    blockedBefore = link.blocked();
    buffer = link.take();
  }

  /** Where the archive is to be written; closing it ends the compression, not the set. */
  OutputStream body() throws IOException {
    return way == Way.GZIP ? new Zip(this) : this;
  }

  /** Compresses with the least effort, which gives most of what there is to gain. */
  private static final class Zip extends GZIPOutputStream {
    Zip(OutputStream out) throws IOException {
      super(out, BLOCK);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  /** How it went, once the set is finished. */
  Pace.Trip trip(long weight) {
    return new Pace.Trip(weight, total, link.blocked() - blockedBefore, begun, System.nanoTime());
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] from, int start, int count) throws IOException {
    for (int done = 0; done < count; ) {
      int n = Math.min(count - done, Link.CHUNK - length);
      System.arraycopy(from, start + done, buffer, length, n);
      length += n;
      done += n;
      boolean idle = way == Way.GZIP && length >= BLOCK && link.isIdle();
      if (length == Link.CHUNK || idle) { // A link that needs compression must never wait.
        send(BLOCK);
      }
    }
  }

  /** Sends what the buffer holds; the first chunk decides the size of records. */
  private void send(int size) throws IOException {
    if (record == 0) {
      record = size;
      link.command("set " + set + " " + packing());
    }
    if (way == Way.RECORDS) {
      int padded = (length + record - 1) / record * record;
      Arrays.fill(buffer, length, padded, (byte) 0);
      length = padded;
    } else if (length % BLOCK == 0) {
      link.command("chunk " + BLOCK + " " + length / BLOCK);
    } else {
      link.command("chunk " + length + " 1");
    }
    link.chunk(buffer, length);
    buffer = link.take();
    total += length;
    length = 0;
  }

  private String packing() {
    return switch (way) {
      case RECORDS -> "" + record;
      case CHUNKS -> "0";
      case GZIP -> "gzip";
    };
  }

  /** Ends the set; it is aborted if nothing in it is to be put in place. */
  void finish(boolean any) throws IOException {
    if (any || record > 0) {
      if (length > 0) {
        send(SMALL_RECORD);
      }
      link.command((any ? "end " : "abort ") + set);
    }
    link.giveBack(buffer);
  }
}
