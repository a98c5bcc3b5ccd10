package dev.frep;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One run of a user's command in the copy at a target, over a connection of its own. The command
 * ends when this is closed. The wire format stands in errand.sh.
 */
final class Command implements AutoCloseable {
  private static final String SCRIPT = "errand.sh";

  /** Longer than errand.sh needs to kill a command that does not end when asked to. */
  private static final Duration LONGEST_END = Duration.ofSeconds(8);

  /** How long a connection may take to end once the command has ended. */
  private static final Duration GOODBYE = Duration.ofSeconds(1);

  /** Fits into a pipe, so that errand.sh hears us while the command reads nothing. */
  private static final int BLOCK = 1 << 15;

  /** A command that SIGPIPE ended has this exit code. */
  private static final int BROKEN_PIPE = 128 + 13;

  private final Route route;
  private final Duration timeout;
  private final Console console;
  private final List<String> connection;
  private final Shell shell;
  private final OutputStream out;
  private final OutputStream err;

  /** In the command's environment: tells its process from a later one of the same number. */
  private final String mark = Shell.random();

  private final CompletableFuture<String> ready = new CompletableFuture<>();
  private final CompletableFuture<Integer> status = new CompletableFuture<>();
  private volatile boolean begun;

  /**
   * Connects to the target that the route led to last; the command waits for {@link #begin}.
   *
   * @param text for the target's sh
   * @param out gets the command's stdout, byte for byte, from another thread
   * @param err gets its stderr in the same way
   */
  Command(
      Options options,
      Route route,
      String text,
      OutputStream out,
      OutputStream err,
      Console console)
      throws Failure {
    this.route = route;
    this.timeout = options.connecting().timeout();
    this.console = console;
    this.out = out;
    this.err = err;
    connection = route.command();
    shell = connect();
    Processes.thread("command's output", this::listen);
    byte[] script =
        Shell.script(List.of(SCRIPT), List.of("run", shell.nonce(), mark, options.copy(), text));
    Processes.thread("to the command", () -> send(script, script.length));
  }

  /** What --run asks for: returns the command's exit code, or the code of a copy that failed. */
  static int run(Options options, Route route, String text, Console console, Exit copied)
      throws Failure, InterruptedException {
    if (copied != Exit.IN_STEP) {
      if (copied != Exit.INTERRUPTED) {
        console.error(
            route.label() + ": the copy is not in step: the command was not run",
            "the errors above say why");
      }
      return copied.code;
    }
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    OutputStream err = new FileOutputStream(FileDescriptor.err);
    Stop stop = null;
    try (Command command = new Command(options, route, text, out, err, console)) {
      stop = new Stop(command::interrupt, () -> {});
      command.begin();
      Processes.thread("stdin", () -> command.feed(System.in));
      return command.await();
    } catch (Failure lost) {
      if (stop == null || !stop.asked()) {
        throw lost;
      }
      console.debug(lost); // The signal has ended the connection as well.
      return Exit.INTERRUPTED.code;
    }
  }

  private Shell connect() throws Failure {
    try {
      return new Shell(route, connection, console);
    } catch (Failure notStarted) {
      throw named(notStarted);
    }
  }

  private Failure named(Failure failure) {
    return new Failure(failure.exit, route.label() + ": " + failure.getMessage(), failure.hint);
  }

  /** Whether the command can begin at once, where the route leads to now. */
  boolean isConnectedTo(Route target) {
    return connection.equals(target.command()) && shell.isAlive() && !status.isDone();
  }

  /** Starts the command. */
  void begin() throws Failure, InterruptedException {
    String leader = leader();
    shell.errorsTo(err); // Until now it was the connection's own.
    begun = true;
    line("go " + leader);
  }

  /** Returns the process that kill takes to reach the command, once the target has said it. */
  private String leader() throws Failure, InterruptedException {
    return interruption().replaceFirst(".* ", "");
  }

  /** Returns how the command is interrupted: "SIGNAL WHO". */
  private String interruption() throws Failure, InterruptedException {
    try {
      return ready.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException lost) {
      throw named(shell.epitaph());
    }
  }

  /** Hands on the command's stdin; returns at its end, or when the connection ends. */
  void feed(InputStream in) {
    byte[] block = new byte[BLOCK];
    try {
      for (int n; (n = in.read(block)) > 0; ) {
        synchronized (shell) {
          line("in " + n);
          if (!send(block, n)) {
            return;
          }
        }
      }
    } catch (IOException unreadable) {
      console.debug(unreadable);
    }
    line("eof");
  }

