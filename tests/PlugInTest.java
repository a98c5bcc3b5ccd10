package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import dev.frep.Replication.Place;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JBang runs frep from a catalog: with a container, and with transports of other authors. */
class PlugInTest {

  @TempDir static Path shared;
  private static HttpServer server;
  private static Map<String, String> environment;

  @TempDir Path folder;

  @BeforeAll
  static void addTheCatalog() throws IOException {
    var repository = LauncherTest.repository();
    server = LauncherTest.serve(repository);
    var bin = Files.createDirectory(shared.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("jbang"), repository.resolve("jbang"));
    environment = new TreeMap<>();
    environment.put("PATH", bin + File.pathSeparator + System.getenv("PATH"));
    environment.put("XDG_CACHE_HOME", cacheWithJBang(shared).toString());
    environment.put("JBANG_DIR", shared + "/jbang");
    environment.put("JBANG_CACHE_DIR", shared + "/jbang/cache");
    var url = "http://127.0.0.1:" + server.getAddress().getPort() + "/jbang-catalog.json";
    Commands.succeed(
        environment, List.of("env", "jbang", "catalog", "add", "--global", "--name", "org", url));
  }

  /** A cache folder; the JBang that the launcher has brought for these tests is in it. */
  static Path cacheWithJBang(Path folder) throws IOException {
    var home = Path.of(System.getenv("HOME"), ".cache").toString();
    var brought = Path.of(System.getenv().getOrDefault("XDG_CACHE_HOME", home), "frep");
    var cache = folder.resolve("cache/frep");
    if (!Files.exists(cache) && Files.isDirectory(brought)) {
      Files.createDirectories(cache);
      try (var found = Files.newDirectoryStream(brought, "jbang-*")) {
        for (var jbang : found) {
          Files.createSymbolicLink(cache.resolve(jbang.getFileName()), jbang);
        }
      }
    }
    return cache.getParent();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.stop(0);
    }
  }

  private Replication replication() throws IOException {
    return new Replication(folder, environment);
  }

  private Place copy() {
    return Place.here(folder.resolve("target"));
  }

  @Test
  void frepFromACatalogKeepsAContainerInStep() throws Exception {
    var missing = DockerEngine.unavailable();
    assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
    try (var engine = DockerEngine.start()) {
      engine.run("mycontainer", Rootfs.GNU);
      var place =
          new Place(engine.environment(), List.of("docker", "exec", "mycontainer"), "/home/code");
      try (var frep = new Replication(folder, and(engine.environment()))) {
        frep.type("jbang frep@org ./proj /home/code --docker mycontainer").awaitSame(place);
        frep.write("sub/inner", "changed\n").awaitSame(place).stop(0);
        assertEquals("", frep.err().replaceAll("(?m)^\\[jbang\\].*\n", ""));
      }
    }
  }

  @Test
  void aJarOnTheClassPathIsATransportAndABrokenOneIsNamed() throws Exception {
    var shout = jar("shout", TransportsTest.Options.buildShout(folder.resolve("shout")));
    var services = folder.resolve("broken/META-INF/services");
    Files.createDirectories(services);
    Files.writeString(services.resolve("dev.frep.Transport"), "org.example.Missing\n");
    var jars = shout + File.pathSeparator + jar("broken", folder.resolve("broken"));
    try (var frep = replication()) {
      frep.type("jbang --cp " + jars + " frep@org --once ./proj " + folder + "/target --shout hey");
      frep.ends(0).assertSame(copy());
      assertTrue(frep.err().contains("frep: a transport cannot be used: "), frep::err);
      assertTrue(frep.err().contains("org.example.Missing"), frep::err);
      assertTrue(frep.err().contains("hint: the other transports still work"), frep::err);
    }
  }

  @Test
  void theOneOfTheReadmeIsUsedFromItsSource() throws Exception {
    try (var frep = withLxc()) {
      var target = folder + "/target";
      frep.type("jbang -s Lxc.java frep@org --once ./proj " + target + " --lxc web --lxc gone");
      frep.ends(4).assertSame(copy());
      frep.assertError("lxc:gone: the container is stopped", "lxc-start gone");
    }
  }

  /** A service file of a source replaces frep's service files of the same name. */
  @Test
  void ownTransportsAndThoseOfASourceAndOfAJarAreThereAtOnce() throws Exception {
    var shout = jar("shout", TransportsTest.Options.buildShout(folder.resolve("shout")));
    try (var frep = withLxc()) {
      frep.type(
          "jbang --cp "
              + shout
              + " -s Lxc.java frep@org --check ./proj "
              + folder
              + "/target --local --lxc web --shout hey");
      frep.ends(0);
      for (var target : List.of("local", "lxc:web", "shout:hey")) {
        assertTrue(frep.out().contains(target + " → "), frep::output);
      }
    }
  }

  /** A world with the transport of the documentation, and the tool that it needs. */
  private Replication withLxc() throws IOException {
    var page = Files.readString(LauncherTest.repository().resolve("docs/transports.md"));
    var sample = Pattern.compile("```java\n(//FILES .*?)```", Pattern.DOTALL).matcher(page);
    assertTrue(sample.find(), "the page has a transport");
    var lxc = "[ \"$2\" = web ] || { echo not running; exit 1; }; shift 3; exec \"$@\"";
    var path = LauncherTest.onPath(environment, tool("lxc-attach", lxc));
    var frep = new Replication(folder, path);
    Files.writeString(frep.folder().resolve("Lxc.java"), sample.group(1));
    Files.writeString(frep.folder().resolve("lxc.txt"), "org.example.Lxc\n");
    return frep;
  }

  private Path tool(String name, String script) throws IOException {
    var bin = Files.createTempDirectory(folder, "bin");
    Files.writeString(bin.resolve(name), "#!/bin/sh\n" + script + "\n");
    assertTrue(bin.resolve(name).toFile().setExecutable(true));
    return bin;
  }

  private Path jar(String name, Path classes) {
    var file = folder.resolve(name + ".jar");
    var jar = System.getProperty("java.home") + "/bin/jar";
    Commands.succeed(
        Map.of(), List.of(jar, "--create", "--file", file + "", "-C", classes + "", "."));
    return file;
  }

  private static Map<String, String> and(Map<String, String> more) {
    var all = new TreeMap<>(environment);
    all.putAll(more);
    return all;
  }
}
