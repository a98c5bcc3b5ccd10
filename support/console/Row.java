package dev.frep;

import static java.util.stream.Collectors.joining;

import dev.frep.Terminal.Colour;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The state of one target as its events tell it, and the progress of what it is sent. */
final class Row {
  /** A state in words. */
  record State(String words, Colour colour) {}

  /** Sending for longer than this deserves a bar. */
  private static final Duration LONG = Duration.ofMillis(500);

  /** The speed is an average over this time. */
  private static final Duration LATELY = Duration.ofSeconds(5);

  /** An earlier guess of the time left would be wrong. */
  private static final Duration EXPERIENCE = Duration.ofSeconds(1);

  /** A file takes at least as long as this many bytes: its header, its name, its rename. */
  private static final long FILE_WEIGHT = 1024;

  private static final int SHORTEST_BAR = 6;
  private static final int FAIR_BAR = 12;
  private static final int LONGEST_BAR = 30;

  private record Sample(long time, long bytes, double weight) {}

  private final Display.Subject subject;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private State state = new State("connecting", Colour.PLAIN);
  private Event.Progress progress; // null: nothing is being sent
  private long again; // when frep reconnects; 0: not
  private boolean connected;
  private boolean left;
  private String lastMessage = "";

  Row(Display.Subject subject) {
    this.subject = subject;
  }

  String name() {
    return subject.label().get();
  }

  /** Whether a failure is another one than the last. */
  boolean isNews(String message) {
    boolean news = !message.equals(lastMessage);
    lastMessage = message;
    return news;
  }

  /** Whether frep goes on without the target. */
  boolean hasLeft() {
    return left;
  }

  /** Takes the next event of this target. */
  void follow(Event event) {
    if (event instanceof Event.Connecting) {
      become(connected ? "reconnecting" : "connecting", Colour.PLAIN);
    } else if (event instanceof Event.Started || event instanceof Event.Connected) {
      connected = true;
      become("comparing", Colour.PLAIN);
    } else if (event instanceof Event.Progress now) {
      sample(now);
    } else if (event instanceof Event.InStep) {
      lastMessage = "";
      become("in step", Colour.GREEN);
    } else if (event instanceof Event.OutOfStep out) {
      lastMessage = "";
      String paths = Text.count(out.paths(), "path");
      become("not in step: " + paths + ", see above", Colour.YELLOW);
    } else if (event instanceof Event.Disconnected lost) {
      become("reconnecting", Colour.YELLOW);
      again = System.nanoTime() + lost.pause().toNanos();
    } else if (event instanceof Event.Waiting) {
      become("waiting", Colour.YELLOW);
    } else if (event instanceof Event.Left) {
      left = true;
    } else if (event instanceof Event.Ended ended) {
      boolean good = ended.exit() == Exit.IN_STEP;
      become(good ? "done" : "given up", good ? Colour.GREEN : Colour.YELLOW);
    }
  }

  private void become(String words, Colour colour) {
    state = new State(words, colour);
    progress = null;
    again = 0;
    samples.clear();
  }

  private void sample(Event.Progress now) {
    long time = System.nanoTime();
    if (progress == null || now.time().compareTo(progress.time()) < 0) {
      become("sending", Colour.PLAIN);
      samples.add(new Sample(time - now.time().toNanos(), 0, 0));
    }
    progress = now;
    samples.add(new Sample(time, now.bytes(), weight(now.bytes(), now.files())));
    while (samples.size() > 2 && time - samples.peek().time > LATELY.toNanos()) {
      samples.remove();
    }
  }

  private static double weight(long bytes, long files) {
    return bytes + (double) files * FILE_WEIGHT;
  }

  State state() {
    if (again == 0) {
      return state;
    }
    long left = Math.max(0, again - System.nanoTime());
    long seconds = (left + 999_999_999) / 1_000_000_000;
    return new State(state.words + (seconds == 0 ? "" : " in " + seconds + " s"), state.colour);
  }

  /** Whether the row changes with time alone. */
  boolean isMoving() {
    return again != 0 || progress != null;
  }

  boolean isLong() {
    return progress != null && progress.allFiles() > 0 && progress.time().compareTo(LONG) >= 0;
  }

  Duration sendingFor() {
    return progress == null ? Duration.ZERO : progress.time();
  }

  /** Returns the progress in words. */
  String progress() {
    List<String> figures = List.of(percent(), bytes(), files(), speed(), timeLeft());
    return figures.stream().filter(f -> !f.isEmpty()).map(String::strip).collect(joining(", "));
  }

