package dev.frep;

import static dev.frep.LauncherTest.executable;
import static dev.frep.LauncherTest.list;
import static dev.frep.LauncherTest.onPath;
import static dev.frep.LauncherTest.run;
import static dev.frep.LauncherTest.start;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests what the launcher remembers of a start, and what it says when a start fails. */
class LauncherStartTest {

  private static final String NETWORK_HINT = "hint: if the network was down, try again; .*\n";
  private static final String NO_NETWORK = "[ERROR] Plugin x could not be resolved: Unknown host y";

  @TempDir static Path shared;
  @TempDir Path temp;

  private static Path clone;
  private static Map<String, String> warm;

  private Map<String, String> cold;

  @BeforeAll
  static void startOnce() throws Exception {
    clone = LauncherTest.cloneIn(shared);
    warm = LauncherTest.environment(shared.resolve("home"));
    run(clone, warm, "./jbang", "frep", "--version").succeeds();
  }

  @BeforeEach
  void emptyTheHome() throws IOException {
    cold = LauncherTest.environment(temp.resolve("home"));
  }

  @Test
  void twoFirstStartsAtOnceBothWork() throws Exception {
    var one = start(clone, cold, "./jbang", "frep", "--version");
    var two = start(clone, cold, "./jbang", "frep", "--version");
    assertEquals(one.await().succeeds().out(), two.await().succeeds().out());
    var kept = list(cache(cold));
    assertEquals(3, kept.size(), kept::toString);
    assertTrue(kept.get(1).matches("start-[0-9-]+") && kept.get(2).startsWith(kept.get(1)));
  }

  /** JBang is away for the second start, which so fails if anything has to be built. */
  @Test
  void anUnchangedScriptStartsWithoutJBang() throws Exception {
    var script = script("one");
    var withoutMaven = onPath(cold, executable(temp.resolve("bin/mvn"), "exit 1"));
    var jbang = lendJBang();
    assertEquals("one", run(temp, withoutMaven, script, "probe").succeeds().out());
    Files.delete(jbang);
    assertEquals("one", run(temp, withoutMaven, script, "probe").succeeds().out());
    changeUnseen(temp.resolve("Part.java"), "one", "two");
    assertEquals(1, run(temp, withoutMaven, script, "probe").status());
    lendJBang();
    assertEquals("two", run(temp, withoutMaven, script, "probe").succeeds().out());
    changeUnseen(temp.resolve("Part.java"), "two", "one");
    assertEquals("one", run(temp, withoutMaven, script, "probe").succeeds().out());
  }

  /** What the names in such a header stand for is JBang's business. */
  @Test
  void aScriptWithPartsThatHavePartsIsAlwaysBuilt() throws Exception {
    var script = script("one");
    var part = temp.resolve("Part.java");
    Files.writeString(part, "//SOURCES Other.java\n" + Files.readString(part));
    Files.writeString(temp.resolve("Other.java"), "class Other {}");
    lendJBang();
    assertEquals("one", run(temp, cold, script, "probe").succeeds().out());
    assertEquals(List.of(), starts(cold));
  }

  /** JDK 17 dies of a truncated archive with SIGBUS. */
  @Test
  void aDamagedArchiveIsMadeAnew() throws Exception {
    var archive = archive();
    var whole = Files.readAllBytes(archive);
    Files.delete(archive);
    Files.write(archive, Arrays.copyOf(whole, 100_000));
    run(clone, warm, "./jbang", "frep", "--version").succeeds();
    assertTrue(Files.size(archive()) > 1_000_000);
    var ran = run(clone, warm, "./jbang", "frep", "--version").succeeds();
    assertEquals("", ran.err());
  }

  @Test
  void anArchiveIsLeftOutWhereTheJvmWouldRefuseIt() throws Exception {
    var withOptions = new TreeMap<>(warm);
    withOptions.put("JAVA_TOOL_OPTIONS", "-Xshare:off");
    var ran = run(clone, withOptions, "./jbang", "frep", "--version").succeeds();
    assertEquals("Picked up JAVA_TOOL_OPTIONS: -Xshare:off\n", ran.err());
  }

