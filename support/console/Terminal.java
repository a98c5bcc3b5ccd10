package dev.frep;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * The terminal behind stdout. {@link System#console()} cannot replace it: that one needs a terminal
 * at stdin as well, and from Java 22 on it exists even without a terminal.
 */
final class Terminal {
  private static final Path STDOUT = Path.of("/proc/self/fd/1");
  private static final Path STDERR = Path.of("/proc/self/fd/2");
  private static final Path STAT = Path.of("/proc/self/stat");
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  /** A colour, or another emphasis, with the number that switches it on. */
  enum Colour {
    PLAIN(0),
    DIM(2),
    RED(31),
    GREEN(32),
    YELLOW(33);

    private final int number;

    Colour(int number) {
      this.number = number;
    }
  }

  /**
   * How text is drawn.
   *
   * @param colours whether the user welcomes colours, see no-color.org
   * @param lines whether a drawn line takes one column a character
   */
  record Style(boolean colours, boolean lines) {
    static final Style PLAIN = new Style(false, false);

    String paint(Colour colour, String text) {
      return !colours || colour == Colour.PLAIN || text.isEmpty()
          ? text
          : "\033[" + colour.number + "m" + text + "\033[0m";
    }
  }

  /** The size in characters. */
  record Size(int rows, int columns) {}

  /** The style of lines on stdout. */
  final Style stdout;

  /** The style of lines on stderr: plain unless stderr leads to the same terminal. */
  final Style stderr;

  private final String columns;
  private volatile Size size;

  private Terminal(Map<String, String> environment) {
    boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty();
    stdout = new Style(colours, drawsLines(environment));
    stderr = showsStderr() ? stdout : Style.PLAIN;
    columns = environment.get("COLUMNS");
    size = new Size(24, number(columns, 80));
  }

  /** Returns the terminal; null if stdout is none, or one on which nothing can be redrawn. */
  static Terminal ofStdout() {
    Map<String, String> environment = System.getenv();
    boolean simple = environment.getOrDefault("TERM", "dumb").equals("dumb");
    boolean windows = File.separatorChar == '\\';
    if (windows ? !environment.containsKey("WT_SESSION") || !isConsole() : simple || !isTty()) {
      return null;
    }
    return new Terminal(environment);
  }

  private static boolean isTty() {
    try {
      String stdout = Files.readSymbolicLink(STDOUT).toString();
      if (stdout.startsWith("/dev/pts/")) {
        return true;
      } else if (!stdout.startsWith("/dev/") || stdout.equals("/dev/null")) {
        return false; // pipe:[1], socket:[2], a file
      }
    } catch (IOException notLinux) {
      // The shell knows.
    }
    return !ask("test -t 1 && printf yes >&2").isEmpty();
  }

  /** Asks Java, since Windows has no shell to ask. */
  private static boolean isConsole() {
    java.io.Console console = System.console();
    try {
      return console != null
          && (Boolean) java.io.Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException before22) {
      return console != null;
    }
  }

  private static boolean drawsLines(Map<String, String> environment) {
    String locale = "";
    for (String name : new String[] {"LANG", "LC_CTYPE", "LC_ALL"}) {
      String value = environment.getOrDefault(name, "");
      locale = value.isEmpty() ? locale : value;
    }
    return locale.matches("(?i).*utf-?8.*")
        && !locale.matches("(zh|ja|ko).*") // A drawn line is as wide as a letter: two columns.
        && !environment.getOrDefault("TERM", "").equals("linux");
  }

  private static boolean showsStderr() {
    try {
      return Files.readSymbolicLink(STDOUT).equals(Files.readSymbolicLink(STDERR));
    } catch (IOException notLinux) {
      return false;
    }
  }

  /**
   * Whether frep may draw. In the background the cursor belongs to the shell and its user. False
   * only where the system says so: another process group is in the foreground.
   */
  boolean isOurs() {
    try {
      String stat = Files.readString(STAT, StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      String group = fields[2];
      String foreground = fields[5]; // -1 if frep has no controlling terminal.
      return foreground.equals(group) || foreground.startsWith("-");
    } catch (IOException notLinux) {
      return true;
    }
  }

  /** Returns the size as it was measured last. */
  Size size() {
    return size;
  }

  /** Asks for the size again. This takes some milliseconds. */
  void measure() {
    String[] now = ask("stty size <&1 >&2").strip().split(" ");
    if (now.length == 2) {
      size = new Size(number(now[0], 24), number(columns, number(now[1], 80)));
    }
  }

  private static int number(String text, int otherwise) {
    boolean number = text != null && text.matches("[1-9][0-9]{0,4}");
    return number ? Integer.parseInt(text) : otherwise;
  }

  /** Runs a line of shell that answers on stderr, since its stdout is the terminal. */
  private static String ask(String line) {
    ProcessBuilder shell = new ProcessBuilder("/bin/sh", "-c", line);
    try {
      Processes.Answer answer = Processes.ask(shell.redirectOutput(Redirect.INHERIT), PATIENCE);
      boolean known = answer != null && answer.exitCode() == 0;
      return known ? new String(answer.err(), StandardCharsets.UTF_8) : "";
    } catch (IOException noShell) {
      return "";
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
