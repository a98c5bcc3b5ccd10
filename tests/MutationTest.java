package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sessions that were recorded, changed somewhere, and played again to either end:
 * -Dfrep.mutations=N plays so many to each shell, -Dfrep.seed=S begins with that one.
 */
class MutationTest {

  private static final int MUTATIONS = Integer.getInteger("frep.mutations", 20);
  private static final int SEED = Integer.getInteger("frep.seed", 1);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Paths that would do harm, were they believed; a harmless name of each length is sent. */
  private static final List<String> EVIL =
      List.of(
          "../../outside/file",
          "../../../outside/folder/in",
          "way/folder/inner",
          "way/file",
          "..",
          "a/../../../x",
          "$(touch executed)",
          "`touch executed`",
          ";touch executed",
          "-rf",
          "--checkpoint-action=exec=touch executed");

  @TempDir Path base;

  private World world;
  private Path template;
  private byte[] sent;
  private byte[] said;
  private String nonce;

  @BeforeEach
  void makeWorld() throws IOException {
    base = base.toRealPath();
    world = new World(base).furnished();
    template = base.resolve("template");
    sh(
        world.destination,
        "for i in 1 2 3 4 5 6; do mkdir d$i; echo old >d$i/file; done; mkdir kind; echo >kind/in;"
            + " ln -s ../../outside way; ln -s ../../outside/file leaf; echo old >other");
    sh(
        world.source,
        "for i in 1 2 3 4 5 6; do mkdir d$i; echo newer >d$i/file; done; echo kind >kind; mkdir -p"
            + " fresh/deep; ln -s nowhere fresh/link; echo leaf >leaf; chmod 700 fresh;"
            + " ln -s ../../outside way; head -c 70000 /dev/urandom >large");
    var trap = "\ntouch executed\n`touch executed`\n$(touch executed)\n".repeat(20);
    for (var evil : EVIL) {
      Files.writeString(world.source.resolve(harmless("put", evil)), trap);
      Files.writeString(world.source.resolve("d2/" + harmless("in", evil)), trap);
      Files.writeString(world.destination.resolve(harmless("gone", evil)), "old\n");
    }
    Commands.succeed(
        Map.of(), List.of("cp", "-a", world.destination.toString(), template.toString()));
  }

  /** A name as long as a path. */
  private static String harmless(String kind, String evil) {
    return (kind + "_".repeat(40)).substring(0, Math.max(1, evil.length() - 1))
        + (char) ('a' + EVIL.indexOf(evil));
  }

  private static void sh(Path folder, String script) {
    var all = "set -eu; cd -- \"$IN\"; " + script;
    Commands.succeed(Map.of("IN", folder.toString()), List.of("bash", "-c", all));
  }

  /** What both ends say while everything there is is put, replaced and deleted. */
  private void record(Shell shell) throws IOException {
    var to = base.resolve("sent");
    var from = base.resolve("said");
    var words = new ArrayList<Object>(List.of("--clean-out-first", world.source, world.parent));
    words.addAll(List.of("--", "sh", "-c", "tee " + to + " | \"$@\" | tee " + from, "sh"));
    words.addAll(shell.complete());
    Frep.run(words("--once", words)).succeeds();
    assertArrived();
    sent = Files.readAllBytes(to);
    said = Files.readAllBytes(from);
    Files.delete(to);
    Files.delete(from);
    var found = Pattern.compile("set -- '([0-9a-f]{24})'").matcher(new String(sent, ISO_8859_1));
    assertTrue(found.find());
    nonce = found.group(1);
  }

  /** All but the times of links, which some tars do not keep. */
  private void assertArrived() throws IOException {
    Trees.assertSame(world.source, world.destination, Trees.LINK_TIMES);
  }

  private static Object[] words(Object first, List<Object> rest) {
    var all = new ArrayList<>(List.of(first));
    all.addAll(rest);
    return all.toArray();
  }

