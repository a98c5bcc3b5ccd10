package dev.frep;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The terminal that stdout may be. Java's own answer, {@link System#console()}, is of stdin as
 * well, and from 22 on there is one even if there is no terminal.
 */
final class Terminal {
  private static final Path STDOUT = Path.of("/proc/self/fd/1");
  private static final Path STDERR = Path.of("/proc/self/fd/2");

  private final Map<String, String> environment;
  private volatile int columns;
  private volatile int rows;

  private Terminal(Map<String, String> environment) {
    this.environment = environment;
    columns = number(environment.get("COLUMNS"), 80);
    rows = 24;
  }

  /** The terminal that lines can be drawn anew on; null if stdout is none, or a simple one. */
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
      // Then the shell knows.
    }
    return !ask("test -t 1 && printf yes >&2").isEmpty();
  }

  /** For Windows, where there is nobody else to ask. */
  private static boolean isConsole() {
    java.io.Console console = System.console();
    try {
      return console != null
          && (Boolean) java.io.Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException before22) {
      return console != null;
    }
  }

  /** The colours for stdout, or for stderr: none if they are not welcome, see no-color.org. */
  Palette palette(boolean stderr) {
    boolean welcome = environment.getOrDefault("NO_COLOR", "").isEmpty();
    return new Palette(welcome && (!stderr || showsStderr()));
  }

  /** Whether what goes to stderr is seen at the same place. */
  private static boolean showsStderr() {
    try {
      return Files.readSymbolicLink(STDOUT).equals(Files.readSymbolicLink(STDERR));
    } catch (IOException notLinux) {
      return false;
    }
  }

  /** Whether it draws more than ASCII in one cell each. */
  boolean drawsLines() {
    String locale = "";
    for (String name : new String[] {"LANG", "LC_CTYPE", "LC_ALL"}) {
      String value = environment.getOrDefault(name, "");
      locale = value.isEmpty() ? locale : value;
    }
    return locale.matches("(?i).*utf-?8.*") // In these languages a line is as wide as a letter.
        && !locale.matches("(zh|ja|ko).*")
        && !environment.getOrDefault("TERM", "").equals("linux");
  }

  int columns() {
    return columns;
  }

  int rows() {
    return rows;
  }

  /** Asks for the size: at the start, and when it has changed. Takes some milliseconds. */
  void measure() {
    String[] size = ask("stty size <&1 >&2").strip().split(" ");
    if (size.length == 2) {
      rows = number(size[0], 24);
      columns = number(environment.get("COLUMNS"), number(size[1], 80));
    }
  }

  private static int number(String text, int otherwise) {
    boolean number = text != null && text.matches("[1-9][0-9]{0,4}");
    return number ? Integer.parseInt(text) : otherwise;
  }

  /** What a line of the shell says on stderr; its stdout is ours. */
  private static String ask(String line) {
    try {
      Process shell =
          new ProcessBuilder("/bin/sh", "-c", line).redirectOutput(Redirect.INHERIT).start();
      shell.getOutputStream().close();
      if (!shell.waitFor(1, TimeUnit.SECONDS)) {
        shell.destroyForcibly();
        return "";
      }
      String said = new String(shell.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      return shell.exitValue() == 0 ? said : "";
    } catch (IOException noShell) {
      return "";
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
