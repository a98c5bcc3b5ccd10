package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A sender made by hand: it speaks to receiver.sh in a shell of this machine as the wire is
 * described there, and says what no true sender would say.
 */
final class Session implements AutoCloseable {

  static final String NONCE = "0123456789abcdef01234567";
  static final String TAG = "0a1b2c3d";

  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

  /** A shell that may be on the other side. */
  enum Shell {
    BASH("bash"),
    DASH("dash"),
    MKSH("mksh"),
    /** And every other tool BusyBox's, too. */
    BUSYBOX("busybox", "sh");

    private static Path applets;

    final List<String> command;

    Shell(String... command) {
      this.command = List.of(command);
    }

    boolean isHere() {
      return Commands.missing(command.get(0)).isEmpty();
    }

    /** What its process has in its environment besides our own. */
    Map<String, String> environment() {
      return this == BUSYBOX ? Map.of("PATH", applets().toString()) : Map.of();
    }

    /** The command as one that brings its environment with it. */
    List<String> complete() {
      var words = new ArrayList<>(List.of("env"));
      environment().forEach((name, value) -> words.add(name + "=" + value));
      words.add(Commands.succeed(Map.of(), List.of("sh", "-c", "command -v " + command.get(0))));
      words.addAll(command.subList(1, command.size()));
      return words;
    }

    private static synchronized Path applets() {
      if (applets == null) {
        try {
          applets = Files.createTempDirectory("frep-applets");
          Files.setPosixFilePermissions(applets, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
        var folder = applets;
        Runtime.getRuntime()
            .addShutdownHook(new Thread(() -> Commands.run("rm", "-rf", folder.toString())));
        var make =
            "b=$(command -v busybox); for a in $(busybox --list); do ln -s $b \"$1/$a\"; done";
        Commands.succeed(Map.of(), List.of("sh", "-c", make, "sh", applets.toString()));
      }
      return applets;
    }
  }

  private final Process process;
  private final OutputStream out;
  private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
  private final ByteArrayOutputStream complaints = new ByteArrayOutputStream();
  private final Thread listener;
  private int read;

  /** Starts the shell and sends it the receiver, for the destination NAME in a folder. */
  Session(Shell shell, Path parent, String name) throws IOException {
    this(shell.complete(), NONCE, TAG, parent.toString(), name);
  }

  Session(List<String> command, String... arguments) throws IOException {
    process = new ProcessBuilder(command).start();
    out = process.getOutputStream();
    listener = Commands.daemon(() -> copy(process.getInputStream(), heard));
    Commands.daemon(() -> copy(process.getErrorStream(), complaints));
    raw(bootstrap(arguments));
  }

  /** The receiver as one block with its arguments before it. */
  static byte[] bootstrap(String... arguments) throws IOException {
    var text = new StringBuilder("{\nset --");
    for (var word : arguments) {
      text.append(" '").append(word.replace("'", "'\\''")).append('\'');
    }
    try (var script = Session.class.getResourceAsStream("/receiver.sh")) {
      text.append('\n').append(new String(script.readAllBytes(), ISO_8859_1));
    }
    return text.append("\n}\n").toString().getBytes(ISO_8859_1);
  }

  private void copy(InputStream in, ByteArrayOutputStream to) {
    var buffer = new byte[1 << 16];
    try (in) {
      for (int n; (n = in.read(buffer)) > 0; ) {
        synchronized (this) {
          to.write(buffer, 0, n);
          notifyAll();
        }
      }
    } catch (IOException e) {
      // It was killed.
    }
  }

  /** Sends bytes as they are; that nobody reads them any more is no mistake here. */
  Session raw(byte[] bytes) {
    try {
      out.write(bytes);
      out.flush();
    } catch (IOException e) {
      // What it said before it ended is what counts.
    }
    return this;
  }

  Session raw(String text) {
    return raw(text.getBytes(ISO_8859_1));
  }

  /** Sends a line of the wire. */
  Session line(String words) {
    return raw(NONCE + " " + words + "\n");
  }

  /** Sends a change set, without its commit. */
  Session set(int number, byte[] archive) {
    return raw(set(exact(), number, archive)).line("end " + number);
  }

  /** Whether its tar reads no further than the last record; it has said so when it was ready. */
  boolean exact() {
    return heard().contains(" records=yes ");
  }

  /** A change set up to the line that ends it. */
  static byte[] set(boolean exact, int number, byte[] archive) {
    var record = exact ? 4096 : archive.length;
    var begin = NONCE + " set " + number + " " + (exact ? record : 0) + "\n";
    var lines = begin + (exact ? "" : NONCE + " chunk " + record + " 1\n");
    var head = lines.getBytes(ISO_8859_1);
    var padded = (archive.length + record - 1) / record * record;
    var all = Arrays.copyOf(head, head.length + padded);
    System.arraycopy(archive, 0, all, head.length, archive.length);
    return all;
  }

  /** Commits a set and waits for the answer: what the tools said, and "ok" or "err". */
  List<String> commit(int number) throws InterruptedException {
    var from = read;
    line("commit " + number);
    var answers = until("ok", "part", "err");
    var said = heard().substring(from, read).lines();
    var problems = said.filter(line -> !line.isEmpty() && !line.startsWith(NONCE + " "));
    return Stream.concat(problems.map(text -> "problem " + text), answers.stream()).toList();
  }

  /** Waits for the paths that the last "part" tells of. */
  List<String> left() throws InterruptedException {
    var deadline = System.nanoTime() + PATIENCE;
    while (System.nanoTime() < deadline) {
      var heard = heard();
      var part = heard.lastIndexOf(NONCE + " part ");
      var paths = heard.substring(heard.indexOf('\n', part) + 1);
      if (paths.contains("\0\0")) {
        return List.of(paths.substring(0, paths.indexOf("\0\0")).split("\0"));
      }
      synchronized (this) {
        wait(5);
      }
    }
    throw new AssertionError("no end of the paths: " + complaints());
  }

  /** Waits for an answer that begins with one of these words; returns all answers up to it. */
  List<String> until(String... words) throws InterruptedException {
    var answers = new ArrayList<String>();
    var deadline = System.nanoTime() + PATIENCE;
    while (true) {
      for (String line; (line = next()) != null; ) {
        if (line.startsWith(NONCE + " ")) {
          var answer = line.substring(NONCE.length() + 1);
          answers.add(answer);
          if (List.of(words).contains(answer.split(" ")[0])) {
            return answers;
          }
        }
      }
      if (!listener.isAlive() && !more()) {
        throw new AssertionError("it has ended after " + answers + " " + complaints());
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("no answer after " + answers + " " + complaints());
      }
      synchronized (this) {
        wait(5);
      }
    }
  }

  private synchronized boolean more() {
    return heard().indexOf('\n', read) >= 0;
  }

  private synchronized String next() {
    var text = heard();
    var end = text.indexOf('\n', read);
    if (end < 0) {
      return null;
    }
    var line = text.substring(read, end);
    read = end + 1;
    return line;
  }

  /** All it has said. */
  synchronized String heard() {
    return heard.toString(ISO_8859_1);
  }

  synchronized String complaints() {
    return complaints.toString(ISO_8859_1);
  }

  /** Waits for the line after which anything may be sent. */
  Session ready() throws InterruptedException {
    until("ready");
    return this;
  }

  /** Ends the connection, and waits until all that it started has ended; returns the exit code. */
  int end() throws IOException, InterruptedException {
    try {
      out.close();
    } catch (IOException e) {
      // Then it has ended.
    }
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end: " + complaints());
    }
    listener.join();
    return process.exitValue();
  }

