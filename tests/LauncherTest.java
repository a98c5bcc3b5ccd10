package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests every way to run frep, for real: each makes a copy through a shell and looks at it.
 *
 * <p>No JBang is on the PATH, and JBang's folder and the launcher's cache are empty or were filled
 * by the launcher. Only Maven's local repository is the user's own: a JVM takes it from the
 * password file, not from HOME.
 */
class LauncherTest {

  private static final List<String> SCRIPTS =
      List.of("frep.java", "receiver.sh", "support", "transports", "jbang", "jbang-catalog.json");

  @TempDir static Path shared;
  @TempDir Path temp;

  private static Path clone;
  private static Map<String, String> warm;

  private Path elsewhere;

  @BeforeAll
  static void cloneAndBringJBang() throws Exception {
    clone = cloneIn(shared);
    warm = environment(shared.resolve("home"));
    assertEquals("0.132.1", run(shared, warm, launcher(), "version").succeeds().out.strip());
  }

  @BeforeEach
  void makeSource() throws IOException {
    elsewhere = Files.createDirectory(temp.resolve("else where"));
    Files.createDirectories(temp.resolve("source/sub"));
    Files.writeString(temp.resolve("source/sub/a file"), "content");
  }

  @Test
  void aMachineWithoutJBangNeedsNothingElse() throws Exception {
    var ran = copies(clone, environment(temp.resolve("home")), "./jbang", "frep");
    assertTrue(ran.err.contains("downloading JBang"), ran.err);
  }

  @Test
  void aLinkNamedFrepRunsFrep() throws Exception {
    var link = Files.createSymbolicLink(temp.resolve("frep"), Path.of(launcher()));
    copies(elsewhere, warm, link.toString());
  }

  @Test
  void theLauncherFindsItsOwnScriptsFromAnyFolder() throws Exception {
    Files.createDirectory(elsewhere.resolve("frep"));
    copies(elsewhere, warm, launcher(), "frep");
  }

  @Test
  void argumentsStdinAndExitCodePassUnharmed() throws Exception {
    var arguments =
        List.of("", " a  b ", "*", "$(exit 9)", "it's \"q\" \\", "-n", "l\nl", "--help");
    var shell = "printf input | \"$@\" \"$(printf '\\303\\251\\377')\"";
    var command = new ArrayList<>(List.of("sh", "-c", shell, "sh", probe(), "probe"));
    command.addAll(arguments);
    var plain = new TreeMap<>(warm);
    plain.put("LC_ALL", "C");
    for (var way : List.of("built", "remembered")) {
      var ran = run(elsewhere, plain, command.toArray(String[]::new));
      assertEquals(String.join("\0", arguments) + "\0\303\251\377\0input", ran.out, way);
      assertEquals(7, ran.status, way);
    }
  }

  @Test
  void aSignalReachesTheScript() throws Exception {
    var running = start(elsewhere, warm, probe(), "probe", "wait");
    running.awaitOutput("waiting");
    running.process.destroy();
    var ran = running.await();
    assertEquals("waiting, ended", ran.out);
    assertEquals(143, ran.status);
  }

  @Test
  void theJBangOnThePathIsPreferred() throws Exception {
    var bin = executable("bin/jbang", "printf '<%s>' \"$@\"; exit 3");
    var ran = run(elsewhere, onPath(warm, bin), launcher(), "frep", "a b");
    assertEquals("<" + clone + "/frep.java><a b>", ran.out);
    assertEquals(3, ran.status);
  }

  @Test
  void theLauncherOnThePathIsNotTakenForAnotherJBang() throws Exception {
    var bin = Files.createDirectory(temp.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("jbang"), clone.resolve("jbang"));
    copies(elsewhere, onPath(warm, bin), bin + "/jbang", "frep");
  }

  @Test
  void jbangRunsTheFileFromAnotherFolder() throws Exception {
    copies(elsewhere, onPath(warm, realJBang()), "jbang", clone + "/frep.java");
  }

