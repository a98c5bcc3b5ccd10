package dev.frep;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/**
 * Takes every event of a run, from any thread, and passes it to the one {@link Display} that suits
 * the reader: a person at a terminal, a log, or a program.
 */
final class Console implements AutoCloseable {
  private final Display display;
  private final Display.Subject subject;
  private final boolean debugging;

  private Console(Display display, Display.Subject subject, boolean debugging) {
    this.display = display;
    this.subject = subject;
    this.debugging = debugging;
  }

  /**
   * Opens the console of a run.
   *
   * @param aside whether stdout belongs to a command of the user, so that news go to stderr
   */
  static Console open(Display.Detail detail, boolean json, boolean debugging, boolean aside) {
    PrintStream out =
        new PrintStream(aside ? System.err : System.out, true, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    Terminal terminal = json || aside ? null : Terminal.ofStdout();
    Display display;
    if (json) {
      display = new Json(out::println, err::println, detail);
    } else if (terminal == null) {
      display = new Lines(out::println, err::println, detail, Terminal.Style.PLAIN);
    } else if (detail == Display.Detail.QUIET || debugging) { // A status would be in the way.
      display = new Lines(out::println, err::println, detail, terminal.stderr);
    } else {
      display = new Screen(terminal, out, err, detail);
    }
    return new Console(display, Display.Subject.RUN, debugging);
  }

  /**
   * Returns a console whose events are about one target.
   *
   * @param several whether the run has other targets, so that news must name this one
   */
  Console of(Supplier<String> target, boolean several) {
    return new Console(display, new Display.Subject(target, several), debugging);
  }

  /** Shows an event; the lines of one event stand together. */
  void tell(Event event) {
    synchronized (display) {
      display.show(subject, event);
    }
  }

  void say(String line) {
    tell(new Event.Note(line));
  }

  /** Shows what the user asked for: one line or many. */
  void answer(String text) {
    text.lines().forEach(line -> tell(new Event.Answer(line)));
  }

  void error(String message, String hint) {
    tell(new Event.Problem(null, message, hint));
  }

  void debug(String line) {
    if (debugging) {
      tell(new Event.Debug(line));
    }
  }

  void debug(Throwable trace) {
    if (debugging) {
      StringWriter text = new StringWriter();
      trace.printStackTrace(new PrintWriter(text));
      tell(new Event.Debug(text.toString().stripTrailing()));
    }
  }

  /** Clears the status from the screen. Lines may follow. */
  @Override
  public void close() {
    synchronized (display) {
      display.close();
    }
  }
}