  private void line(String words) {
    console.debug(">> " + words);
    byte[] line = (shell.nonce() + " " + words + "\n").getBytes(StandardCharsets.ISO_8859_1);
    send(line, line.length);
  }

  /** Returns false if the connection has ended; {@link #await} says why. */
  private boolean send(byte[] bytes, int length) {
    synchronized (shell) {
      try {
        shell.in().write(bytes, 0, length);
        shell.in().flush();
        return true;
      } catch (IOException ended) {
        console.debug(ended);
        return false;
      }
    }
  }

  /** Interrupts the command. */
  void interrupt() {
    try {
      String[] word = interruption().split(" ");
      signal("send", word[1], word[0]);
    } catch (Failure unreachable) {
      console.debug(unreachable);
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** Calls a function of errand.sh over a second connection: the first may be full, or gone. */
  private void signal(String... words) throws Failure, InterruptedException {
    try (Shell second = connect()) {
      try (OutputStream in = second.in()) {
        in.write(Shell.script(List.of(SCRIPT), List.of(words)));
      } catch (IOException ended) {
        console.debug(ended);
      }
      second.waitFor(LONGEST_END);
    }
  }

  /** Waits for the end of the command; returns its exit code. */
  int await() throws Failure, InterruptedException {
    try {
      int code = status.get();
      if (code != BROKEN_PIPE) {
        line("bye"); // A server that it has started goes on.
      }
      return code;
    } catch (ExecutionException lost) {
      throw named(shell.epitaph());
    }
  }

  /** Ends the command if it still runs: errand.sh does that when its stdin ends. */
  @Override
  public void close() {
    Processes.thread("command's end", this::endInput);
    try {
      boolean ended = hasEnded(begun ? LONGEST_END : GOODBYE);
      if (!ended && begun) {
        signal("end", mark, leader());
      }
      shell.waitFor(GOODBYE);
      shell.awaitErrors();
    } catch (Failure unreachable) {
      console.debug(unreachable);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    } finally {
      shell.close();
    }
  }

  /** Waits until errand.sh has said that the command has ended. */
  private boolean hasEnded(Duration patience) throws InterruptedException {
    try {
      status.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException | TimeoutException unknown) {
      console.debug(unknown);
      return false;
    }
  }

  /** Blocks for as long as {@link #send} does. */
  private void endInput() {
    try {
      shell.in().close();
    } catch (IOException ended) {
      console.debug(ended);
    }
  }

  // ---- the target's output ----

  private void listen() {
    try (Output output = new Output(shell.out())) {
      String start = shell.nonce() + " ready ";
      for (String line; !ready.isDone() && (line = output.line()) != null; ) {
        if (line.startsWith(start)) {
          console.debug("<< " + Names.show(line));
          ready.complete(line.substring(start.length()).strip());
        } else {
          shell.said(line);
        }
      }
      String mark = "\1" + shell.nonce() + " exit ";
      if (output.copyTo(out, mark.getBytes(StandardCharsets.ISO_8859_1))) {
        status.complete(Integer.parseInt(output.line().strip()));
      }
    } catch (ReaderGone closed) {
      status.complete(BROKEN_PIPE);
    } catch (IOException | RuntimeException broken) {
      console.debug(broken);
    }
    IOException over = new IOException("the connection has ended"); // No news if all was said.
    ready.completeExceptionally(over);
    status.completeExceptionally(over);
  }

  /** The reader of our stdout has closed it, as head does. */
  private static final class ReaderGone extends IOException {
    private static final long serialVersionUID = 1;

    ReaderGone(IOException why) {
      super(why);
    }
  }

  /** Lines, then the command's own bytes up to a mark. */
  private static final class Output implements AutoCloseable {
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;

    Output(InputStream in) {
      this.in = in;
    }

    /** Returns a byte, or -1 at the end. */
    private int read() throws IOException {
      if (at == end) {
        at = 0;
        end = Math.max(0, in.read(buffer));
      }
      return at < end ? buffer[at++] & 0xff : -1;
    }

    /** Returns a line without its end, or null if there is no whole one. */
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
     * Hands on each byte before a mark as soon as it can be no part of the mark.
     *
     * @param mark has its first byte only once
     * @return false if the stream ends without a mark
     */
    boolean copyTo(OutputStream out, byte[] mark) throws IOException {
      int matched = 0; // The last bytes read, which are not handed on yet.
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
          at--; // This byte may begin the mark.
        }
      }
      return true;
    }

    private static void pass(OutputStream out, byte[] from, int start, int count)
        throws ReaderGone {
      try {
        out.write(from, start, count);
        out.flush();
      } catch (IOException closed) {
        throw new ReaderGone(closed);
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