  /** As a crash does: neither it nor what it started has a last word. */
  void kill() throws InterruptedException {
    var descendants = process.descendants().collect(Collectors.toList());
    process.destroyForcibly().waitFor();
    descendants.forEach(ProcessHandle::destroyForcibly);
    for (var child : descendants) {
      child.onExit().join();
    }
  }

  @Override
  public void close() throws IOException {
    Commands.killTree(process);
  }

  /** A change set's archive in the making. */
  static final class Archive {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar =
        new TarArchiveOutputStream(bytes, 512, ISO_8859_1.name());

    Archive() {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
    }

    Archive file(String name, String content) throws IOException {
      return entry(name, TarConstants.LF_NORMAL, 0644, "", content);
    }

    Archive file(String name, int mode, String content) throws IOException {
      return entry(name, TarConstants.LF_NORMAL, mode, "", content);
    }

    Archive folder(String name, int mode) throws IOException {
      return entry(name + "/", TarConstants.LF_DIR, mode, "", "");
    }

    Archive symlink(String name, String target) throws IOException {
      return entry(name, TarConstants.LF_SYMLINK, 0777, target, "");
    }

    Archive plan(String... lines) throws IOException {
      return file("./plan", String.join("\n", lines) + "\n");
    }

    /** A list of paths. */
    Archive list(String name, String... paths) throws IOException {
      return file("./" + name, String.join("\0", paths) + "\0");
    }

    private Archive entry(String name, byte type, int mode, String target, String content)
        throws IOException {
      var data = content.getBytes(ISO_8859_1);
      var entry = new TarArchiveEntry(name, type, true);
      entry.setMode(mode);
      entry.setLinkName(target);
      entry.setSize(data.length);
      entry.setModTime(1_700_000_000_000L);
      tar.putArchiveEntry(entry);
      tar.write(data);
      tar.closeArchiveEntry();
      return this;
    }

    byte[] bytes() throws IOException {
      tar.finish();
      return bytes.toByteArray();
    }
  }
}
