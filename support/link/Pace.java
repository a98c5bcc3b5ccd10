package dev.frep;

import java.time.Duration;
import java.util.function.IntSupplier;

/** How fast a target takes what is sent, and what follows from that for the next set. */
final class Pace {
  /** A link that takes less, in bytes a second, is filled by what one processor can compress. */
  private static final double SLOW = 20e6;

  /** What is lighter is on its way before it is compressed. */
  private static final long LIGHT = 1 << 15;

  /** Of fewer bytes the time says little. */
  private static final long TELLING = 1 << 19;

  /** What it takes to put a set in place, be it ever so small. */
  private static final Duration COMMIT = Duration.ofMillis(30);

  /** So often in a row a link must have been slow before it counts as slow. */
  private static final int SURE = 2;

  private static final int VERY_SURE = 5;

  private static final long FIRST = 2 << 20;

  /** Who answers within this time is on this machine, or near: there more is soon done. */
  private static final Duration NEAR = Duration.ofMillis(5);

  private static final long FIRST_NEAR = 8 << 20;

  /**
   * Fewer bytes are over a far link before it is at speed: the fewer, the sooner they are there.
   */
  static final long LITTLE = 4 << 20;

  private static final long LARGEST = 64 << 20;
  private static final int GROWTH = 4;

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private final Boolean asked;
  private final IntSupplier senders;
  private long setBytes = FIRST;
  private Duration roundTrip = Duration.ZERO;
  private int slow;
  private boolean far;

  /**
   * One set on its way.
   *
   * @param weight before it was compressed, in bytes
   * @param wire as it went over the link, in bytes
   * @param blocked how long the sender waited for the link meanwhile, in nanoseconds
   * @param begun by System.nanoTime, as is ended: the first and the last byte was handed over
   */
  record Trip(long weight, long wire, long blocked, long begun, long ended) {}

  /**
   * @param asked whether to compress; null: as the link needs it
   * @param senders how many share the processors now, this one among them
   */
  Pace(Boolean asked, IntSupplier senders) {
    this.asked = asked;
    this.senders = senders;
  }

  /**
   * How many bytes make a set that does not hold the link for much more than a second.
   *
   * @param little whether less than LITTLE is missing
   */
  long setBytes(boolean little) {
    return far && little ? LITTLE : setBytes;
  }

  /**
   * Whether the link, not the processor, is the limit for so many bytes.
   *
   * @param little whether less than LITTLE is missing
   */
  boolean compresses(long weight, boolean little) {
    boolean needed = slow >= SURE || far && little;
    return weight > LIGHT && (asked == null ? needed : asked);
  }

  /** The connection has begun, and took so long. */
  void begun(Duration time) {
    far = time.compareTo(FAR) > 0;
  }

  /** Whether there is time while the target looks what is there. */
  boolean isFar() {
    return far;
  }

  /** Whether what is there shall be told compressed: before it is told, no one knows the link. */
  boolean compressesListing() {
    return asked == null ? far : asked;
  }

  /** Who takes longer to begin is far away; or it is so slow that a little more does not matter. */
  private static final Duration FAR = Duration.ofMillis(300);

  /** How long an answer takes when there is nothing to do: told before the first set is sent. */
  void roundTrip(Duration time) {
    roundTrip = time;
    if (setBytes == FIRST && time.compareTo(NEAR) < 0) {
      setBytes = FIRST_NEAR;
    }
  }

  /**
   * A link that has waited for gzip looks fast: once it is known as slow, that takes more proof.
   */
  private void count(boolean isSlow) {
    if (isSlow) {
      slow = Math.min(VERY_SURE, slow + 1);
    } else if (slow > SURE) {
      slow--;
    } else if (slow == SURE) {
      slow = 0;
      setBytes = FIRST; // As many bytes as went with gzip would hold it for long.
    } else {
      slow = 0;
    }
  }

  void acknowledged(Trip trip) {
    long now = System.nanoTime();
    far = false; // From here on it is measured.
    if (trip.wire >= TELLING) {
      double fixed = roundTrip.plus(COMMIT).toNanos();
      double inLink = Math.max(1, trip.blocked + (now - trip.ended) - fixed);
      double share = Math.min(1, (double) PROCESSORS / senders.getAsInt());
      count(trip.wire * 1e9 / inLink < SLOW * share); // Else the processors may be the limit.
    }
    double aSecond = trip.weight * 1e9 / Math.max(1, now - trip.begun);
    if (trip.weight >= setBytes / 2) {
      setBytes = Math.max(FIRST, Math.min(Math.min(LARGEST, setBytes * GROWTH), (long) aSecond));
    }
  }
}
