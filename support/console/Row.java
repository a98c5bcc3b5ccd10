package dev.frep;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a screen knows of one target: what it is doing, and how far it has come with it. */
final class Row {
  enum Mood {
    GOOD,
    BUSY,
    BAD
  }

  /** A state in words. */
  record Doing(String what, Mood mood) {}

  /** What takes longer has a bar. */
  private static final Duration LONG = Duration.ofMillis(500);

  /** The speed is that of so much time. */
  private static final Duration LATELY = Duration.ofSeconds(5);

  /** A guess of the time left needs so much experience. */
  private static final Duration EXPERIENCE = Duration.ofSeconds(1);

  /** A file costs as much time as so many bytes, at least: its header, its name, its place. */
  private static final long FILE_WEIGHT = 1024;

  private static final int SHORTEST_BAR = 6;
  private static final int FAIR_BAR = 12;
  private static final int LONGEST_BAR = 30;

  private record Sample(long time, long bytes, double weight) {}

  private final Display.Subject subject;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private Doing doing = new Doing("connecting", Mood.BUSY);
  private Event.Progress progress;
  private long again;
  private boolean connected;
  private String lastMessage = "";

  Row(Display.Subject subject) {
    this.subject = subject;
  }

  String name() {
    return subject.label().get();
  }

  int nameWidth() {
    return Strip.measure(name());
  }

  /** Whether a failure is another than the last. */
  boolean isNews(String message) {
    boolean news = !message.equals(lastMessage);
    lastMessage = message;
    return news;
  }

  void follow(Event event) {
    if (event instanceof Event.Connecting) {
      become(connected ? "reconnecting" : "connecting", Mood.BUSY);
    } else if (event instanceof Event.Started || event instanceof Event.Connected) {
      connected = true;
      become("comparing", Mood.BUSY);
    } else if (event instanceof Event.Progress now) {
      follow(now);
    } else if (event instanceof Event.InStep) {
      lastMessage = "";
      become("in step", Mood.GOOD);
    } else if (event instanceof Event.OutOfStep out) {
      lastMessage = "";
      become("not in step: " + Text.count(out.paths(), "path") + ", see above", Mood.BAD);
    } else if (event instanceof Event.Disconnected lost) {
      become("reconnecting", Mood.BAD);
      again = System.nanoTime() + lost.pause().toNanos();
    } else if (event instanceof Event.Ended ended) {
      boolean good = ended.exit() == Exit.IN_STEP;
      become(good ? "done" : "given up", good ? Mood.GOOD : Mood.BAD);
    }
  }

  private void become(String what, Mood mood) {
    doing = new Doing(what, mood);
    progress = null;
    again = 0;
    samples.clear();
  }

  private void follow(Event.Progress now) {
    if (progress == null || now.time().compareTo(progress.time()) < 0) {
      become("sending", Mood.BUSY);
      samples.add(new Sample(System.nanoTime() - now.time().toNanos(), 0, 0));
    }
    progress = now;
    long time = System.nanoTime();
    samples.add(new Sample(time, now.bytes(), weight(now.bytes(), now.files())));
    while (samples.size() > 2 && time - samples.peek().time > LATELY.toNanos()) {
      samples.remove();
    }
  }

  private static double weight(long bytes, long files) {
    return bytes + (double) files * FILE_WEIGHT;
  }

  Doing doing() {
    if (again == 0) {
      return doing;
    }
    long left = Math.max(0, again - System.nanoTime());
    long seconds = (left + 999_999_999) / 1_000_000_000;
    return new Doing(doing.what + (seconds == 0 ? "" : " in " + seconds + " s"), doing.mood);
  }

  /** Whether it looks different in a moment without an event. */
  boolean isMoving() {
    return again != 0 || progress != null;
  }

  boolean isLong() {
    return progress != null && progress.allFiles() > 0 && progress.time().compareTo(LONG) >= 0;
  }

  // The bar.

  /** How far it has come, and as many figures as there is room for beside a bar. */
  Strip bar(Strip strip, int nameColumns) {
    double all = Math.max(1, weight(progress.allBytes(), progress.allFiles()));
    double part = weight(progress.bytes(), progress.files()) / all;
    if (nameColumns > 0) {
      strip.column(name(), nameColumns).add(" ");
    }
    strip.add(String.format("%3d%% ", (int) (100 * part)));
    String timeLeft = right(timeLeft(all), 9);
    List<String> figures = new ArrayList<>(List.of(bytes(), files(), speed(), timeLeft));
    for (int least : new int[] {1, 2, 0, 3}) { // What says less than the bar gives way first.
      boolean some = least == 1 || least == 2;
      if (strip.room() - width(figures) < (some ? FAIR_BAR : SHORTEST_BAR)) {
        figures.set(least, "");
      }
    }
    int length = Math.min(LONGEST_BAR, strip.room() - width(figures));
    strip.bar(Math.max(0, length), part);
    figures.stream().filter(figure -> !figure.isEmpty()).forEach(f -> strip.add("  ").add(f));
    return strip;
  }

  private static int width(List<String> figures) {
    return figures.stream().mapToInt(f -> f.isEmpty() ? 0 : 2 + f.length()).sum();
  }

  /** As wide as it may become, so that nothing jumps. */
  private static String right(String text, int columns) {
    return " ".repeat(Math.max(0, columns - text.length())) + text;
  }

  /** The unit that both have is said once. */
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

  private String timeLeft(double all) {
    if (progress.bytes() == progress.allBytes() && progress.files() == progress.allFiles()) {
      return "finishing"; // It puts in place what has come.
    }
    double passed = System.nanoTime() - samples.peek().time;
    double done = samples.peekLast().weight - samples.peek().weight;
    if (done <= 0 || progress.time().compareTo(EXPERIENCE) < 0) {
      return "";
    }
    double left = (all - samples.peekLast().weight) / done * passed;
    long seconds = TimeUnit.NANOSECONDS.toSeconds((long) left) + 1;
    return seconds < 90
        ? seconds + " s left"
        : seconds < 90 * 60
            ? (seconds + 30) / 60 + " min left"
            : (seconds + 1800) / 3600 + " h left";
  }
}