  /**
   * Fills a strip with a bar and as many figures as fit beside it.
   *
   * @param nameColumns the width of the column for the name; 0: none
   */
  Strip bar(Strip strip, int nameColumns) {
    if (nameColumns > 0) {
      strip.column(name(), nameColumns).add(" ");
    }
    strip.add(percent() + " ");
    List<String> figures = new ArrayList<>(List.of(bytes(), files(), speed(), timeLeft()));
    figures.set(3, right(figures.get(3), 9));
    for (int least : new int[] {1, 2, 0, 3}) { // Files, then speed: the bar says more than they do.
      boolean some = least == 1 || least == 2;
      if (strip.room() - width(figures) < (some ? FAIR_BAR : SHORTEST_BAR)) {
        figures.set(least, "");
      }
    }
    strip.bar(Math.max(0, Math.min(LONGEST_BAR, strip.room() - width(figures))), part());
    figures.stream().filter(f -> !f.isEmpty()).forEach(f -> strip.add("  ").add(f));
    return strip;
  }

  private static int width(List<String> figures) {
    return figures.stream().mapToInt(f -> f.isEmpty() ? 0 : 2 + f.length()).sum();
  }

  /** Pads a text to the width that it may reach, so that nothing jumps. */
  private static String right(String text, int columns) {
    return " ".repeat(Math.max(0, columns - text.length())) + text;
  }

  private double part() {
    double all = Math.max(1, weight(progress.allBytes(), progress.allFiles()));
    return weight(progress.bytes(), progress.files()) / all;
  }

  private String percent() {
    return right((int) (100 * part()) + "%", 4);
  }

  /** Returns both sizes, with the unit only once where it is the same. */
  private String bytes() {
    if (progress.allBytes() == 0) {
      return "";
    }
    String all = Text.bytes(progress.allBytes());
    String some = Text.bytes(progress.bytes());
    String unit = all.substring(all.indexOf(' '));
    String shared = some.endsWith(unit) ? some.substring(0, some.indexOf(' ')) : some;
    return right(shared, all.indexOf(' ')) + " of " + all;
  }

  private String files() {
    String all = Text.count(progress.allFiles(), "file");
    return right("" + progress.files(), all.indexOf(' ')) + " of " + all;
  }

  private String speed() {
    double seconds = (System.nanoTime() - samples.peek().time) / 1e9;
    double bytes = samples.peekLast().bytes - samples.peek().bytes;
    String speed = Text.bytes((long) (bytes / seconds)) + "/s";
    return progress.allBytes() == 0 ? "" : right(speed, 8);
  }

  private String timeLeft() {
    double left = weight(progress.allBytes(), progress.allFiles()) - samples.peekLast().weight;
    if (left == 0) {
      return "finishing"; // The target puts the files in place.
    }
    double passed = System.nanoTime() - samples.peek().time;
    double done = samples.peekLast().weight - samples.peek().weight;
    if (done <= 0 || progress.time().compareTo(EXPERIENCE) < 0) {
      return "";
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds((long) (left / done * passed)) + 1;
    return seconds < 90
        ? seconds + " s left"
        : seconds < 90 * 60
            ? (seconds + 30) / 60 + " min left"
            : (seconds + 1800) / 3600 + " h left";
  }
}

/** A line of the screen in the making. It drops what exceeds its width. */
final class Strip {
  private final int width;
  private final Terminal.Style style;
  private final StringBuilder text = new StringBuilder();
  private int used;
  private boolean cut;

  Strip(int width, Terminal.Style style) {
    this.width = width;
    this.style = style;
  }

  Strip add(String more) {
    return add(more, Colour.PLAIN);
  }

  Strip add(Row.State state) {
    return add(state.words(), state.colour());
  }

  Strip add(String more, Colour colour) {
    String shown = Names.harmless(more);
    String fitting = head(shown, room());
    cut |= fitting.length() < shown.length();
    used += measure(fitting);
    text.append(style.paint(colour, fitting));
    return this;
  }

  /** Adds a text, cut or padded to this width. */
  Strip column(String more, int columns) {
    String shown = head(more, columns);
    return add(shown + " ".repeat(columns - measure(shown)));
  }

  /** Adds a bar of which this part, of 1, is full. */
  Strip bar(int length, double part) {
    int full = (int) Math.round(length * Math.min(1, part));
    String rest = !style.lines() ? "-" : style.colours() ? "━" : "─";
    add((style.lines() ? "━" : "=").repeat(full), Colour.GREEN);
    return add(rest.repeat(length - full), Colour.DIM);
  }

  int room() {
    return width - used;
  }

  boolean isEmpty() {
    return used == 0;
  }

  boolean isCut() {
    return cut;
  }

  /** Returns as much of a text as fits into this many columns. */
  private static String head(String text, int columns) {
    int end = 0;
    for (int used = 0; end < text.length(); ) {
      int c = text.codePointAt(end);
      used += columns(c);
      if (used > columns) {
        break;
      }
      end += Character.charCount(c);
    }
    return text.substring(0, end);
  }

  /** Returns the number of columns that a text takes; rather too many than too few. */
  static int measure(String text) {
    return text.codePoints().map(Strip::columns).sum();
  }

  /** Most characters from Hangul on take two columns; few below do. */
  private static int columns(int c) {
    boolean drawn = c >= 0x2010 && c < 0x2600; // dashes, arrows, lines
    return c < 0x1100 || drawn ? 1 : 2;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