  @Test
  void aKilledFirstStartLeavesNothing() throws Exception {
    lendJBang();
    cold.put("JBANG_DIR", warm.get("JBANG_DIR")); // With the jar: only the archive is missing.
    var running = start(clone, cold, "setsid", "--wait", "./jbang", "frep", "--version");
    while (list(cache(cold)).stream().noneMatch(name -> name.startsWith(".train."))) {
      assertFalse(running.process().waitFor(20, TimeUnit.MILLISECONDS), "ended too early");
    }
    run(temp, warm, "sh", "-c", "kill -TERM -" + running.process().pid()).succeeds();
    assertNotEquals(0, running.await().status());
    awaitList(cache(cold), List.of("jbang-0.132.1"));
  }

  /**
   * The jar of a script is built once, whatever the locale, also below a home with such letters.
   */
  @Test
  void anyLettersInFoldersWorkInAnyLocale() throws Exception {
    var shell =
        """
        d=$(printf 'mein \\303\\226rdner') && cp -r "$1" "$d" && shift
        JBANG_DIR=$PWD/$d LC_ALL=C "$d/jbang" frep --version
        JBANG_DIR=$PWD/$d LC_ALL=C.UTF-8 "$d/jbang" frep --version
        """;
    lendJBang();
    var ran = run(temp, cold, "sh", "-euc", shell, "sh", clone.toString()).succeeds();
    assertEquals(2, ran.out().split("frep [0-9]", -1).length - 1, ran.out());
    assertEquals(1, ran.err().split("Building jar", -1).length - 1, ran.err());
  }

  @Test
  void withoutAHomeThePasswordFileKnowsIt() throws Exception {
    var path = onPath(warm, executable(temp.resolve("bin/jbang"), "printf %s \"$HOME\""));
    var shell = "unset HOME; exec \"$@\"";
    var home = System.getProperty("user.home");
    assertEquals(home, run(clone, path, "sh", "-c", shell, "sh", "./jbang", "frep").out());
    for (var none : List.of("", "/")) {
      path.put("HOME", none);
      assertEquals(home, run(clone, path, "./jbang", "frep").out());
    }
    executable(temp.resolve("bin/id"), "exit 1");
    fails(path, "frep: HOME: not set, and the user has no home folder\nhint: export HOME=.*\n");
  }

  @Test
  void withoutAJdkThereIsOneErrorAndAHint() throws Exception {
    var bare = bare();
    bare.put("JAVA_HOME", "/nowhere");
    fails(bare, "frep: java: not found on the PATH, nor in JAVA_HOME=/nowhere\nhint: .* JDK.*\n");
    executable(temp.resolve("jre/bin/java"), "exit 1");
    bare.put("JAVA_HOME", temp + "/jre");
    fails(bare, "frep: .*/jre/bin/java: there is no javac beside it.*\nhint: .* JDK.*\n");
  }

  @Test
  void aDownloadShowsThatItGoesOnAndWhyItFails() throws Exception {
    var mvn = "echo '[INFO] Downloaded from x'; sleep 5; echo '%s'; exit 1".formatted(NO_NETWORK);
    fails(
        onPath(cold, executable(temp.resolve("bin/mvn"), mvn)),
        "frep: downloading JBang .* with Maven .*\n"
            + "frep: downloading JBang \\(2 s, 1 files\\)\n"
            + "frep: downloading JBang \\(4 s, 1 files\\)\n"
            + "(frep: waiting .*\n)?"
            + "frep: Maven: \\[ERROR\\] .*Unknown host y\n"
            + "frep: JBang: not found, and could not be downloaded\n"
            + NETWORK_HINT);
    assertEquals(List.of(), list(cache(cold)));
  }

  @Test
  void aCacheThatCannotBeWrittenIsNamed() throws Exception {
    cold.put("XDG_CACHE_HOME", "/proc/none");
    fails(cold, "frep: /proc/none/frep: cannot be written\nhint: set XDG_CACHE_HOME .*\n");
  }

  @Test
  void aBuildThatFailsNamesTheScript() throws Exception {
    var script = script("\";");
    lendJBang();
    var ran = run(temp, cold, script, "probe");
    assertEquals(1, ran.status());
    assertTrue(ran.err().matches("(?s).*\nfrep: .*/Probe.java: JBang could not .*\nhint: .*"));
  }