  // ---- to the receiver ----

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void theReceiverTouchesNothingOutside(Shell shell) throws Exception {
    assumeTrue(shell.isHere(), shell + " is not here");
    record(shell);
    var canary = Trees.canary(base, world.destination);
    var end = "\nmain \"$@\"\n}\n";
    var bootstrap = new String(sent, ISO_8859_1).indexOf(end) + end.length();
    var rest = Arrays.copyOfRange(sent, bootstrap, sent.length);
    restore();
    play(shell, bootstrap, rest);
    assertArrived(); // Unchanged it does its work.
    for (int seed = SEED; seed < SEED + MUTATIONS; seed++) {
      restore();
      var mutation = mutated(rest, nonce, new Random(seed));
      try {
        play(shell, bootstrap, mutation);
        canary.assertUntouched(); // Where a file "executed" would be, too.
      } catch (AssertionError e) {
        throw new AssertionError("-Dfrep.seed=" + seed + " for " + shell, e);
      }
    }
  }

  private void restore() {
    var script = "chmod -R u+rwx \"$1\" 2>&1; rm -rf \"$1\"; cp -a \"$2\" \"$1\"";
    var words = List.of(world.destination.toString(), template.toString());
    var command = new ArrayList<>(List.of("sh", "-c", script, "sh"));
    command.addAll(words);
    Commands.succeed(Map.of(), command);
  }

