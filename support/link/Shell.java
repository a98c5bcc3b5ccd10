package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A connection command with one of frep's scripts running in the shell that it gives.
 *
 * <p>Its lines of both directions begin with {@link #nonce}, so that nothing a login shell or a
 * file's content says can pass for one. Everything else it says is kept as its last words.
 */
final class Shell implements AutoCloseable {
  /** More last words than this help nobody. */
  private static final int LAST_LINES = 8;

  private static final int LONGEST_LINE = 300;

  private final String nonce = random();
  private final Route route;
  private final Console console;
  private final Process process;
  private final Thread errors;
  private final Deque<String> lastWords = new ArrayDeque<>();
  private volatile OutputStream errorsTo;

  /**
   * Starts the command; {@link #script} must follow.
   *
   * @param command starts a shell that reads its commands from stdin
   */
  Shell(Route route, List<String> command, Console console) throws Failure {
    this.route = route;
    this.console = console;
    try {
      process = Processes.start(new ProcessBuilder(Names.command(command)));
    } catch (IOException notStarted) {
      throw new Failure(
          Exit.CONNECTION,
          Names.show(command.get(0)) + ": command not found, or it cannot be run",
          "it is the first word of the connection command: is it installed and on the PATH?");
    }
    errors = Processes.thread("shell's errors", this::listenToErrors);
  }

  /** 96 random bits in hexadecimal, from the system: Java's own way to them takes 30 ms longer. */
  static String random() {
    byte[] random = new byte[12];
    try (InputStream system = Files.newInputStream(Path.of("/dev/urandom"))) {
      if (system.readNBytes(random, 0, random.length) < random.length) {
        throw new EOFException();
      }
    } catch (IOException elsewhere) {
      new SecureRandom().nextBytes(random);
    }
    return HexFormat.of().formatHex(random);
  }

  /** Marks the lines of this shell and of its caller. */
  String nonce() {
    return nonce;
  }

  /**
   * Scripts as one block, so that the shell has read all of it before it runs any.
   *
   * @param names of the scripts; the last one runs its main
   * @param words the arguments of that main, as bytes
   */
  static byte[] script(List<String> names, List<String> words) throws Failure {
    StringBuilder text = new StringBuilder("{\nset --");
    words.forEach(word -> text.append(' ').append(Text.quote(word)));
    for (String name : names) {
      try {
        new String(Scripts.resource(name), StandardCharsets.ISO_8859_1)
            .lines()
            .map(String::strip)
            .filter(line -> !line.startsWith("#") && !line.isEmpty())
            .forEach(line -> text.append('\n').append(line));
      } catch (IOException | NullPointerException missing) {
        throw new Failure(
            Exit.INTERNAL, name + " is not with frep.java", "copy all of frep: --eject does it");
      }
    }
    return text.append("\n}\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  OutputStream in() {
    return process.getOutputStream();
  }

  InputStream out() {
    return process.getInputStream();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  boolean waitFor(Duration patience) throws InterruptedException {
    return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** From now on stderr is handed on, byte for byte, and not kept. */
  void errorsTo(OutputStream errors) {
    errorsTo = errors;
  }

  private void listenToErrors() {
    byte[] some = new byte[1 << 13];
    StringBuilder line = new StringBuilder();
    try (InputStream in = process.getErrorStream()) {
      for (int n; (n = in.read(some)) > 0; ) {
        OutputStream to = errorsTo;
        if (to != null) {
          to.write(some, 0, n);
          to.flush();
          continue;
        }
        for (int i = 0; i < n; i++) {
          if (some[i] == '\n') {
            said(line.toString());
            line.setLength(0);
          } else if (line.length() <= LONGEST_LINE) {
            line.append((char) (some[i] & 0xff));
          }
        }
      }
    } catch (IOException closed) {
      console.debug(closed);
    }
    said(line.toString());
  }

  /** Keeps a line that is none of ours: it may say why the command ends. */
  void said(String line) {
    String text = line.strip();
    if (text.isEmpty()) {
      return;
    }
    text = Names.show(cut(text));
    console.debug("it says: " + text);
    synchronized (lastWords) {
      lastWords.add(text);
      if (lastWords.size() > LAST_LINES) {
        lastWords.remove();
      }
    }
  }

  /** At most as much of a text as a person reads. */
  static String cut(String text) {
    return text.length() > LONGEST_LINE ? text.substring(0, LONGEST_LINE) + "..." : text;
  }

  /** The last words since this was asked before. */
  List<String> takeLastWords() {
    synchronized (lastWords) {
      List<String> said = List.copyOf(lastWords);
      lastWords.clear();
      return said;
    }
  }

  /** Why the command has ended: as its transport sees it, else in its own last words. */
  Failure epitaph() throws InterruptedException {
    boolean ended = waitFor(Duration.ofSeconds(2));
    awaitErrors();
    int exit = ended ? process.exitValue() : 0;
    String said = String.join("\n", takeLastWords());
    Optional<Transport.Advice> advice = route.explain(exit, said);
    if (advice.isPresent()) {
      return Failure.unreachable(advice.get());
    }
    String end = ended ? "exit code " + exit : "it still runs, but has closed its output";
    String last = said.isEmpty() ? "" : ": " + said.replace("\n", "; ");
    return new Failure(
        Exit.CONNECTION,
        "the connection ended (" + end + ")" + last,
        // Not the command itself: there may be a secret among its words.
        "COMMAND must start a shell that reads from stdin; test it: echo id | COMMAND prints a user"
            + " id");
  }

  /** Waits until stderr has been handed on; what the command has left running may hold it open. */
  void awaitErrors() throws InterruptedException {
    errors.join(1000);
  }

  /** Ends the command at once. */
  void kill() {
    Processes.kill(process);
  }

  /** Asks the command to end, and kills it if it does not. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!waitFor(Duration.ofSeconds(5))) {
        kill();
      }
    } catch (InterruptedException stop) {
      kill();
      Thread.currentThread().interrupt();
    }
  }
}
