package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three forms in which frep gets into other repositories and machines: four names to copy, a
 * single file, and a published release. JBang itself runs each, without our launcher, and each
 * makes a copy through a real shell.
 */
class ReleaseTest {
  /** Longer than a build of everything on a busy machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Path REPOSITORY = LauncherTest.repository();

  /** The cache of the launcher that runs the tests: JBang and the compiled frep are in it. */
  private static final Map<String, String> OURS =
      Map.of(
          "XDG_CACHE_HOME",
          System.getenv().getOrDefault("XDG_CACHE_HOME", System.getenv("HOME") + "/.cache"));

  @TempDir static Path shared;
  private static Map<String, String> environment;
  private static Path release;
  private static HttpServer server;

  @TempDir Path folder;

  @BeforeAll
  static void publish() throws IOException {
    environment = withJBang(shared);
    release = shared.resolve("release");
    run(REPOSITORY, OURS, ".ci/release", release.toString());
    server = LauncherTest.serve(release);
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.stop(0);
    }
  }

  /** An empty home, and JBang as {@code jbang} on the PATH, as its own start script runs it. */
  private static Map<String, String> withJBang(Path folder) throws IOException {
    var cache = PlugInTest.cacheWithJBang(folder);
    var bin = folder.resolve("bin");
    Tmux.script(
        bin.resolve("jbang"),
        """
        export JBANG_RUNTIME_SHELL=bash
        command=$(java -cp "%s/frep/jbang-0.132.1/*" dev.jbang.Main "$@")
        status=$?
        [ "$status" -ne 255 ] || eval "exec $command"
        printf '%%s\\n' "$command"
        exit "$status\"\
        """
            .formatted(cache));
    var environment = new TreeMap<String, String>();
    environment.put("HOME", Files.createDirectory(folder.resolve("home")).toString());
    environment.put("XDG_CACHE_HOME", folder.resolve("home/.cache").toString());
    environment.put("JBANG_DIR", folder.resolve("home/.jbang").toString());
    environment.put("JBANG_CACHE_DIR", folder.resolve("home/.jbang/cache").toString());
    environment.put(
        "PATH",
        Stream.concat(Stream.of(bin + ""), Arrays.stream(System.getenv("PATH").split(":")))
            .collect(Collectors.joining(File.pathSeparator)));
    return environment;
  }

  /** Runs a command in a folder, without what our launcher tells its scripts. */
  private static Frep.Result runs(Path folder, Map<String, String> environment, String... words) {
    var frep = Frep.with().within(PATIENCE).in(folder);
    environment.forEach(frep::environment);
    var clean = "env -u JBANG_LAUNCH_CMD -u FREP_JBANG_VERSION '" + String.join("' '", words) + "'";
    try (var running = frep.types(clean)) {
      return running.awaitEnd();
    }
  }

  /** Runs a command that must succeed; returns its output. */
  private static String run(Path folder, Map<String, String> environment, String... words) {
    return runs(folder, environment, words).exits(0).out().strip();
  }

  /** Runs a frep, which must copy a file through a shell. */
  private void copies(String... frep) throws IOException {
    var source = Files.createDirectories(folder.resolve("source/sub"));
    Files.writeString(source.resolve("a file"), "content");
    var target = Files.createTempDirectory(folder, "target");
    var arguments = Stream.of("--once", "source", target.toString(), "--", "sh");
    run(folder, environment, Stream.concat(Stream.of(frep), arguments).toArray(String[]::new));
    assertEquals("content", Files.readString(target.resolve("source/sub/a file")));
  }

  @Test
  void fourNamesCopiedIntoAnotherRepositoryWork() throws IOException {
    var tools = Files.createDirectories(folder.resolve("tools"));
    for (var name : List.of("frep.java", "receiver.sh", "support", "transports")) {
      run(REPOSITORY, Map.of(), "cp", "-a", name, tools.toString());
    }

    copies("jbang", "tools/frep.java");
  }

  @Test
  void theSingleFileCopiesAndEjectsItself() throws IOException {
    var file = release.resolve("frep.java");
    Files.copy(file, folder.resolve("frep.java"));

    copies("jbang", "frep.java");
    var said = run(folder, environment, "jbang", "frep.java", "--eject", "again/frep.java");
    assertEquals("wrote again/frep.java\nnext: jbang again/frep.java --help", said);
    assertEquals(-1, Files.mismatch(file, folder.resolve("again/frep.java")));
    assertTrue(Files.isExecutable(folder.resolve("again/frep.java")));
    var help = run(folder, environment, "jbang", "again/frep.java", "--help");
    assertEquals(Frep.run("--help").succeeds().out().strip(), help);
    copies("again/frep.java");
  }

  @Test
  void theSingleFileSaysThatItCannotBeSplit() throws IOException {
    var words = new String[] {"jbang", release + "/frep.java", "--eject", "whole"};
    var failed = runs(folder, environment, words).exits(2);

    assertTrue(failed.err().contains("frep: --eject: this frep is a single file"), failed.err());
    assertTrue(Files.notExists(folder.resolve("whole")));
  }

  @Test
  void theSingleFileTellsTheStoryFirst() throws IOException {
    var text = Files.readString(release.resolve("frep.java"));
    var order =
        List.of(
            "///usr/bin/env jbang ",
            "//DEPS ",
            "package dev.frep;",
            "import ",
            "public final class frep ",
            "// ---- support/link/",
            "// ---- support/git/",
            "// ---- support/tasks/",
            "// ---- support/console/",
            "// ---- support/system/",
            "// ---- transports/",
            "#!/bin/sh");
    var places = new ArrayList<Integer>();
    for (var part : order) {
      var found = Pattern.compile("(?m)^ *" + Pattern.quote(part)).matcher(text);
      assertTrue(found.find(), part);
      places.add(found.start());
    }
    assertEquals(places.stream().sorted().toList(), places, order + "");
    assertEquals(1, text.split("\npackage ", -1).length - 1);
  }

  @Test
  void theReleaseRunsFromItsCatalog() throws IOException {
    var url = "http://127.0.0.1:" + server.getAddress().getPort() + "/jbang-catalog.json";
    run(folder, environment, "jbang", "catalog", "add", "--global", "--name", "org", url);

    copies("jbang", "frep@org");
    copies("jbang", "frep-source@org");
    run(folder, environment, "jbang", "frep@org", "--eject", "tools");
    copies("jbang", "tools/frep.java");
  }

  @Test
  void theJarRunsByItselfAndTheSumsAreRight() throws IOException {
    copies("java", "-jar", release + "/frep.jar");

    run(release, Map.of(), "sha256sum", "--check", "--strict", "SHA256SUMS");
    var sums = Files.readAllLines(release.resolve("SHA256SUMS"));
    assertEquals(3, sums.size(), sums + "");
  }
}
