package dev.frep.league;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A running frep, or a peer: a process in a session of its own, and what it has printed. */
final class Sender {
  private static final Pattern EVENT = Pattern.compile("^\\{\"event\":\"([a-z-]+)\".*");
  private static final int MOST_LINES = 5_000;

  private final Process process;
  private final long started = System.nanoTime();
  private final List<String> lines = new ArrayList<>();
  private final Thread reader;
  private String state = "";
  private boolean synced;

  /** A process of a session, as /proc shows it. */
  record Member(long pid, long parent, String name, char state) {}

  Sender(List<String> command, Map<String, String> environment, Path folder) throws IOException {
    var words = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT,TERM,HUP,PIPE"));
    words.addAll(command);
    var builder = new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true);
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.environment().putAll(environment);
    process = builder.start();
    reader = new Thread(this::read, "output");
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Finds the command that runs frep in the end: a launcher takes a second each time. The
   * connection command is its child, and sees the whole line.
   */
  static List<String> direct(List<String> launcher, Path temporary)
      throws IOException, InterruptedException {
    var mark = temporary.resolve("mark");
    var file = temporary.resolve("line");
    Files.createDirectories(mark);
    var words = new ArrayList<>(launcher);
    words.addAll(List.of(mark.toString(), temporary.toString(), "--", "sh", "-c"));
    words.add("cat /proc/$PPID/cmdline >" + file);
    new ProcessBuilder(words)
        .redirectErrorStream(true)
        .redirectOutput(temporary.resolve("said").toFile())
        .start()
        .waitFor();
    if (!Files.exists(file)) {
      throw new IOException(
          launcher + " does not start: " + Files.readString(temporary.resolve("said")));
    }
    var all = List.of(Files.readString(file).split("\0"));
    return all.subList(0, all.indexOf(mark.toString()));
  }

  private void read() {
    try (var in =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
      for (String line; (line = in.readLine()) != null; ) {
        hear(line);
      }
    } catch (IOException killed) {
      hear("(killed)");
    }
  }

  private synchronized void hear(String line) {
    if (lines.size() < MOST_LINES) {
      lines.add(line);
    }
    var event = EVENT.matcher(line);
    if (event.matches()) {
      var name = event.group(1);
      synced |= name.equals("synced") || name.endsWith("step");
      state = name.endsWith("step") || name.equals("disconnected") ? name : state;
    }
  }

  /** The last event that says how the copy is: in-step, out-of-step or disconnected. */
  synchronized String state() {
    return state;
  }

  /** Whether it has brought the copy up to date once. */
  synchronized boolean hasSynced() {
    return synced;
  }

  /** The lines whose event this is. */
  synchronized List<String> events(String name) {
    return lines.stream().filter(line -> line.startsWith("{\"event\":\"" + name + '"')).toList();
  }

  synchronized List<String> tail(int count) {
    return List.copyOf(lines.subList(Math.max(0, lines.size() - count), lines.size()));
  }

  long startedAt() {
    return started;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  int exit() {
    return process.exitValue();
  }

  /** Waits for its end; false if that takes longer. */
  boolean awaitEnd(long seconds) throws InterruptedException {
    var ended = process.waitFor(seconds, TimeUnit.SECONDS);
    if (ended) {
      reader.join(500); // An orphan may hold its stdout.
    }
    return ended;
  }

  void signal(String name) throws IOException, InterruptedException {
    signal(name, pid());
  }

  static void signal(String name, long pid) throws IOException, InterruptedException {
    Tree.Shell.run("kill", "-" + name, "" + pid);
  }

  /** The processes that it has started and that still run, in the order of their numbers. */
  List<Member> members() throws IOException {
    var members = new ArrayList<Member>();
    try (var all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (var each : all) {
        var member = member(each);
        if (member != null) {
          members.add(member);
        }
      }
    }
    members.sort((a, b) -> Long.compare(a.pid, b.pid));
    return members;
  }

  private Member member(Path folder) {
    try {
      var stat = Files.readString(folder.resolve("stat"), StandardCharsets.ISO_8859_1);
      var end = stat.lastIndexOf(')');
      var rest = stat.substring(end + 2).split(" ");
      var pid = Long.parseLong(folder.getFileName().toString());
      var ours = Long.parseLong(rest[3]) == pid() && pid != pid() && rest[0].charAt(0) != 'Z';
      var name = stat.substring(stat.indexOf('(') + 1, end);
      return ours ? new Member(pid, Long.parseLong(rest[1]), name, rest[0].charAt(0)) : null;
    } catch (IOException gone) {
      return null;
    }
  }

  /** Ends it and all that it has started. */
  void destroy() throws IOException, InterruptedException {
    process.destroyForcibly().waitFor();
    for (int i = 0; i < 20; i++) {
      var left = members();
      if (left.isEmpty()) {
        return;
      }
      for (var member : left) {
        signal("KILL", member.pid);
      }
    }
  }
}
