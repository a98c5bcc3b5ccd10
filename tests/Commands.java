package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs the commands of this machine that the test ends are made of. */
final class Commands {

  private Commands() {}

  /** Says which of these is not on the PATH, if one is not. */
  static Optional<String> missing(String... commands) {
    return Stream.of(commands)
        .filter(name -> !run("sh", "-c", "command -v \"$1\"", "sh", name).ok())
        .findFirst()
        .map(name -> "there is no " + name);
  }

  /** Runs a command to its end, with an empty stdin. */
  static Transport.Result run(String... command) {
    return run(Map.of(), "", List.of(command));
  }

  /**
   * Runs a command to its end.
   *
   * @throws UncheckedIOException if there is no such command, or it takes over a minute
   */
  static Transport.Result run(Map<String, String> environment, String stdin, List<String> command) {
    try {
      var builder = new ProcessBuilder(command);
      builder.environment().putAll(environment);
      var process = builder.start();
      var out = CompletableFuture.supplyAsync(() -> read(process.getInputStream()));
      var err = CompletableFuture.supplyAsync(() -> read(process.getErrorStream()));
      try (var in = process.getOutputStream()) {
        in.write(stdin.getBytes(UTF_8));
      } catch (IOException e) {
        // It ended without reading all: its exit code and stderr say why.
      }
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        killTree(process);
        throw new IOException(command + " has not ended");
      }
      return new Transport.Result(process.exitValue(), out.join(), err.join());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The same, for what must succeed; returns what it printed, without the space around. */
  static String succeed(Map<String, String> environment, List<String> command) {
    var answer = run(environment, "", command);
    if (!answer.ok()) {
      throw new IllegalStateException(command + ": " + answer);
    }
    return answer.out().strip();
  }

  /** Starts what goes on until it is stopped, or this JVM ends; all it prints goes to a file. */
  static Process start(Path log, Map<String, String> environment, List<String> command)
      throws IOException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    var process = builder.redirectOutput(log.toFile()).start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(process)));
    return process;
  }

  /** Ends a process and those it started: asks, and after ten seconds does not ask. */
  static void stop(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        killTree(process);
        process.waitFor();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Who reads what they print finds its end, as elsewhere: the streams are not closed here. */
  static void killTree(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.toHandle().destroyForcibly();
  }

  static Thread daemon(Runnable work) {
    var thread = new Thread(work);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static String read(InputStream in) {
    try (in) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
