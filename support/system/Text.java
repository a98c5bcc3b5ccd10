package dev.frep;

import java.time.Duration;
import java.util.Locale;

/** Words and numbers for people. */
final class Text {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

  private Text() {}

  /** A number with its noun: 1 file, 2 files. */
  static String count(long n, String noun) {
    return n + " " + noun + (n == 1 ? "" : "s");
  }

  /** A size in decimal units, with two digits or three. */
  static String bytes(long n) {
    if (n < 1000) {
      return count(n, "byte");
    }
    double value = n;
    int unit = -1;
    for (; value >= 999.5; unit++) {
      value /= 1000;
    }
    return String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
  }

  /** A time in milliseconds or seconds. */
  static String seconds(Duration time) {
    double seconds = time.toNanos() / 1e9;
    return seconds < 1
        ? Math.round(seconds * 1000) + " ms"
        : String.format(Locale.ROOT, "%.1f s", seconds);
  }

  /** One word for a shell, whatever is in it. */
  static String quote(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}
