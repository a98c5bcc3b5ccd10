package dev.frep;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Shows events at a terminal: lines as {@link Lines} prints them, and below them the status, drawn
 * anew in place: a bar for each target that is sent much, and one line for all others.
 *
 * <p>The cursor rests at the start of the status. A terminal that is resized breaks or joins lines
 * but keeps the cursor at its character; so, whatever the size was, erasing from the cursor on
 * removes the whole status and nothing else. Only a status that becomes taller than the room for it
 * leaves a line in the scroll-back.
 */
final class Screen implements Display {
  /** A state that is over sooner is not drawn: nobody could read it. */
  private static final Duration GLANCE = Duration.ofMillis(50);

  /** How often a bar or a countdown is drawn. */
  private static final Duration FRAME = Duration.ofMillis(100);

  /** How often a background job looks whether it is in the foreground: no signal says so. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** Clearing the rest of a line whose last column is used would erase its last character. */
  private static final int MARGIN = 1;

  private static final int MOST_BARS = 10;

  private final Terminal terminal;
  private final PrintStream out;
  private final Lines lines;
  private final Map<Subject, Row> rows = new LinkedHashMap<>();
  private List<String> drawn = List.of();
  private final AtomicBoolean disturbed = new AtomicBoolean(true);
  private boolean changed = true;
  private boolean hidden;
  private boolean sourceLost;
  private boolean stopping;
  private boolean closed;

  Screen(Terminal terminal, PrintStream out, PrintStream err, Detail detail) {
    this.terminal = terminal;
    this.out = out;
    lines = new Lines(line -> above(out, line), line -> above(err, line), detail, terminal.stderr);
    Stop.on("WINCH", this::disturb);
    Stop.on("CONT", this::disturb);
    Processes.thread("screen", this::run);
  }

  @Override
  public synchronized void show(Subject subject, Event event) {
    Row row = subject.label() == null ? null : rows.computeIfAbsent(subject, Row::new);
    boolean visible = !drawn.isEmpty();
    if (event instanceof Event.Disconnected lost) {
      if (row.isNews(lost.message())) { // The status says that frep tries again.
        lines.show(subject, new Event.Problem(null, lost.message(), lost.hint()));
      }
    } else if (!(event instanceof Event.Progress)) {
      lines.show(subject, event);
    }
    if (row != null) {
      row.follow(event);
      if (event instanceof Event.Ended && row.hasLeft()) {
        rows.remove(subject);
      }
    }
    sourceLost |= event instanceof Event.SourceLost;
    sourceLost &= !(event instanceof Event.SourceBack);
    stopping |= event instanceof Event.Stopping;
    changed = true;
    if (visible && drawn.isEmpty()) {
      paint(false); // At once: the status would blink if it came back a glance later.
    }
    notifyAll();
  }

  private void above(PrintStream stream, String line) {
    erase();
    stream.println(line);
  }

  /** The terminal was resized, or frep continues after Ctrl-Z. */
  private synchronized void disturb() {
    disturbed.set(true);
    changed = true;
    notifyAll();
  }

  private void run() {
    try {
      while (awaitChange()) {
        TimeUnit.NANOSECONDS.sleep(GLANCE.toNanos());
        boolean anew = disturbed.getAndSet(false);
        if (anew) {
          terminal.measure();
        }
        paint(anew);
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until the status may look different; false at the end. */
  private synchronized boolean awaitChange() throws InterruptedException {
    while (!changed && !closed) {
      boolean moving = rows.values().stream().anyMatch(Row::isMoving);
      Duration pause = hidden ? LOOK : moving ? FRAME : Duration.ofDays(1);
      TimeUnit.NANOSECONDS.timedWait(this, pause.toNanos());
      changed |= hidden || moving;
    }
    changed = false;
    return !closed;
  }

  /**
   * Draws the status in one go. Meanwhile the terminal cuts lines that are too long, so that each
   * takes one row and the way back to the first is known.
   *
   * @param anew whether the terminal may show something else than was drawn
   */
  private synchronized void paint(boolean anew) {
    hidden = !terminal.isOurs();
    List<String> now = closed || hidden ? List.of() : compose();
    if (now.isEmpty()) {
      erase();
    } else if (anew || !now.equals(drawn)) {
      String up = now.size() == 1 ? "" : "\033[" + (now.size() - 1) + "A";
      String text = String.join("\033[K\r\n", now);
      out.print("\033[?7l\r" + text + "\033[J" + up + "\r\033[?7h");
      out.flush();
    }
    drawn = now;
  }

  /** Erases the status, unless the shell has taken the cursor meanwhile. */
  private void erase() {
    if (!drawn.isEmpty() && terminal.isOurs()) {
      out.print("\r\033[J");
      out.flush();
    }
    drawn = List.of();
  }

  @Override
  public synchronized void close() {
    erase();
    closed = true;
    notifyAll();
  }

  private List<String> compose() {
    int width = Math.max(8, terminal.size().columns() - MARGIN);
    int most = Math.max(1, Math.min(terminal.size().rows() - 2, MOST_BARS));
    List<Row> bars = new ArrayList<>();
    List<Row> others = new ArrayList<>();
    for (Row row : rows.values()) {
      (row.isLong() && bars.size() < most ? bars : others).add(row);
    }
    int longest = bars.stream().mapToInt(row -> Strip.measure(row.name())).max().orElse(0);
    int names = rows.size() < 2 ? 0 : Math.min(longest, width / 3);
    List<Strip> strips = new ArrayList<>();
    bars.forEach(row -> strips.add(row.bar(strip(width), names)));
    if (stopping) {
      strips.add(strip(width).add("stopping; Ctrl-C again ends at once"));
    } else if (sourceLost) {
      strips.add(strip(width).add("waiting for the source to be back", Terminal.Colour.YELLOW));
    } else if (!others.isEmpty()) {
      strips.add(status(others, width));
    }
    return strips.stream().map(Strip::toString).toList();
  }

  private Strip strip(int width) {
    return new Strip(width, terminal.stdout);
  }

  /** Returns the states of all targets without a bar: by name if they fit, else their numbers. */
  private Strip status(List<Row> others, int width) {
    Map<Row.State, Integer> states = new LinkedHashMap<>();
    others.forEach(row -> states.merge(row.state(), 1, Integer::sum));
    Strip names = strip(width);
    if (rows.size() == 1) {
      return names.add(others.get(0).state());
    }
    if (states.size() > 1 || others.size() < rows.size()) {
      for (Row row : others) {
        names.add(names.isEmpty() ? "" : ", ").add(row.name() + " ").add(row.state());
      }
      if (!names.isCut()) {
        return names;
      }
    }
    Strip counts = strip(width);
    states.forEach(
        (state, count) -> {
          counts.add(counts.isEmpty() ? "" : ", ");
          counts.add(states.size() == 1 ? Text.count(count, "target") + " " : count + " ");
          counts.add(state);
        });
    return counts;
  }
}