  @Test
  void withoutMavenTheErrorOfTheInstallerIsSeen() throws Exception {
    var bare = bare();
    executable(temp.resolve("bin/curl"), "echo 'curl: (6) Could not resolve host' >&2; exit 6");
    fails(
        bare,
        "frep: installing JBang into .*\n"
            + "curl: \\(6\\) Could not resolve host\n"
            + "frep: JBang: not found, and could not be downloaded\n"
            + "hint: apt-get install maven, .*\n");
  }

  /** The obvious cure for commands that JBang has installed and that call jbang. */
  @Test
  void aLauncherInJBangsPlaceNeverCallsItself() throws Exception {
    var bare = bare();
    var own = Files.createDirectories(Path.of(bare.get("JBANG_DIR"), "bin"));
    var link = Files.createSymbolicLink(own.resolve("jbang"), clone.resolve("jbang"));
    var expected = "frep: JBang: not found, and could not be downloaded\nhint: .*\n";
    fails(onPath(bare, own), expected);
    Files.delete(link);
    LauncherTest.copy(clone.resolve("jbang"), link);
    fails(onPath(bare, own), expected);
    var ran = run(temp, onPath(bare, own), link.toString(), "frep");
    assertTrue(ran.err().matches(expected), ran.err());
  }

  private static void fails(Map<String, String> environment, String expected) throws Exception {
    var ran = run(clone, environment, "./jbang", "frep", "--version");
    assertTrue(ran.err().matches(expected), ran.err());
    assertEquals(1, ran.status());
  }

  /** A launcher with an alias probe, whose script prints what another file of it says. */
  private String script(String word) throws IOException {
    LauncherTest.copy(clone.resolve("jbang"), temp.resolve("jbang"));
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
        "//SOURCES Part.java\n"
            + "class Probe { public static void main(String... a) { System.out.print(Part.WORD); }"
            + " }");
    Files.writeString(
        temp.resolve("Part.java"), "class Part { static String WORD = \"" + word + "\"; }");
    return temp + "/jbang";
  }

  /** Leaves the size and the time of the file as they are. */
  private static void changeUnseen(Path file, String from, String to) throws IOException {
    var time = Files.getLastModifiedTime(file);
    Files.writeString(file, Files.readString(file).replace(from, to));
    Files.setLastModifiedTime(file, time);
  }

  /** The JBang that the first start of this class has downloaded, in the empty home. */
  private Path lendJBang() throws IOException {
    var jbang = Files.createDirectories(cache(cold)).resolve("jbang-0.132.1");
    return Files.createSymbolicLink(jbang, cache(warm).resolve("jbang-0.132.1"));
  }

  private static Path cache(Map<String, String> environment) {
    return Path.of(environment.get("XDG_CACHE_HOME"), "frep");
  }

  private static List<String> starts(Map<String, String> environment) throws IOException {
    return list(cache(environment)).stream().filter(name -> name.startsWith("start-")).toList();
  }

  private static Path archive() throws IOException {
    for (var name : starts(warm)) {
      if (name.endsWith(".jsa") || name.endsWith(".aot")) {
        return cache(warm).resolve(name);
      }
    }
    return fail("no archive in " + list(cache(warm)));
  }

  private static void awaitList(Path folder, List<String> expected) throws Exception {
    var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!list(folder).equals(expected)) {
      assertTrue(System.nanoTime() < end, list(folder)::toString);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** An empty home, and neither Java nor Maven nor a way to the network on the PATH. */
  private Map<String, String> bare() throws Exception {
    var bin = Files.createDirectories(temp.resolve("bin"));
    for (var tool :
        List.of(
            "bash",
            "cat",
            "cksum",
            "env",
            "grep",
            "kill",
            "ln",
            "mkdir",
            "readlink",
            "rm",
            "sed",
            "sh",
            "sleep",
            "tr",
            "uname")) {
      var found = run(temp, warm, "sh", "-c", "command -v " + tool).out().strip();
      if (found.startsWith("/")) {
        Files.createSymbolicLink(bin.resolve(tool), Path.of(found));
      }
    }
    var bare = new TreeMap<>(cold);
    bare.put("PATH", bin.toString());
    bare.put("JAVA_HOME", System.getProperty("java.home"));
    return bare;
  }
}
