package dev.frep;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * What a person sees: news on stdout, errors with their hints on stderr. Whatever comes from
 * elsewhere is made harmless to a terminal before it is printed.
 */
final class Console {
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
  private final boolean debugging;
  private final Supplier<String> prefix;
  private static final Object LOCK = new Object();

  Console(boolean debugging) {
    this(debugging, () -> "");
  }

  private Console(boolean debugging, Supplier<String> prefix) {
    this.debugging = debugging;
    this.prefix = prefix;
  }

  /** The same, for what is about one of several targets. */
  Console of(Supplier<String> target) {
    return new Console(debugging, () -> target.get() + ": ");
  }

  void say(String line) {
    synchronized (LOCK) {
      out.println(prefix.get() + line);
    }
  }

  void error(String message, String hint) {
    synchronized (LOCK) { // The hint stands right below what it is about, however many speak.
      err.println("frep: " + prefix.get() + message);
      if (hint != null && !hint.isEmpty()) {
        err.println("hint: " + hint);
      }
    }
  }

  synchronized void debug(String line) {
    if (debugging) {
      err.println("debug: " + prefix.get() + line);
    }
  }

  synchronized void debug(Throwable trace) {
    if (debugging) {
      trace.printStackTrace(err);
    }
  }

  static String count(long n, String noun) {
    return n + " " + noun + (n == 1 ? "" : "s");
  }

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

  private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

  static String seconds(Duration time) {
    double seconds = time.toNanos() / 1e9;
    return seconds < 1
        ? Math.round(seconds * 1000) + " ms"
        : String.format(Locale.ROOT, "%.1f s", seconds);
  }
}
