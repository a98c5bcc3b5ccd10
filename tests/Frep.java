package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command line of frep, run as a process of its own: what a user starts, without the second
 * that JBang takes. Words may be strings or paths; they are given as UTF-8 whatever the locale.
 */
final class Frep {

  /** Longer than anything takes on a slow machine: who waits that long has found a fault. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** As in the header of frep.java. */
  private static final List<String> RUNTIME_OPTIONS =
      List.of(
          ("-XX:InitialHeapSize=64m -XX:MinHeapSize=16m -XX:MinHeapFreeRatio=10"
                  + " -XX:MaxHeapFreeRatio=30 -Xss16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
                  + " -XX:-UsePerfData -Xshare:auto")
              .split(" "));

  private static final boolean ROOT = Commands.run("id", "-u").out().strip().equals("0");

  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<String> jvm = new ArrayList<>(RUNTIME_OPTIONS);
  private Path folder = Path.of("/");
  private Path input = Path.of("/dev/null");
  private Duration patience = PATIENCE;
  private boolean unprivileged;
  private boolean group;

  private Frep() {
    environment.put("LC_ALL", "C.UTF-8");
    environment.put("XDG_CACHE_HOME", Shared.FOLDER.resolve("cache").toString());
  }

  /** Runs it to its end. */
  static Result run(Object... words) {
    return with().runs(words);
  }

  /** Starts it. */
  static Running start(Object... words) {
    return with().starts(words);
  }

  /** For what is to be different from the usual. */
  static Frep with() {
    return new Frep();
  }

  Frep environment(String name, Object value) {
    environment.put(name, value.toString());
    return this;
  }

  /** Options of the JVM, after those of every day. */
  Frep jvm(String... options) {
    jvm.addAll(List.of(options));
    return this;
  }

  /** Its working folder; otherwise the root of the file system. */
  Frep in(Path folder) {
    this.folder = folder;
    return this;
  }

  /** What it finds on its stdin; otherwise nothing. */
  Frep reading(Path input) {
    this.input = input;
    return this;
  }

  Frep within(Duration patience) {
    this.patience = patience;
    return this;
  }

  /** Run by a user without rights, if it is root who runs the tests. */
  Frep unprivileged() {
    unprivileged = ROOT;
    return this;
  }

  /** As a shell starts it: the leader of a process group, see {@link Running#signalGroup}. */
  Frep inGroup() {
    group = true;
    return this;
  }

  /** Gives a file or folder to that user. */
  static void giveAway(Path file) {
    if (ROOT) {
      Commands.succeed(Map.of(), List.of("chown", "-hR", "nobody:nogroup", file.toString()));
    }
  }

  /** Runs it to its end. */
  Result runs(Object... words) {
    try (var running = starts(words)) {
      return running.awaitEnd();
    }
  }

