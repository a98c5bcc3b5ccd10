package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is sent compressed arrives as if it were not. */
class CompressionTest {

  @TempDir Path base;

  private World world() throws IOException {
    return world(40);
  }

  private World world(int files) throws IOException {
    var world = new World(Files.createDirectories(base.resolve("world")));
    for (int i = 0; i < files; i++) {
      var file = world.source.resolve("folder" + i % 7 + "/file" + i);
      Files.createDirectories(file.getParent());
      Files.writeString(file, ("some words of file " + i + "\n").repeat(10_000));
    }
    Files.write(world.source.resolve("large"), new byte[3_000_000]);
    return world;
  }

  @ParameterizedTest
  @EnumSource
  void asAskedFor(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var world = world();
    var words = new ArrayList<Object>(List.of("--compress", "--debugging"));
    words.addAll(shell.complete());
    var result = world.once(words.toArray());
    assertEquals(0, result.exit(), result.toString());
    assertTrue(result.err().contains(" 1 gzip"), result.err());
    Trees.assertSame(world.source, world.destination);
    world.assertNoStage();
    world.assertUntouched();
  }

  @Test
  void byItselfIfTheLinkIsSlow() throws Exception {
    var world = world(140); // Two sets are on their way, each 8 MB, before one has told how it was.
    var words = new ArrayList<Object>(List.of("--debugging"));
    words.addAll(SlowLink.to(4_000_000, Shell.BASH));
    var result = world.once(words.toArray());
    assertEquals(0, result.exit(), result.toString());
    assertTrue(result.err().matches("(?s).*> set \\d+ gzip\n.*"), result.err());
    Trees.assertSame(world.source, world.destination);
    world.assertNoStage();
  }

  /** At first nothing is known of a link but how long it took to begin. */
  @ParameterizedTest
  @EnumSource
  void whatIsThereAndTheLittleThatIsNotGoCompressedFromAfar(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var world = world();
    var words =
        new ArrayList<Object>(List.of("--debugging", "sh", "-c", "sleep 1; exec \"$@\"", ""));
    words.addAll(shell.complete());
    var first = world.once(words.toArray());
    assertEquals(0, first.exit(), first.toString());
    Files.writeString(world.source.resolve("late"), "late\n".repeat(20_000));
    var second = world.once(words.toArray());
    assertEquals(0, second.exit(), second.toString());
    var answer = shell == Shell.BUSYBOX ? "stat" : "same";
    assertTrue(second.err().contains("< listing " + answer + "\n"), second.err());
    assertTrue(second.err().contains("> set 1 gzip\n"), second.err());
    assertTrue(second.out().contains("copied 1 file,"), second.out());
    Trees.assertSame(world.source, world.destination);
    world.assertNoStage();
  }

  /** For each entry there is time to look at it, besides the time that it may be silent. */
  @Test
  void aTargetThatLooksForLongIsNotSilent() throws Exception {
    var world = new World(Files.createDirectories(base.resolve("many")));
    for (int i = 0; i < 1000; i++) {
      Files.createFile(world.source.resolve("file" + i));
    }
    var slow = "sleep 0.5; sort() { sleep 8; command sort \"$@\"; }; export -f sort; exec bash";
    var words = new Object[] {"--debugging", "--timeout", "5", "bash", "-c", slow};
    world.once(words).exits(0);
    var looked = world.once(words).exits(0);
    assertTrue(looked.err().contains("< listing same\n"), looked.err());
  }

  @Test
  void whatIsKnownIsNotToldUnlessItIsAmongOthers() throws Exception {
    var world = world();
    var theirs = world.destination.resolve("theirs");
    assertEquals("> list: gnu", talk(world), "nothing is known");
    assertEquals("> list SUM: same", talk(world), "all is known");
    Files.writeString(theirs, "theirs\n");
    assertEquals("> list SUM: gnu", talk(world), "there is more");
    assertEquals("> list: gnu", talk(world), "then it is not asked whether it is the same");
    Files.delete(theirs);
    assertEquals("> list: gnu", talk(world), "until it has been seen to be gone");
    assertEquals("> list SUM: same", talk(world), "all is known");
  }

