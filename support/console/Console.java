package dev.frep;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/**
 * Where everything that is to be seen is told; how it is shown depends on who looks: a person at a
 * terminal, a log, a program. Whatever comes from elsewhere is made harmless to a terminal before.
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
   * For what was asked for, and for where stdout leads.
   *
   * @param aside stdout is somebody else's: then news go to stderr
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
      display = new Lines(out::println, err::println, detail, new Palette(false));
    } else if (detail == Display.Detail.QUIET || debugging) { // Nothing is to stand between these.
      display = new Lines(out::println, err::println, detail, terminal.palette(true));
    } else {
      display = new Screen(terminal, out, err, detail);
    }
    return new Console(display, Display.Subject.RUN, debugging);
  }

  /**
   * The same, for what is about one target.
   *
   * @param several whether there are others, from which it has to be told apart
   */
  Console of(Supplier<String> target, boolean several) {
    return new Console(display, new Display.Subject(target, several), debugging);
  }

  void tell(Event event) {
    synchronized (display) { // What is about one event stands together, however many speak.
      display.show(subject, event);
    }
  }

  void say(String line) {
    tell(new Event.Note(line));
  }

  /** Tells what was asked for: one line or many. */
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

  /** The screen is left as it is found by who comes next; lines may follow. */
  @Override
  public void close() {
    synchronized (display) {
      display.close();
    }
  }
}