  @Test
  void theFileRunsByItself() throws Exception {
    copies(clone, onPath(warm, realJBang()), "./frep.java");
    copies(elsewhere, onPath(warm, realJBang()), clone + "/frep.java");
  }

  @Test
  void jbangRunsTheAliasInAndBelowTheFolder() throws Exception {
    copies(clone, onPath(warm, realJBang()), "jbang", "frep");
    copies(clone.resolve("support"), onPath(warm, realJBang()), "jbang", "frep");
  }

  @Test
  void jbangRunsTheAliasOfACatalogFile() throws Exception {
    var withJBang = onPath(warm, realJBang());
    var catalog = clone + "/jbang-catalog.json";
    run(elsewhere, withJBang, "jbang", "catalog", "add", "--name", "file", catalog).succeeds();
    copies(elsewhere, withJBang, "jbang", "frep@file");
  }

  @Test
  void jbangRunsTheAliasOfACatalogOnTheWeb() throws Exception {
    var withJBang = onPath(warm, realJBang());
    var server = serve(clone);
    try {
      var url = "http://127.0.0.1:" + server.getAddress().getPort() + "/";
      var catalog = url + "jbang-catalog.json";
      run(elsewhere, withJBang, "jbang", "catalog", "add", "--name", "web", catalog).succeeds();
      copies(elsewhere, withJBang, "jbang", "frep@web");
      copies(elsewhere, withJBang, "jbang", url + "frep.java");
      installs(withJBang);
      ejects(withJBang);
    } finally {
      server.stop(0);
    }
  }

  /** With its folder of commands on the PATH already, JBang leaves the user's .bashrc alone. */
  private void installs(Map<String, String> withJBang) throws Exception {
    var path = onPath(withJBang, Path.of(withJBang.get("JBANG_DIR"), "bin"));
    run(elsewhere, path, "jbang", "app", "install", "frep@web").succeeds();
    copies(elsewhere, path, "frep");
  }

  /** What it says to do next is done as it stands; then the copy needs no catalog any more. */
  private void ejects(Map<String, String> withJBang) throws Exception {
    var project = Files.createDirectory(temp.resolve("a project"));
    var ejected = run(project, withJBang, "jbang", "frep@web", "--eject", "my tools").succeeds();
    var next = Pattern.compile("(?m)^next: (.*)$").matcher(ejected.out);
    assertTrue(next.find(), ejected.out);
    var help = run(project, withJBang, "sh", "-c", next.group(1)).succeeds().out;
    assertTrue(help.startsWith("Usage: frep "), help);
    copies(project, withJBang, "jbang", "my tools/frep.java");
  }

  /** The clone's own catalog stays as Git knows it, and no JBang but the launcher is there. */
  @Test
  void theLauncherInstallsAnAliasAsACommand() throws Exception {
    var own = Path.of(warm.get("JBANG_DIR"), "bin");
    var path = onPath(warm, own);
    var catalog = Files.readString(clone.resolve("jbang-catalog.json"));
    run(clone, warm, "./jbang", "catalog", "add", "--name", "own", clone + "/jbang-catalog.json")
        .succeeds();
    assertEquals(catalog, Files.readString(clone.resolve("jbang-catalog.json")));
    var installed = run(elsewhere, path, launcher(), "app", "install", "frep@own").succeeds();
    assertTrue(installed.err.contains("since installed commands call jbang"), installed.err);
    copies(elsewhere, path, "frep");
    Files.delete(own.resolve("jbang"));
  }

