package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Any name the kernel allows, in the source, in links, and on the command line. */
class NamesTest {

  /** Names as bytes, one a char. */
  private static final List<String> FIXED =
      List.of(
          " ",
          "  two  ",
          "\t",
          "\n",
          "\n\n",
          "a\n",
          "a\nb",
          "\r",
          "\r\n",
          "\b",
          "\u0001",
          "\u001b[31mred\u001b[0m",
          "\u007f",
          "-",
          "--",
          "-rf",
          "-exec",
          "--help",
          "--to-command=sh",
          "--checkpoint-action=exec=sh",
          "...",
          "..a",
          ".a",
          ". ",
          "~",
          "~root",
          "*",
          "?",
          "[a]",
          "{a,b}",
          "!",
          "!!",
          "#",
          "# a",
          "$HOME",
          "$(touch executed)",
          "`touch executed`",
          "${IFS}",
          "'",
          "''",
          "\"",
          "'\"'\"'",
          "\\",
          "\\n",
          "\\0101",
          "\\\\",
          "%",
          "%s%n",
          "%2F",
          "%00",
          ";",
          "a;touch executed",
          "|",
          "&",
          "&&",
          "(",
          ")",
          "<",
          ">",
          ">executed",
          "=",
          "a=b",
          ":",
          "C:",
          "@",
          "@file",
          "+",
          ",",
          "^",
          "\u00c3\u00bc", // ü
          "u\u00cc\u0088", // u and its dots apart
          "\u00e2\u0082\u00ac", // €
          "\u00f0\u009f\u0098\u0080", // a face
          "\u00fc", // ü in another encoding
          "\u00ff",
          "\u00ff\u00fe",
          "\u00c0\u00af", // a slash, longer than allowed
          "\u00ed\u00a0\u0080", // half of a pair
          "\u00ef\u00bf\u00bd", // what stands for a lost byte
          "\u00e2\u0080\u00ae", // right to left
          "\u00c3",
          "plan",
          "drop",
          "n",
          "x".repeat(255),
          "\u00ff".repeat(255),
          "y".repeat(99),
          "y".repeat(100),
          "y".repeat(101),
          "NUL",
          "0");

  /** Names like those that editors leave behind included. */
  private static final String EVERY_NAME = "--no-default-excludes";

  @TempDir Path base;

  private static Set<String> names(int random, int seed) {
    var names = new LinkedHashSet<>(FIXED);
    var dice = new Random(seed);
    while (names.size() < FIXED.size() + random) {
      var name =
          IntStream.range(0, 1 + dice.nextInt(dice.nextInt(10) == 0 ? 255 : 12))
              .mapToObj(i -> "" + (char) (1 + dice.nextInt(255)))
              .collect(Collectors.joining())
              .replace('/', '_');
      if (!name.equals(".") && !name.equals("..") && !name.startsWith(".frep")) {
        names.add(name);
      }
    }
    return names;
  }

  /** A word of bash that stands for these bytes. */
  private static String quote(String bytes) {
    var word = new StringBuilder("$'");
    bytes.chars().forEach(c -> word.append(String.format("\\%03o", c)));
    return word.append('\'').toString();
  }

  /** Runs a script of bytes in bash: Java would not find these names in every locale. */
  private static void bash(Path folder, List<String> lines) throws IOException {
    var script = Files.createTempFile(folder, "script", "");
    Files.write(script, ("set -e\n" + String.join("\n", lines) + "\n").getBytes(ISO_8859_1));
    var answer = Commands.run(Map.of("LC_ALL", "C"), "", List.of("bash", script.toString()));
    assertTrue(answer.ok(), answer.toString());
  }

