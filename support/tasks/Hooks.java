package dev.frep;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The user's commands that follow changes: --exec in the copy, --exec-local in the source. */
final class Hooks implements AutoCloseable {
  /** How long a local command may take to end, and its output to close once it has ended. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final Options options;
  private final Console console;
  private final List<Hook> hooks = new ArrayList<>();
  private final Hook local;
  private volatile Exit worst = Exit.IN_STEP;

  Hooks(Options options, Console console) {
    this.options = options;
    this.console = console;
    local = options.watching().execLocal() == null ? null : add("exec-local", new Local());
  }

  private Hook add(String name, Action action) {
    Hook hook = new Hook(name, action);
    hooks.add(hook);
    return hook;
  }

  /** Returns what a target calls whenever something new has arrived in its copy. */
  Runnable of(Route target) {
    Hook remote = options.watching().exec() == null ? null : add("exec", new Remote());
    return () -> {
      if (remote != null) {
        remote.ask(target);
      }
      if (local != null) {
        local.ask(target);
      }
    };
  }

  /** Waits until no command is due or running, and returns the worst that came of them. */
  Exit drain(BooleanSupplier stopped) throws InterruptedException {
    for (Hook hook : hooks) {
      if (!hook.awaitIdle(stopped)) {
        return Exit.INTERRUPTED;
      }
    }
    return worst;
  }

  @Override
  public void close() {
    hooks.forEach(Hook::stop); // All at once: a command may take a while to end.
    hooks.forEach(Hook::close);
  }

  private OutputLines saidBy(String name) {
    return new OutputLines(line -> console.say(name + " | " + line));
  }

  private void judge(String name, String command, int exitCode) {
    if (exitCode != 0) {
      fail(
          Exit.PROBLEMS,
          name + ": " + Names.show(command) + ": exit code " + exitCode,
          "the copy is not affected; mend the command");
    }
  }

  private synchronized void fail(Exit exit, String message, String hint) {
    worst = Exit.worse(worst, exit);
    console.error(message, hint);
  }

  /** Runs a command once; an interrupt ends it. Closed when it is not needed any more. */
  private interface Action extends AutoCloseable {
    void run(Route target) throws InterruptedException;

    @Override
    default void close() {}
  }

  /** A thread for one action, which never runs twice at once, and once for many requests. */
  private static final class Hook {
    private static final Duration TICK = Duration.ofMillis(50);

    private final Set<Route> asked = new LinkedHashSet<>();
    private final Thread thread;
    private boolean running;

    Hook(String name, Action action) {
      thread = Processes.thread(name, () -> run(action));
    }

    synchronized void ask(Route target) {
      asked.add(target);
      notifyAll();
    }

    /** Returns false if stopped before. */
    synchronized boolean awaitIdle(BooleanSupplier stopped) throws InterruptedException {
      while (running || !asked.isEmpty()) {
        if (stopped.getAsBoolean()) {
          return false;
        }
        TimeUnit.NANOSECONDS.timedWait(this, TICK.toNanos());
      }
      return true;
    }

    private void run(Action action) {
      try (action) {
        while (true) {
          action.run(next());
        }
      } catch (InterruptedException end) {
        // As stop() asks.
      }
    }

    private synchronized Route next() throws InterruptedException {
      running = false;
      notifyAll();
      while (asked.isEmpty()) {
        wait();
      }
      Iterator<Route> first = asked.iterator();
      Route target = first.next();
      first.remove();
      running = true;
      return target;
    }

    void stop() {
      thread.interrupt();
    }

    void close() {
      try {
        thread.join();
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** --exec at one target. The connection for the next run is made in advance. */
  private final class Remote implements Action {
    private Command next;
    private OutputLines output;

    @Override
    public void run(Route target) throws InterruptedException {
      try {
        if (next == null || !next.isConnectedTo(target)) {
          connect(target);
        }
        next.begin();
        next.feed(InputStream.nullInputStream());
        int exitCode = next.await();
        output.close();
        judge(target.label(), options.watching().exec(), exitCode);
        if (options.watch()) {
          connect(target);
        }
      } catch (Failure lost) {
        close();
        if (Thread.interrupted()) { // The signal that ends frep has ended the connection as well.
          throw new InterruptedException();
        }
        fail(lost.exit, lost.getMessage(), lost.hint);
      }
    }

    private void connect(Route target) throws Failure {
      close();
      output = saidBy(target.label());
      String text = "exec 2>&1\n" + options.watching().exec(); // One stream keeps the order.
      next = new Command(options, target, text, output, OutputStream.nullOutputStream(), console);
    }

    @Override
    public void close() {
      if (next != null) {
        next.close();
        next = null;
      }
    }
  }

  /** --exec-local, whichever target has changed. */
  private final class Local implements Action {
    private static final String NAME = "exec-local";

    @Override
    public void run(Route target) throws InterruptedException {
      List<String> shell = Names.command(List.of("sh", "-c", options.watching().execLocal()));
      ProcessBuilder builder = new ProcessBuilder(shell).directory(options.source().toFile());
      builder.environment().put("FREP_TARGET", target.label());
      builder.redirectErrorStream(true).redirectInput(new File("/dev/null"));
      try {
        Process process = Processes.start(builder);
        Thread output = Processes.thread("exec-local's output", () -> print(process));
        try {
          int exitCode = process.waitFor();
          output.join(PATIENCE.toMillis()); // What the command has left running may hold it open.
          judge(NAME, options.watching().execLocal(), exitCode);
        } finally {
          Processes.end(process, PATIENCE);
        }
      } catch (IOException notStarted) {
        fail(
            Exit.PROBLEMS,
            "--" + NAME + ": sh cannot be started: " + notStarted.getMessage(),
            "--exec-local needs a shell called sh");
      }
    }

    private void print(Process process) {
      try (InputStream in = process.getInputStream();
          OutputLines output = saidBy(NAME)) {
        in.transferTo(output);
      } catch (IOException closed) {
        console.debug(closed);
      }
    }
  }

  /** Splits a command's output into lines that cannot move a terminal's cursor. */
  private static final class OutputLines extends OutputStream {
    private static final int LONGEST = 1 << 14;

    private final Consumer<String> to;
    private final StringBuilder line = new StringBuilder();

    OutputLines(Consumer<String> to) {
      this.to = to;
    }

    @Override
    public void write(int b) {
      if (b != '\n') {
        line.append((char) (b & 0xff));
      }
      if (b == '\n' || line.length() == LONGEST) {
        end();
      }
    }

    private void end() {
      String text = line.toString();
      line.setLength(0);
      to.accept(show(text.endsWith("\r") ? text.substring(0, text.length() - 1) : text));
    }

    /** Hands on a last line that has no end. */
    @Override
    public void close() {
      if (line.length() > 0) {
        end();
      }
    }

    /** Tabs stay: they are harmless, and output is full of them. */
    private static String show(String line) {
      return Arrays.stream(line.split("\t", -1)).map(Names::show).collect(Collectors.joining("\t"));
    }
  }
}
