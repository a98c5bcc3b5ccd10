package dev.frep;

import static java.util.stream.Collectors.toCollection;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A terminal with a shell in which a test types {@code frep} and reads the screen. */
final class Tmux implements AutoCloseable {
  private static final String PROMPT = "$ ";
  private static final long GLANCE = 20_000_000;

  private final String socket;

  /**
   * Opens the terminal.
   *
   * @param folder for the files of the terminal; outside the source and the copy
   * @param environment variables to add
   */
  Tmux(Path folder, int columns, int rows, Map<String, String> environment) throws IOException {
    socket = folder.resolve("tmux").toString();
    var bin = Files.createDirectories(folder.resolve("bin"));
    script(
        bin.resolve("frep"),
        "exec '%s' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '%s' dev.frep.frep \"$@\""
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path")));
    var variables = new HashMap<String, String>();
    variables.put("PATH", bin + ":" + System.getenv("PATH"));
    variables.put("XDG_CACHE_HOME", folder.resolve("cache").toString());
    variables.put("LC_ALL", "C.UTF-8");
    variables.putAll(environment);
    var command = new ArrayList<>(List.of("env", "-u", "ENV", "-u", "TMUX", "-u", "NO_COLOR"));
    command.addAll(List.of("-u", "COLUMNS", "--default-signal=INT,TERM,HUP,PIPE"));
    variables.forEach((name, value) -> command.add(name + "=" + value));
    command.addAll(List.of("tmux", "-u", "-S", socket, "-f", "/dev/null", "new-session", "-d"));
    command.addAll(List.of("-x", "" + columns, "-y", "" + rows, "cd " + folder + " && exec sh"));
    Commands.succeed(Map.of(), command);
    try {
      type("PS1='" + PROMPT + "'; clear"); // Some shells set a prompt of their own.
      awaitLine(line -> line.equals(PROMPT.strip()));
    } catch (RuntimeException | AssertionError dead) {
      close();
      throw dead;
    }
  }

  /** Puts a command on the PATH of the shell. */
  static void script(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private String tmux(String... words) {
    var command = new ArrayList<>(List.of("tmux", "-S", socket));
    command.addAll(List.of(words));
    var answer = Commands.run(Map.of("LC_ALL", "C.UTF-8"), "", command);
    if (!answer.ok()) {
      throw new IllegalStateException(command + ": " + answer);
    }
    return answer.out();
  }

  /** Types a line. */
  Tmux type(String line) {
    return write(line).press("Enter");
  }

  /** Types a part of a line. */
  Tmux write(String text) {
    tmux("send-keys", "-l", text);
    return this;
  }

  Tmux press(String key) {
    tmux("send-keys", key);
    return this;
  }

  void resize(int columns, int rows) {
    tmux("resize-window", "-x", "" + columns, "-y", "" + rows);
  }

  /** Returns the lines on the screen without the empty ones at the end. */
  List<String> lines() {
    return lines(tmux("capture-pane", "-p"));
  }

  /** Returns the screen with the sequences that colour it. */
  String coloured() {
    return tmux("capture-pane", "-e", "-p");
  }

  private static List<String> lines(String screen) {
    var lines = Arrays.stream(screen.split("\n")).collect(toCollection(ArrayList::new));
    while (!lines.isEmpty() && lines.get(lines.size() - 1).isEmpty()) {
      lines.remove(lines.size() - 1);
    }
    return lines;
  }

  /** Returns the last line, which is where the status stands. */
  String last() {
    var lines = lines();
    return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
  }

  /** Waits until the last line matches, and returns it. */
  String awaitLast(String regex) {
    return await(regex, this::last, line -> line.matches(regex));
  }

  /** Waits until any line matches, and returns it. */
  String awaitLine(String regex) {
    return awaitLine(line -> line.matches(regex));
  }

  private String awaitLine(Predicate<String> wanted) {
    return await(
        "a line",
        () -> lines().stream().filter(wanted).findFirst().orElse(null),
        line -> line != null);
  }

  /** Waits until all lines together are right. */
  void await(String what, Predicate<List<String>> right) {
    await(what, this::lines, right);
  }

  private <T> T await(String what, Supplier<T> look, Predicate<T> right) {
    var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (true) {
      var seen = look.get();
      if (right.test(seen)) {
        return seen;
      } else if (System.nanoTime() > deadline) {
        throw new AssertionError("not seen: " + what + "\n" + String.join("\n", lines()));
      }
      LockSupport.parkNanos(GLANCE);
    }
  }

  @Override
  public void close() {
    var command = List.of("tmux", "-S", socket, "kill-server");
    Commands.run(Map.of(), "", command); // The server may have ended with its shell.
  }
}