  @Test
  void anAliasOfAProjectBringsItsOwnArguments() throws Exception {
    var project = Files.createDirectory(temp.resolve("project"));
    var destination = Files.createDirectory(temp.resolve("destination"));
    Files.writeString(
        project.resolve("jbang-catalog.json"),
        """
        {
          "aliases": {
            "sync": {
              "script-ref": "%s/frep.java",
              "arguments": ["../source", "%s", "--local"]
            }
          }
        }
        """
            .formatted(clone, destination));
    var copy = destination.resolve("source/sub/a file");
    run(project, onPath(warm, realJBang()), "jbang", "sync", "--once").succeeds();
    assertEquals("content", Files.readString(copy));
    Files.delete(copy);
    run(project, warm, launcher(), "sync", "--once").succeeds(); // Not an alias of its own catalog.
    assertEquals("content", Files.readString(copy));
    Files.delete(copy);
    copy(clone.resolve("jbang"), project.resolve("jbang"));
    run(project, warm, "./jbang", "sync", "--once").succeeds(); // Of its own, with arguments.
    assertEquals("content", Files.readString(copy));
  }

  /** As in CI: no terminal to be had, and hardly an environment. */
  @Test
  void neitherATerminalNorAnEnvironmentIsNeeded() throws Exception {
    var bare = new TreeMap<>(warm);
    bare.keySet().retainAll(List.of("PATH", "HOME", "JAVA_HOME", "XDG_CACHE_HOME", "JBANG_DIR"));
    bare.put("CI", "true");
    var ran = copies(elsewhere, bare, "setsid", "--wait", launcher(), "frep");
    assertFalse(ran.out.contains("\033") || ran.out.contains("\r"), ran.out);
    assertEquals("", ran.err.replaceAll("(?m)^\\[jbang\\].*\n", ""));
  }

  /** Runs frep as told, once, into a new destination, and looks at what is there afterwards. */
  private Ran copies(Path folder, Map<String, String> environment, String... frep)
      throws Exception {
    var destination = Files.createTempDirectory(temp, "destination");
    var command = new ArrayList<>(List.of(frep));
    command.addAll(List.of("--once", temp + "/source", destination.toString(), "--", "bash"));
    var ran = run(folder, environment, command.toArray(String[]::new)).succeeds();
    assertEquals("content", Files.readString(destination.resolve("source/sub/a file")));
    return ran;
  }

  /** A launcher whose catalog has a script that shows what reaches it. */
  private String probe() throws IOException {
    copy(clone.resolve("jbang"), temp.resolve("jbang"));
    Files.writeString(
        temp.resolve("jbang-catalog.json"),
        """
        {
          "aliases": {
            "probe": {
              "script-ref": "Probe.java"
            }
          }
        }
        """);
    Files.writeString(
        temp.resolve("Probe.java"),
        """
        import static java.nio.charset.StandardCharsets.ISO_8859_1;
        import java.nio.file.*;
        class Probe {
          public static void main(String... args) throws Exception {
            if (args[0].equals("wait")) {
              Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.print(", ended")));
              System.out.print("waiting");
              System.out.flush();
              Thread.sleep(600_000);
            }
            var commandLine = Files.readString(Path.of("/proc/self/cmdline"), ISO_8859_1);
            System.out.write(commandLine.split("\\0Probe\\0", 2)[1].getBytes(ISO_8859_1));
            System.in.transferTo(System.out);
            System.out.flush();
            System.exit(7);
          }
        }
        """);
    return temp + "/jbang";
  }

  /** A folder with JBang itself as {@code jbang}, started as its own script does. */
  private Path realJBang() throws IOException {
    return executable(
        "real/jbang",
        """
        export JBANG_RUNTIME_SHELL=bash
        command=$(java -cp "$XDG_CACHE_HOME/frep/jbang-0.132.1/*" dev.jbang.Main "$@")
        status=$?
        [ "$status" -ne 255 ] || eval "exec $command"
        printf '%s\\n' "$command"
        exit "$status"
        """);
  }

  private Path executable(String name, String shell) throws IOException {
    return executable(temp.resolve(name), shell);
  }

