package dev.frep;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Events at a terminal: lines as everywhere, and below them what is the case just now, drawn anew
 * in place. That is a bar for each target that much is sent to, and a line for the others.
 */
final class Screen implements Display {
  /** What is over sooner is not shown to begin: no one could read it. */
  private static final Duration GLANCE = Duration.ofMillis(50);

  /** How often what moves is drawn. */
  private static final Duration FRAME = Duration.ofMillis(100);

  /** The two signs that a terminal echoes for Ctrl-C must not break the last line. */
  private static final int MARGIN = 3;

  private static final int MOST_BARS = 10;

  private final Terminal terminal;
  private final PrintStream out;
  private final Lines lines;
  private final Map<Subject, Row> rows = new LinkedHashMap<>();
  private List<Strip> drawn = List.of();
  private boolean covered;
  private boolean changed = true;
  private boolean resized = true;
  private boolean sourceLost;
  private boolean stopping;
  private boolean closed;

  Screen(Terminal terminal, PrintStream out, PrintStream err, Detail detail) {
    this.terminal = terminal;
    this.out = out;
    lines =
        new Lines(
            line -> above(out, line), line -> above(err, line), detail, terminal.palette(true));
    Stop.on("WINCH", this::resize);
    Thread painter = new Thread(this::run, "screen");
    painter.setDaemon(true);
    painter.start();
  }

  @Override
  public synchronized void show(Subject subject, Event event) {
    Row row = subject.label() == null ? null : rows.computeIfAbsent(subject, Row::new);
    if (event instanceof Event.Disconnected lost) {
      if (row.isNews(lost.message())) { // That it is tried again, the status says.
        lines.show(subject, new Event.Problem(null, lost.message(), lost.hint()));
      }
    } else {
      lines.show(subject, event);
    }
    if (row != null) {
      row.follow(event);
    }
    sourceLost = event instanceof Event.SourceLost || sourceLost && !isBack(event);
    stopping |= event instanceof Event.Stopping;
    changed = true;
    if (covered && !closed) { // Else what is below a line would blink.
      covered = false;
      paint();
    }
    notifyAll();
  }

  private static boolean isBack(Event event) {
    return event instanceof Event.SourceBack;
  }

  private void above(PrintStream stream, String line) {
    covered |= !drawn.isEmpty();
    erase();
    stream.println(line);
  }

  private synchronized void resize() {
    resized = true;
    changed = true;
    notifyAll();
  }

  private void run() {
    try {
      while (true) {
        boolean measure;
        synchronized (this) {
          while (!changed && !closed) {
            TimeUnit.NANOSECONDS.timedWait(this, isMoving() ? FRAME.toNanos() : Long.MAX_VALUE);
            changed |= isMoving();
          }
          if (closed) {
            return;
          }
          changed = false;
          measure = resized;
          resized = false;
        }
        if (measure) {
          terminal.measure();
        }
        TimeUnit.NANOSECONDS.sleep(GLANCE.toNanos());
        synchronized (this) {
          if (measure) {
            erase(); // It may stand there broken.
          }
          if (!closed && !resized) {
            paint();
          }
        }
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isMoving() {
    return rows.values().stream().anyMatch(Row::isMoving);
  }

  /** The cursor stays at the end of what is drawn, and goes from there. */
  private void paint() {
    List<Strip> now = compose();
    if (now.equals(drawn)) {
      return;
    }
    StringBuilder text = new StringBuilder(up(drawn));
    for (int i = 0; i < now.size(); i++) {
      text.append(i == 0 ? "" : "\n").append(now.get(i)).append("\033[K");
    }
    drawn = now;
    out.print(text.append("\033[J"));
    out.flush();
  }

  private void erase() {
    if (!drawn.isEmpty()) {
      out.print(up(drawn) + "\033[J");
      out.flush();
      drawn = List.of();
    }
  }

  /** To the first column of the first line of what was drawn; a narrower terminal has broken it. */
  private String up(List<Strip> drawn) {
    int columns = terminal.columns();
    int height = drawn.stream().mapToInt(strip -> Math.max(1, -(-strip.cells() / columns))).sum();
    return "\r" + (height > 1 ? "\033[" + (height - 1) + "A" : "");
  }

  @Override
  public synchronized void close() {
    erase();
    closed = true;
    notifyAll();
  }

  // What is drawn.

  private List<Strip> compose() {
    int width = Math.max(8, terminal.columns() - MARGIN);
    int most = Math.max(1, Math.min(terminal.rows() - 2, MOST_BARS));
    List<Row> bars = new ArrayList<>();
    List<Row> others = new ArrayList<>();
    for (Row row : rows.values()) {
      (row.isLong() && bars.size() < most ? bars : others).add(row);
    }
    Strip.Style style = new Strip.Style(terminal.palette(false), terminal.drawsLines());
    List<Strip> strips = new ArrayList<>();
    int names = rows.size() < 2 ? 0 : bars.stream().mapToInt(Row::nameWidth).max().orElse(0);
    bars.forEach(row -> strips.add(row.bar(new Strip(width, style), Math.min(names, width / 3))));
    if (stopping) {
      strips.add(new Strip(width, style).add("stopping; Ctrl-C again ends at once"));
    } else if (sourceLost) {
      strips.add(new Strip(width, style).warn("waiting for the source to be back"));
    } else if (!others.isEmpty()) {
      strips.add(status(others, width, style));
    }
    return strips;
  }

  /** What all are doing that have no bar: by their names if there is room, else how many. */
  private Strip status(List<Row> others, int width, Strip.Style style) {
    Map<Row.Doing, Integer> doing = new LinkedHashMap<>();
    others.forEach(row -> doing.merge(row.doing(), 1, Integer::sum));
    Strip strip = new Strip(width, style);
    if (rows.size() == 1) {
      return strip.add(others.get(0).doing());
    }
    if (doing.size() > 1 || others.size() < rows.size()) {
      for (Row row : others) {
        strip.add(strip.isEmpty() ? "" : ", ").add(row.name() + " ").add(row.doing());
      }
      if (!strip.isCut()) {
        return strip;
      }
    }
    Strip counts = new Strip(width, style);
    doing.forEach(
        (what, count) -> {
          counts.add(counts.isEmpty() ? "" : ", ");
          counts.add(doing.size() == 1 ? Text.count(count, "target") + " " : count + " ");
          counts.add(what);
        });
    return counts;
  }
}