  @ParameterizedTest
  @CsvSource({"C, BASH", "C.UTF-8, BASH", "C, BUSYBOX", "C.UTF-8, BUSYBOX"})
  void inTheSource(String locale, Session.Shell shell) throws Exception {
    assertTrue(FIXED.size() >= 80);
    var world = new World(base).of(shell);
    var scratch = base.resolve("source");
    var names = List.copyOf(names(500 * World.TIMES, 7));
    var lines = new ArrayList<>(List.of("cd " + world.source));
    for (int i = 0; i < names.size(); i++) {
      var name = quote(names.get(i));
      if (i % 3 == 1) {
        lines.add("mkdir ./" + name + " && printf %s " + i + " >./" + name + "/" + name);
      } else if (i % 3 == 2) {
        lines.add("ln -s " + quote(names.get(i * 7 % names.size())) + " ./" + name);
      } else {
        lines.add("printf %s " + i + " >./" + name);
      }
    }
    bash(scratch, lines);
    var words = new ArrayList<Object>(List.of(EVERY_NAME, world.source, world.parent));
    words.addAll(shell.complete());
    try (var frep = Frep.with().environment("LC_ALL", locale).starts(words.toArray())) {
      world.awaitInStep(frep);
      assertTrue(Trees.of(world.destination).size() > names.size());
      var changes = new ArrayList<>(List.of("cd " + world.source));
      for (int i = 0; i < names.size(); i += 10) {
        var name = quote(names.get(i));
        changes.add("rm -rf ./" + name);
        changes.add("mkdir ./" + name + " && printf new >./" + name + "/" + name);
      }
      for (int i = 5; i < names.size(); i += 10) {
        changes.add("rm -rf ./" + quote(names.get(i)));
      }
      changes.add("mv ./" + quote(names.get(1)) + " ./" + quote("re\u00ffnamed\n"));
      changes.add("printf late >./" + quote("re\u00ffnamed\n") + "/late");
      bash(scratch, changes);
      world.assertFine(frep);
    }
    assertEquals("", World.found(base, "executed"));
  }

  /** Targets of links as they are, which paths would not be. */
  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void inTargetsOfLinks(String locale) throws Exception {
    var world = new World(base);
    var targets =
        new ArrayList<>(
            List.of(
                "/",
                "//",
                "a//b",
                "a/",
                "./a",
                "../..",
                "/etc/passwd",
                ".",
                "-",
                "\u00ff//x",
                "\u00ff/",
                "//\u00ff",
                "\u00c3\u00bc//y/",
                "./\u00ff/.",
                "x".repeat(4000)));
    targets.addAll(names(50, 3));
    var lines = new ArrayList<>(List.of("cd " + world.source));
    for (int i = 0; i < targets.size(); i++) {
      lines.add("ln -s -- " + quote(targets.get(i)) + " " + i);
    }
    bash(base.resolve("source"), lines);
    var frep = Frep.with().environment("LC_ALL", locale);
    frep.runs("--once", EVERY_NAME, world.source, world.parent, "bash").succeeds();
    Trees.assertSame(world.source, world.destination);
    frep.runs("--once", EVERY_NAME, world.source, world.parent, "bash").succeeds();
    Trees.assertSame(world.source, world.destination);
    world.assertNoStage();
    world.assertUntouched();
  }

  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void onTheCommandLine(String locale) throws Exception {
    var scratch = Files.createDirectories(base.resolve("scratch"));
    var java = System.getProperty("java.home") + "/bin/java";
    var frep =
        java + " -XX:TieredStopAtLevel=1 -cp \"$CLASSES\" dev.frep.frep --once " + EVERY_NAME + " ";
    var classes = System.getProperty("java.class.path");
    var names =
        List.of(
            "a b",
            "-rf",
            "a\nb",
            "'",
            "$(touch executed)",
            "\\",
            "\u00c3\u00bc",
            "\u00ff\u00fe",
            "%s",
            "*",
            "~",
            " ",
            "\\0101");
    var every = World.TIMES > 1 ? 1 : 2;
    for (int i = locale.equals("C") ? 0 : every - 1; i < names.size(); i += every) {
      var name = quote(names.get(i));
      var other = quote(names.get((i + 3) % names.size()));
      var here = scratch.resolve("" + i);
      bash(
          scratch,
          List.of(
              "mkdir " + here + " && cd " + here + " && mkdir " + here + "/source",
              "mkdir ./source/" + name + " && printf 1 >./source/" + name + "/" + name,
              "export XDG_CACHE_HOME=" + scratch + "/cache LC_ALL=" + locale,
              "CLASSES='" + classes + "'",
              frep
                  + "source/"
                  + name
                  + " "
                  + here
                  + "/"
                  + other
                  + " bash >out 2>err || { cat err; exit 1; }",
              "[ ! -s err ] || { cat err; exit 1; }",
              "mv ./" + other + "/" + name + " result",
              "rmdir ./" + other,
              "mv ./source/" + name + " expected"));
      Trees.assertSame(here.resolve("expected"), here.resolve("result"));
    }
    assertEquals("", World.found(base, "executed"));
  }
}