  /** Plays it to a receiver, and waits until that has ended. */
  private void play(Shell shell, int bootstrap, byte[] rest) throws Exception {
    var process =
        new ProcessBuilder(shell.complete())
            .directory(world.parent.toFile())
            .redirectErrorStream(true)
            .start();
    try {
      var ready = new CountDownLatch(1);
      Commands.daemon(
          () -> {
            try (var in = process.inputReader(ISO_8859_1)) {
              for (String line; (line = in.readLine()) != null; ) {
                if (line.startsWith(nonce + " ready")) {
                  ready.countDown();
                }
              }
            } catch (IOException killed) {
              // Then nobody waits for it.
            }
          });
      try (var out = process.getOutputStream()) {
        out.write(sent, 0, bootstrap);
        out.flush();
        assertTrue(ready.await(PATIENCE.toSeconds(), TimeUnit.SECONDS), "it is never ready");
        out.write(rest);
      } catch (IOException ended) {
        // It has had enough.
      }
      assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "it does not end");
    } finally {
      Commands.killTree(process);
    }
  }

  /** One or a few changes, of the kinds that a bad link or a bad person makes. */
  private static byte[] mutated(byte[] bytes, String nonce, Random dice) {
    var text = new String(bytes, ISO_8859_1);
    int at = dice.nextInt(text.length());
    int end = Math.min(text.length(), at + 1 + dice.nextInt(2000));
    var slice = text.substring(at, end);
    text =
        switch (dice.nextInt(7)) {
          case 0 -> text.substring(0, at);
          case 1 -> text.substring(0, at) + text.substring(end);
          case 2 -> text.substring(0, end) + slice + text.substring(end);
          case 3 -> {
            var lines = new ArrayList<>(List.of(text.split("(?=" + nonce + ")")));
            lines.add(dice.nextInt(lines.size()), lines.remove(dice.nextInt(lines.size())));
            yield String.join("", lines);
          }
          case 4 -> flipped(text, dice);
          default -> evil(text, dice);
        };
    return text.getBytes(ISO_8859_1);
  }

  private static String flipped(String text, Random dice) {
    var changed = new StringBuilder(text);
    for (int left = 1 + dice.nextInt(8); left > 0; left--) {
      changed.setCharAt(dice.nextInt(text.length()), (char) dice.nextInt(256));
    }
    return changed.toString();
  }

  /** Puts a path that would do harm in the place of a harmless one, wherever that is told of. */
  private static String evil(String text, Random dice) {
    var evil = EVIL.get(dice.nextInt(EVIL.size()));
    var name = harmless(List.of("put", "in", "gone").get(dice.nextInt(3)), evil);
    var bytes = text.replace(name, evil).getBytes(ISO_8859_1);
    var magic = Pattern.compile("ustar {2}\0").matcher(new String(bytes, ISO_8859_1));
    while (magic.find()) { // The checksums of all headers are right: that is no defence.
      int header = magic.start() - 257;
      Arrays.fill(bytes, header + 148, header + 156, (byte) ' ');
      int sum = 0;
      for (int i = header; i < header + 512; i++) {
        sum += bytes[i] & 0xff;
      }
      var octal = String.format("%06o\0 ", sum).getBytes(ISO_8859_1);
      System.arraycopy(octal, 0, bytes, header + 148, octal.length);
    }
    return new String(bytes, ISO_8859_1);
  }

  // ---- to the sender ----

  /** Gives to each question what was once answered, with the nonce of now. */
  private static final String PLAYER =
      """
      LC_ALL=C; export LC_ALL; i=0
      IFS= read -r _; read -r _ _ n _; n=${n#?}; n=${n%?}
      give() { [ ! -f "$1" ] || sed "s/@@@@@@@@@@@@@@@@@@@@@@@@/$n/g" <"$1"; }
      cd -- "$1" && give ready
      while IFS= read -r line; do
        case $line in
          "$n ping"*) give pong ;;
          "$n list"*) give listing ;;
          "$n commit "*) i=$((i + 1)) && give "ok$i" ;;
          "$n bye") exit 0 ;;
        esac
      done
      """;

  @Test
  void theSenderSaysWhatIsWrongAndEnds() throws Exception {
    record(Shell.BASH);
    restore();
    var player = Files.writeString(base.resolve("player"), PLAYER);
    var answers = Files.createDirectory(base.resolve("answers"));
    var recorded = answers();
    for (var word : Set.of("ready", "pong", "listing", "ok1")) {
      assertTrue(recorded.containsKey(word), word + " in " + recorded.keySet());
    }
    assertEquals(0, hear(player, answers, recorded).exit());
    var before = Trees.of(world.source);
    for (int seed = SEED; seed < SEED + Math.max(6, MUTATIONS / 3); seed++) {
      var dice = new Random(seed);
      var changed = new TreeMap<>(recorded);
      var name = List.copyOf(recorded.keySet()).get(dice.nextInt(recorded.size()));
      changed.put(name, mutated(recorded.get(name), "@{24}", dice));
      var result = hear(player, answers, changed);
      var output = result.out() + result.err();
      var what = "-Dfrep.seed=" + seed + ": " + name + ": exit " + result.exit() + "\n" + output;
      assertTrue(Set.of(0, 1, 4, 5, 6).contains(result.exit()), what);
      assertEquals(result.exit() == 0, result.err().isEmpty(), what);
      assertTrue(output.length() < 20_000, what);
      for (var bad : List.of("\033", "\007", "Exception", "defect", "null", "Index ")) {
        assertFalse(output.contains(bad), what);
      }
    }
    assertEquals(before, Trees.of(world.source));
  }

  /** What was said to each question. */
  private Map<String, byte[]> answers() {
    var anyNonce = "@".repeat(nonce.length());
    var text = new String(said, ISO_8859_1).replace(nonce, anyNonce);
    var answers = new TreeMap<String, String>();
    var last = "ready";
    var oks = 0;
    for (var piece : text.split("(?=\n" + anyNonce + " )")) {
      var words = piece.strip().split("[ \n]", 3);
      if (words.length > 1 && !words[1].equals("listed")) {
        last = words[1].equals("ok") ? "ok" + ++oks : words[1];
      }
      answers.merge(last, piece, String::concat);
    }
    return answers.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                answer -> answer.getValue().getBytes(ISO_8859_1),
                (a, b) -> a,
                TreeMap::new));
  }

  private Frep.Result hear(Path player, Path folder, Map<String, byte[]> answers)
      throws IOException {
    for (var answer : answers.entrySet()) {
      Files.write(folder.resolve(answer.getKey()), answer.getValue());
    }
    return Frep.with()
        .jvm("-Xmx64m")
        .environment("XDG_CACHE_HOME", base.resolve("cache"))
        .within(PATIENCE)
        .runs(
            words(
                "--once",
                List.of(
                    "--timeout=2",
                    "--clean-out-first",
                    world.source,
                    world.parent,
                    "--",
                    "sh",
                    player,
                    folder)));
  }
}
