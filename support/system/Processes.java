package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Starts every process and every background thread of frep. */
final class Processes {
  /** The index of a large repository, listed. */
  private static final int LONGEST_ANSWER = 1 << 28;

  /** How long the output of a process that has ended may stay open: a child may hold it. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  private Processes() {}

  /** How a command answered: its exit code and what it printed. */
  record Answer(int exitCode, byte[] out, byte[] err) {}

  /** Starts a process. */
  static Process start(ProcessBuilder builder) throws IOException {
    return builder.start();
  }

  /** The same for an answer of any sensible length. */
  static Answer ask(ProcessBuilder builder, Duration patience)
      throws IOException, InterruptedException {
    return ask(builder, patience, LONGEST_ANSWER);
  }

  /**
   * Runs a command with an empty stdin and waits for its end.
   *
   * @param most so many bytes of what it prints are kept
   * @return null if it has not ended in time, with all that it prints; then it was killed
   */
  static Answer ask(ProcessBuilder builder, Duration patience, int most)
      throws IOException, InterruptedException {
    Process process = start(builder);
    process.getOutputStream().close();
    CompletableFuture<byte[]> out = read(process.getInputStream(), most);
    CompletableFuture<byte[]> err = read(process.getErrorStream(), most);
    try {
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        return null;
      }
      byte[] said = out.completeOnTimeout(null, LINGER.toMillis(), TimeUnit.MILLISECONDS).join();
      byte[] complained =
          err.completeOnTimeout(new byte[0], LINGER.toMillis(), TimeUnit.MILLISECONDS).join();
      return said == null ? null : new Answer(process.exitValue(), said, complained);
    } finally {
      kill(process);
    }
  }

  private static CompletableFuture<byte[]> read(InputStream from, int most) {
    CompletableFuture<byte[]> whole = new CompletableFuture<>();
    thread(
        "answer",
        () -> {
          try (from) {
            byte[] kept = from.readNBytes(most);
            from.transferTo(OutputStream.nullOutputStream());
            whole.complete(kept);
          } catch (IOException closed) {
            whole.complete(new byte[0]);
          }
        });
    return whole;
  }

  /** Ends a process and all that it has started, at once; harmless to one that has ended. */
  static void kill(Process process) {
    List<ProcessHandle> started = process.descendants().toList();
    process.destroyForcibly();
    started.forEach(ProcessHandle::destroyForcibly);
  }

  /** Asks a process and all that it has started to end, and kills what does not in time. */
  static void end(Process process, Duration patience) {
    List<ProcessHandle> all =
        Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
    all.forEach(ProcessHandle::destroy);
    try {
      for (ProcessHandle each : all) {
        each.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (ExecutionException | TimeoutException | InterruptedException unwilling) {
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /** Starts a thread that does not keep the program alive. */
  static Thread thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
