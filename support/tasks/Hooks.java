package dev.frep;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/** The user's commands that follow changes: --exec in the copy, --exec-local in the source. */
final class Hooks implements AutoCloseable {
  private final Options options;
  private final Console console;
  private final List<Hook> all = new ArrayList<>();
  private final Hook local;

  Hooks(Options options, Console console) {
    this.options = options;
    this.console = console;
    local = options.watching().execLocal() == null ? null : add(new Hook("exec-local", new Here()));
  }

  private Hook add(Hook hook) {
    all.add(hook);
    return hook;
  }

  /** What a target shall do when there is something new in its copy. */
  Runnable of(Route target) {
    Hook there = options.watching().exec() == null ? null : add(new Hook("exec", new There()));
    return () -> {
      if (there != null) {
        there.ask(target);
      }
      if (local != null) {
        local.ask(target);
      }
    };
  }

  /** Waits until there is nothing left to be done. */
  void drain(BooleanSupplier stopped) throws InterruptedException {
    while (!stopped.getAsBoolean() && !all.stream().allMatch(Hook::idle)) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  @Override
  public void close() {
    all.forEach(Hook::stop); // Together, as it may take each a while.
    all.forEach(Hook::close);
  }

  /** For a line of output: whose, and what. */
  private OutputLines saidBy(String name) {
    return new OutputLines(line -> console.say(name + " | " + line));
  }

  private void tell(String name, String command, int exitCode) {
    if (exitCode != 0) {
      console.error(
          name + ": " + Names.show(command) + ": exit code " + exitCode,
          "the copy goes on; mend the command");
    }
  }

  /** --exec at one target. The connection for the next time is made in advance. */
  private final class There implements Hook.Action {
    private Errand next;
    private OutputLines output;

    @Override
    public void run(Route target) throws InterruptedException {
      try {
        if (next == null || !next.isFor(target)) {
          connect(target);
        }
        next.begin();
        next.feed(InputStream.nullInputStream());
        int exitCode = next.await();
        output.close();
        tell(target.label(), options.watching().exec(), exitCode);
        connect(target);
      } catch (Failure lost) {
        console.error(target.label() + ": " + lost.getMessage(), lost.hint);
        close();
      }
    }

    private void connect(Route target) throws Failure {
      close();
      output = saidBy(target.label());
      String command = "exec 2>&1\n" + options.watching().exec(); // One stream keeps the order.
      next = new Errand(options, target, command, output, OutputStream.nullOutputStream(), console);
    }

    @Override
    public void close() {
      if (next != null) {
        next.close();
        next = null;
      }
    }
  }

  /** --exec-local, whichever target it is for. */
  private final class Here implements Hook.Action {

    @Override
    public void run(Route target) throws InterruptedException {
      List<String> shell = Names.command(List.of("sh", "-c", options.watching().execLocal()));
      ProcessBuilder builder = new ProcessBuilder(shell).directory(options.source().toFile());
      builder.environment().put("FREP_TARGET", target.label());
      builder.redirectErrorStream(true).redirectInput(new File("/dev/null"));
      try {
        Process process = builder.start();
        Thread output = Processes.thread("exec-local's output", () -> print(process));
        try {
          int exitCode = process.waitFor();
          output.join(PATIENCE_MILLIS);
          tell("here", options.watching().execLocal(), exitCode);
        } finally {
          end(process);
        }
      } catch (IOException notStarted) {
        console.error(
            "here: sh cannot be started: " + notStarted.getMessage(),
            "--exec-local needs a shell called sh here");
      }
    }

    private void print(Process process) {
      try (InputStream in = process.getInputStream();
          OutputLines output = saidBy("here")) {
        in.transferTo(output);
      } catch (IOException closed) {
        console.debug(closed);
      }
    }
  }

  /** What a command has left running may hold its output open. */
  private static final long PATIENCE_MILLIS = 1000;

  /** Ends a command with all that it has started, if it still runs. */
  private static void end(Process process) {
    List<ProcessHandle> all = process.descendants().collect(Collectors.toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroy);
    try {
      for (ProcessHandle each : all) {
        each.onExit().get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (ExecutionException | TimeoutException | InterruptedException unwilling) {
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