  /** Starts it. */
  Running starts(Object... words) {
    try {
      return new Running(process(words), patience);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process process(Object... words) throws IOException {
    // Else it inherits an ignored SIGINT from a test run in the background.
    var command = new ArrayList<>(List.of("env", "--default-signal=INT,TERM,HUP,PIPE"));
    if (group) {
      command.add(0, "setsid");
    }
    if (unprivileged) {
      command.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
      environment.put("XDG_CACHE_HOME", Shared.forAll().resolve("cache").toString());
      environment.put("HOME", "/nonexistent");
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.addAll(List.of("-cp", unprivileged ? Shared.classPath() : Shared.CLASS_PATH));
    command.add("dev.frep.frep");
    var arguments = Arrays.stream(words).map(Object::toString).collect(Collectors.toList());
    if (arguments.stream().allMatch(Names::isAscii)) {
      command.addAll(arguments);
    } else { // By way of a shell, since Java would encode them by our own locale.
      command.forEach(word -> require(Names.isAscii(word), word));
      var line = new StringBuilder();
      Stream.concat(command.stream(), arguments.stream())
          .forEach(word -> line.append(" '").append(word.replace("'", "'\\''")).append('\''));
      var octal = new StringBuilder();
      for (byte b : line.toString().getBytes(UTF_8)) {
        octal.append(String.format("\\0%03o", b & 0xff));
      }
      command.clear();
      command.addAll(List.of("sh", "-c", "eval \"exec$(printf %b '" + octal + "')\""));
    }
    return start(command);
  }

  /** Starts what is typed into a shell: another way to start frep. */
  Running types(String line) {
    try {
      var signals = "--default-signal=INT,TERM,HUP,PIPE";
      return new Running(start(List.of("env", signals, "sh", "-c", "exec " + line)), patience);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process start(List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.redirectInput(input.toFile());
    builder.environment().keySet().removeAll(Set.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static void require(boolean holds, String subject) {
    if (!holds) {
      throw new IllegalArgumentException(subject);
    }
  }

  /** What a run has printed and ended with. */
  record Result(int exit, String out, String err) {

    Result exits(int expected) {
      if (exit != expected) {
        throw new AssertionError("exit " + exit + " instead of " + expected + "\n" + out + err);
      }
      return this;
    }

    /** Fails unless all went well and nothing was complained of. */
    Result succeeds() {
      exits(0);
      if (!err.isEmpty()) {
        throw new AssertionError("complaints: " + err);
      }
      return this;
    }
  }

  /** The process; ended with all that it started when this is closed. */
  static final class Running implements AutoCloseable {

    private static final Pattern CLASS_NAME =
        Pattern.compile("\\b[a-z]+(\\.\\w+)*\\.[A-Z]\\w*(Exception|Error)\\b");

    private final Process process;
    private final Duration patience;
    private final ByteArrayOutputStream all = new ByteArrayOutputStream();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<Thread> readers;
    private final Set<Integer> matched = new HashSet<>();
    private final Set<ProcessHandle> started = new HashSet<>();

    private Running(Process process, Duration patience) {
      this.process = process;
      // For when the tests are stopped.
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      this.patience = patience;
      readers =
          List.of(
              Commands.daemon(() -> read(process.getInputStream(), out)),
              Commands.daemon(() -> read(process.getErrorStream(), err)));
    }

    private void read(InputStream in, ByteArrayOutputStream to) {
      var buffer = new byte[1 << 13];
      try (in) {
        for (int n; (n = in.read(buffer)) > 0; ) {
          synchronized (this) {
            to.write(buffer, 0, n);
            all.write(buffer, 0, n);
            notifyAll();
          }
        }
      } catch (IOException e) {
        // It was killed.
      }
    }

    long pid() {
      return process.pid();
    }

    boolean isAlive() {
      return process.isAlive();
    }

    /** The connection command and all that it has started by now. */
    List<ProcessHandle> descendants() {
      var now = process.descendants().collect(Collectors.toList());
      started.addAll(now);
      return now;
    }

    /** All it has printed so far, on stdout and stderr, as it came. */
    synchronized String output() {
      return all.toString(UTF_8);
    }

    synchronized String out() {
      return out.toString(UTF_8);
    }

    synchronized String err() {
      return err.toString(UTF_8);
    }

    /** Waits for the line that says the first copy is done, without fault. */
    Running awaitFirstCopy() {
      awaitLine("(copied|made [0-9]|deleted [0-9]|nothing to copy).*(?<!; not in step, see above)");
      return this;
    }

    String awaitLine(String regex) {
      return awaitLine(regex, patience);
    }

    /** Waits for a whole line that no earlier call has returned, and returns it. */
    String awaitLine(String regex, Duration patience) {
      var wanted = Pattern.compile(regex);
      var deadline = System.nanoTime() + patience.toNanos();
      while (true) {
        var over = readers.stream().noneMatch(Thread::isAlive);
        synchronized (this) {
          var lines = output().split("\n", -1);
          for (int i = 0; i < lines.length - (over ? 0 : 1); i++) {
            if (!matched.contains(i) && wanted.matcher(lines[i]).matches()) {
              matched.add(i);
              return lines[i];
            }
          }
          if (over || System.nanoTime() > deadline) {
            throw new AssertionError(
                (over ? "ended without" : "no") + " line " + regex + " in:\n" + output());
          }
          pause();
        }
      }
    }

    private synchronized void pause() {
      try {
        wait(5);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Waits until it ends by itself. */
    Result awaitEnd() {
      var deadline = System.nanoTime() + patience.toNanos();
      try {
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new AssertionError("not ended after " + patience + "\n" + output());
        }
        for (var reader : readers) { // What it has started may still hold its stdout or stderr.
          reader.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      if (CLASS_NAME.matcher(err()).find() && !err().contains("debug: ")) {
        throw new AssertionError("a message shows the name of a class\n" + err());
      }
      return new Result(process.exitValue(), out(), err());
    }

    /** SIGTERM; waits for the end and returns the exit code. */
    int stop() {
      signal("TERM");
      return awaitEnd().exit;
    }

    /** SIGINT, as Ctrl-C sends it; waits for the end and returns the exit code. */
    int interrupt() {
      signal("INT");
      return awaitEnd().exit;
    }

    /** SIGKILL, for frep alone; what it has started finds its stdin ended. */
    int kill() {
      descendants();
      signal("KILL");
      return awaitEnd().exit;
    }

    void signal(String name) {
      descendants();
      Commands.run("kill", "-" + name, Long.toString(process.pid()));
    }

    /** Signals frep and its children, as a terminal does on Ctrl-C or when it is closed. */
    void signalGroup(String name) {
      descendants();
      Commands.run("kill", "-" + name, "--", "-" + process.pid());
    }

    /** Waits until all that it had started has ended, too. */
    void awaitDescendants() {
      var deadline = System.nanoTime() + patience.toNanos();
      while (started.stream().anyMatch(ProcessHandle::isAlive)) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError("left behind: " + started);
        }
        pause();
      }
    }

    @Override
    public void close() {
      descendants();
      process.destroyForcibly();
      var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
      while (started.stream().anyMatch(ProcessHandle::isAlive) && System.nanoTime() < deadline) {
        pause();
      }
      started.forEach(ProcessHandle::destroyForcibly);
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** What all runs of one JVM have in common, gone when it ends. */
  private static final class Shared {

    static final String CLASS_PATH =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(part -> Path.of(part).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));

    static final Path FOLDER = folder();
    private static String copied;

    private Shared() {}

    private static Path folder() {
      try {
        var folder = Files.createTempDirectory("frep-tests");
        Runtime.getRuntime()
            .addShutdownHook(new Thread(() -> Commands.run("rm", "-rf", folder.toString())));
        return folder;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** A folder for the user without rights. */
    static synchronized Path forAll() throws IOException {
      var all = FOLDER.resolve("all");
      if (!Files.exists(all)) {
        Files.createDirectories(all.resolve("cache"));
        giveAway(all);
        Commands.succeed(Map.of(), List.of("chmod", "755", FOLDER.toString(), all.toString()));
      }
      return all;
    }

    /** The class path where every user may read it: the home of root is closed. */
    static synchronized String classPath() throws IOException {
      if (copied == null) {
        var parts = new ArrayList<String>();
        for (var part : CLASS_PATH.split(File.pathSeparator)) {
          var copy = forAll().resolve(parts.size() + ".jar");
          if (Files.isDirectory(Path.of(part))) {
            Commands.succeed(Map.of(), List.of("cp", "-R", part, copy.toString()));
          } else {
            Files.copy(Path.of(part), copy, StandardCopyOption.REPLACE_EXISTING);
          }
          parts.add(copy.toString());
        }
        copied = String.join(File.pathSeparator, parts);
        Commands.succeed(Map.of(), List.of("chmod", "-R", "a+rX", forAll().toString()));
      }
      return copied;
    }
  }
}