  /** Makes a shell script and returns its folder. */
  static Path executable(Path file, String shell) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + shell);
    assertTrue(file.toFile().setExecutable(true));
    return file.getParent();
  }

  static HttpServer serve(Path folder) throws IOException {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          var file = folder.resolve(exchange.getRequestURI().getPath().substring(1));
          var found = Files.isRegularFile(file);
          exchange.sendResponseHeaders(found ? 200 : 404, 0);
          try (var body = exchange.getResponseBody()) {
            if (found) {
              Files.copy(file, body);
            }
          }
        });
    server.start();
    return server;
  }

  private static String launcher() {
    return clone + "/jbang";
  }

  /** Returns a new folder with what a clone of this repository has, but without its history. */
  static Path cloneIn(Path folder) throws IOException {
    var clone = Files.createDirectory(folder.resolve("a clone"));
    for (var name : SCRIPTS) {
      copy(repository().resolve(name), clone.resolve(name));
    }
    return clone;
  }

  /** The checkout that is tested: the one around the current folder, else the launcher's. */
  static Path repository() {
    var launcher = System.getenv().getOrDefault("JBANG_LAUNCH_CMD", "");
    return Stream.of(Path.of(""), Path.of(launcher))
        .flatMap(path -> Stream.iterate(path.toAbsolutePath(), Objects::nonNull, Path::getParent))
        .filter(folder -> Files.exists(folder.resolve("tests/LauncherTest.java")))
        .findFirst()
        .orElseThrow();
  }

  /** What a user has who has never run JBang, and no JBang on the PATH. */
  static Map<String, String> environment(Path home) throws IOException {
    var environment = new TreeMap<>(System.getenv());
    environment.keySet().removeIf(name -> name.startsWith("JBANG_"));
    environment.put("HOME", Files.createDirectories(home).toString());
    environment.put("XDG_CACHE_HOME", home + "/cache");
    environment.put("JBANG_DIR", home + "/.jbang");
    environment.put(
        "PATH",
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .filter(folder -> !Files.exists(Path.of(folder, "jbang")))
            .collect(Collectors.joining(File.pathSeparator)));
    return environment;
  }

  static Map<String, String> onPath(Map<String, String> environment, Path folder) {
    var changed = new TreeMap<>(environment);
    changed.merge("PATH", "", (path, none) -> folder + File.pathSeparator + path);
    return changed;
  }

  static void copy(Path from, Path to) throws IOException {
    try (var paths = Files.walk(from)) {
      for (var path : (Iterable<Path>) paths::iterator) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
  }

  static List<String> list(Path folder) throws IOException {
    try (var paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  static Ran run(Path folder, Map<String, String> environment, String... command) throws Exception {
    return start(folder, environment, command).await();
  }

  static Running start(Path folder, Map<String, String> environment, String... command)
      throws IOException {
    var out = Files.createTempFile("launcher", ".out");
    var err = Files.createTempFile("launcher", ".err");
    var line = new ArrayList<>(List.of("env"));
    line.addAll(List.of(command));
    var builder = new ProcessBuilder(line).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    var process = builder.start();
    process.getOutputStream().close();
    return new Running(process, out, err);
  }

  /** A process whose output is kept as bytes, one a character. */
  record Running(Process process, Path out, Path err) {

    Ran await() throws Exception {
      if (!process.waitFor(5, TimeUnit.MINUTES)) {
        process.destroyForcibly();
      }
      return new Ran(process.waitFor(), drain(out), drain(err));
    }

    private static String drain(Path file) throws IOException {
      var text = Files.readString(file, ISO_8859_1);
      Files.delete(file);
      return text;
    }

    void awaitOutput(String text) throws Exception {
      while (!Files.readString(out, ISO_8859_1).contains(text)) {
        assertFalse(process.waitFor(20, TimeUnit.MILLISECONDS), "ended too early");
      }
    }
  }

  record Ran(int status, String out, String err) {

    Ran succeeds() {
      assertEquals(0, status, () -> out + err);
      return this;
    }
  }
}
