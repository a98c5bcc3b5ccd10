package dev.frep;

import dev.frep.Transport.Advice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A command of the user's, run once in the destination folder of a target, over a connection of its
 * own. It ends when this is closed. The wire format is in errand.sh.
 */
final class Errand implements AutoCloseable {
  /** What the command did not say: it cannot be told from its output without this. */
  private final String nonce = Shell.random();

  private final Options options;
  private final Route route;
  private final Console console;
  private final List<String> command;
  private final Process process;
  private final OutputStream to;
  private final OutputStream out;
  private final OutputStream err;
  private final ByteArrayOutputStream noise = new ByteArrayOutputStream();
  private final CompletableFuture<String> ready = new CompletableFuture<>();
  private final CompletableFuture<Integer> status = new CompletableFuture<>();
  private final Thread errors;
  private volatile boolean begun;

  /**
   * Connects; the command waits for {@link #begin}.
   *
   * @param command for the target's sh
   * @param out gets what it writes to its stdout, byte for byte, from a thread of this errand
   * @param err the same for its stderr
   */
  Errand(
      Options options,
      Route route,
      String command,
      OutputStream out,
      OutputStream err,
      Console console)
      throws Failure {
    this.options = options;
    this.route = route;
    this.console = console;
    this.out = out;
    this.err = err;
    this.command = route.command(); // As it was looked up for the link: the same target.
    process = start(this.command);
    to = process.getOutputStream();
    Processes.thread("errand's output", this::listen);
    errors = Processes.thread("errand's errors", this::complain);
    byte[] script = Shell.script(List.of("errand.sh"), List.of(nonce, options.copy(), command));
    Processes.thread("to the errand", () -> send(script, script.length));
  }

  private static Process start(List<String> command) throws Failure {
    try {
      return Processes.start(new ProcessBuilder(Names.command(command)));
    } catch (IOException notStarted) {
      throw new Failure(
          Exit.CONNECTION, Names.show(command.get(0)) + ": cannot be started", "is it installed?");
    }
  }

  /** Whether it is connected, and to what the route leads to now. */
  boolean isFor(Route target) {
    return command.equals(target.command()) && process.isAlive() && !status.isDone();
  }

  /** Lets the command begin. */
  void begin() throws Failure, InterruptedException {
    String who = who();
    begun = true; // What came before was not said by the command.
    line("go " + who);
  }