  /** How it asks from afar what is there, and what the answer is. */
  private String talk(World world) throws IOException {
    var result = world.once("--debugging", "sh", "-c", "sleep 0.5; exec bash");
    assertEquals(0, result.exit(), result.toString());
    var talk = new StringBuilder();
    result
        .err()
        .lines()
        .filter(line -> line.contains("> list") || line.contains("< listing "))
        .map(line -> line.replace("debug: ", "").replaceAll("[0-9a-f]{64}", "SUM"))
        .forEach(line -> talk.append(line.replace("< listing", ":")));
    return talk.toString().strip();
  }

  /** Where many are sent to at once, it is the processor that all of them wait for. */
  @Test
  void notForManyAtOnceWhatIsWorthItForOne() {
    assertTrue(compressesAfterSlowSets(1));
    assertFalse(compressesAfterSlowSets(1000 * Runtime.getRuntime().availableProcessors()));
  }

  private static boolean compressesAfterSlowSets(int senders) {
    var pace = new Pace(null, () -> senders);
    for (int i = 0; i < 3; i++) {
      assertFalse(i == 0 && pace.compresses(1_000_000, false), "nothing is known yet");
      var now = System.nanoTime();
      pace.acknowledged(new Pace.Trip(1_000_000, 1_000_000, 200_000_000, now - 200_000_000, now));
    }
    return pace.compresses(1_000_000, false);
  }

  @Test
  void neverIfForbidden() throws Exception {
    var world = world();
    var words = new ArrayList<Object>(List.of("--debugging", "--no-compress"));
    words.addAll(SlowLink.to(4_000_000, Shell.BASH));
    var result = world.once(words.toArray());
    assertEquals(0, result.exit(), result.toString());
    assertFalse(result.err().contains(" gzip\n"), result.err());
    Trees.assertSame(world.source, world.destination);
  }

  /** What is saved while a long copy is on its way does not wait for its end. */
  @Test
  void aSaveOvertakesALongCopy() throws Exception {
    var world = new World(Files.createDirectories(base.resolve("long")));
    var random = new Random(1);
    for (int i = 0; i < 60; i++) {
      var content = new byte[400_000];
      random.nextBytes(content);
      Files.write(world.source.resolve("m" + i), content);
    }
    Files.writeString(world.source.resolve("z"), "old\n");
    var words = new ArrayList<Object>(List.of("--no-compress"));
    words.addAll(SlowLink.to(3_000_000, Shell.BASH));
    try (var frep = world.start(words.toArray())) {
      World.await(frep, "the first file", () -> Files.exists(world.destination.resolve("m0")));
      Files.writeString(world.source.resolve("z"), "new\n");
      var there = world.destination.resolve("z");
      World.await(frep, "the save", () -> Files.exists(there));
      assertEquals("new\n", Files.readString(there));
      assertFalse(Files.exists(world.destination.resolve("m9")), "all else was there before");
      world.assertFine(frep);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBrokenOneIsNotPutInPlace(Shell shell) throws Exception {
    assumeTrue(shell.isHere());
    var world = new World(Files.createDirectories(base.resolve("broken"))).furnished();
    var before = World.state(world.destination);
    var good = gzip(new Session.Archive().file("./n/0/file", "new\n").plan("into 0 .").bytes());
    try (var session = new Session(shell, world.parent, "copy").ready()) {
      int number = 0;
      for (int at : new int[] {0, 2, 12, 40, good.length - 6}) {
        var bad = good.clone();
        bad[at] ^= 0x55;
        assertRefused(send(session, ++number, bad));
        assertRefused(send(session, ++number, Arrays.copyOf(good, at)));
      }
      assertEquals(before, World.state(world.destination));
      assertEquals(List.of("ok 99"), send(session, 99, good));
      session.line("bye").end();
    }
    world.assertNoStage();
    world.assertUntouched();
  }

  private static List<String> send(Session session, int number, byte[] content) throws Exception {
    session.line("set " + number + " gzip");
    if (content.length > 0) {
      session.line("chunk " + content.length + " 1").raw(content);
    }
    return session.line("end " + number).commit(number);
  }

  private static void assertRefused(List<String> answers) {
    var last = answers.get(answers.size() - 1);
    assertTrue(last.startsWith("err "), answers.toString());
  }

  private static byte[] gzip(byte[] content) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new GZIPOutputStream(bytes)) {
      zip.write(content);
    }
    assertFalse(bytes.toString(ISO_8859_1).isEmpty());
    return bytes.toByteArray();
  }
}