  /** How the command is interrupted: "SIGNAL WHO", as kill takes it. */
  private String ready() throws Failure, InterruptedException {
    try {
      return ready.get(options.connecting().timeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException lost) {
      throw lost();
    }
  }

  private String who() throws Failure, InterruptedException {
    return ready().replaceFirst(".* ", "");
  }

  /** Gives the command something to read; returns at its end, or when the connection ends. */
  void feed(InputStream in) {
    byte[] block = new byte[BLOCK];
    try {
      for (int n; (n = in.read(block)) > 0; ) {
        synchronized (to) {
          line("in " + n);
          send(block, n);
        }
      }
    } catch (IOException unreadable) {
      console.debug(unreadable);
    }
    line("eof");
  }

  /** No more than a pipe holds, so that it can be interrupted while it reads nothing. */
  private static final int BLOCK = 1 << 15;

  private void line(String words) {
    console.debug(">> " + words);
    byte[] line = (nonce + " " + words + "\n").getBytes(StandardCharsets.ISO_8859_1);
    send(line, line.length);
  }

  /** What cannot be sent need not be told: the other direction has ended as well. */
  private void send(byte[] bytes, int length) {
    synchronized (to) {
      try {
        to.write(bytes, 0, length);
        to.flush();
      } catch (IOException ended) {
        console.debug(ended);
      }
    }
  }

  /** Asks the command to end, by a connection of its own: the other may be full of what to read. */
  void interrupt() {
    Processes.thread(
        "interrupt",
        () -> {
          try {
            Process killer = start(route.command());
            try (OutputStream shell = killer.getOutputStream()) {
              String line = "kill " + ready() + "\nexit\n";
              shell.write(line.getBytes(StandardCharsets.ISO_8859_1));
            }
            killer.waitFor();
          } catch (Failure | IOException unreachable) {
            console.debug(unreachable);
          } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Waits for the end of the command; returns its exit code. */
  int await() throws Failure, InterruptedException {
    try {
      int code = status.get();
      if (code != Deaf.STATUS) {
        line("bye"); // What it has left running may go on.
      }
      close();
      return code;
    } catch (ExecutionException lost) {
      throw lost();
    }
  }

  /** Why there is no connection any more, as its transport sees it, else in its last words. */
  private Failure lost() throws InterruptedException {
    boolean ended = process.waitFor(2, TimeUnit.SECONDS);
    errors.join(1000);
    String said = Names.show(noise.toString(StandardCharsets.ISO_8859_1).strip());
    Optional<Advice> advice = route.explain(ended ? process.exitValue() : 0, said);
    return new Failure(
        Exit.CONNECTION,
        advice.map(Advice::message).orElse("the connection of the command was lost: " + said),
        advice.map(Advice::hint).orElse("--debugging shows what went over it"));
  }

  /** Ends the command if it still runs: the receiver does that when its stdin ends. */
  @Override
  public void close() {
    Processes.thread("errand's end", this::end);
    try {
      status.handle((code, lost) -> code).get(END_SECONDS, TimeUnit.SECONDS);
      process.waitFor(1, TimeUnit.SECONDS);
      errors.join(TimeUnit.SECONDS.toMillis(1));
    } catch (ExecutionException | TimeoutException lost) {
      console.debug(lost);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroy();
    }
  }

  /** Takes as long as it takes to write what is being written. */
  private void end() {
    try {
      to.close();
    } catch (IOException ended) {
      console.debug(ended);
    }
  }

  /** Longer than a command that does not end when it is asked to is given at the target. */
  private static final int END_SECONDS = 8;

  // What it says.

  private void listen() {
    try (InputStream in = process.getInputStream()) {
      Output output = new Output(in);
      String start = nonce + " ready ";
      for (String line; !ready.isDone() && (line = output.line()) != null; ) {
        console.debug("<< " + Names.show(line));
        if (line.startsWith(start)) {
          ready.complete(line.substring(start.length()).strip());
        } else {
          noise.writeBytes((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        }
      }
      String mark = "\1" + nonce + " exit ";
      if (output.copyTo(out, mark.getBytes(StandardCharsets.ISO_8859_1))) {
        status.complete(Integer.parseInt(output.line().strip()));
      }
    } catch (Deaf nobodyReads) {
      status.complete(Deaf.STATUS);
    } catch (IOException | RuntimeException broken) {
      console.debug(broken);
    }
    ready.completeExceptionally(new IOException());
    status.completeExceptionally(new IOException()); // Says no more than that it has ended.
  }

  private void complain() {
    byte[] some = new byte[1 << 13];
    try (InputStream in = process.getErrorStream()) {
      for (int n; (n = in.read(some)) > 0; ) {
        (begun ? err : noise).write(some, 0, n);
        err.flush();
      }
    } catch (IOException closed) {
      console.debug(closed);
    }
  }

  /** Who reads the command's output does not want any more of it. */
  private static final class Deaf extends IOException {
    private static final long serialVersionUID = 1;

    /** What a shell says of a command that was ended by SIGPIPE. */
    private static final int STATUS = 141;

    Deaf(IOException why) {
      super(why);
    }
  }

  /** What comes from the target's stdout. */
  private static final class Output {
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;

    Output(InputStream in) {
      this.in = in;
    }

    /** A byte; -1 at the end. */
    private int read() throws IOException {
      if (at == end) {
        at = 0;
        end = Math.max(0, in.read(buffer));
      }
      return at < end ? buffer[at++] & 0xff : -1;
    }

    /** A line without its end; null if there is none. */
    String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int b; (b = read()) >= 0; line.append((char) b)) {
        if (b == '\n') {
          return line.toString();
        }
      }
      return null;
    }

    /**
     * Hands on all that comes before a mark, as soon as it comes.
     *
     * @param mark begins with a byte that is not in it again
     * @return false if there is no mark
     */
    boolean copyTo(OutputStream out, byte[] mark) throws IOException {
      int matched = 0; // So many bytes that match have not been handed on.
      while (matched < mark.length) {
        int run = at;
        for (; matched == 0 && at < end && buffer[at] != mark[0]; at++) {}
        pass(out, buffer, run, at - run);
        int b = read();
        if (b < 0) {
          return false;
        } else if (b == mark[matched]) {
          matched++;
        } else {
          pass(out, mark, 0, matched);
          matched = 0;
          at--; // It may begin the mark.
        }
      }
      return true;
    }

    private static void pass(OutputStream out, byte[] from, int start, int count) throws Deaf {
      try {
        out.write(from, start, count);
        out.flush();
      } catch (IOException closed) {
        throw new Deaf(closed);
      }
    }
  }
}
