package dev.frep;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Archive;
import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** receiver.sh alone, driven by a sender made by hand: what it does, and what it never does. */
class ReceiverTest {

  @TempDir Path base;

  /** A set that has nothing to do but what the plan says. */
  private static Archive archive() {
    return new Archive();
  }

  private World world(Shell shell) throws IOException {
    assumeTrue(shell.isHere(), shell + " is not here");
    return new World(base).furnished();
  }

  private static Session open(Shell shell, World world) throws Exception {
    return new Session(shell, world.parent, "copy").ready();
  }

  /** Commits one set in a session of its own; fails if anything outside has changed by it. */
  private static List<String> put(Shell shell, World world, Archive archive) throws Exception {
    try (var session = open(shell, world)) {
      var answers = session.set(1, archive.bytes()).commit(1);
      assertEquals(0, session.line("bye").end(), session.complaints());
      world.assertNoStage();
      world.assertUntouched();
      return answers;
    }
  }

  private static void assertRefused(List<String> answers) {
    assertRefused(answers, "");
  }

  private static void assertRefused(List<String> answers, String what) {
    var problems = answers.subList(0, answers.size() - 1);
    var last = answers.get(answers.size() - 1);
    assertTrue(last.equals("err 1") || last.equals("part 1"), what + ": " + answers);
    assertFalse(problems.isEmpty(), "it says what went wrong");
    problems.forEach(problem -> assertTrue(problem.startsWith("problem "), problem));
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file, NOFOLLOW_LINKS));
  }

  private static String time(Path file) throws IOException {
    return Files.getLastModifiedTime(file, NOFOLLOW_LINKS).toInstant().toString();
  }

  // ---- the verbs ----

  @ParameterizedTest
  @EnumSource
  void putsFilesFoldersAndLinksIntoAFolder(Shell shell) throws Exception {
    var world = world(shell);
    var set =
        archive()
            .file("./n/0/file", 0640, "new\n")
            .file("./n/0/.hidden", 0600, "")
            .file("./n/0/..dots", 0600, "")
            .file("./n/0/-rf", 0600, "")
            .file("./n/0/*", 0600, "")
            .symlink("./n/0/link", "no/where")
            .folder("./n/0/fresh", 0700)
            .folder("./n/0/fresh/deep", 0750)
            .file("./n/0/fresh/deep/er", 0755, "deep\n")
            .folder("./n/0/fresh/deep", 0750)
            .folder("./n/0/fresh", 0700)
            .plan("into 0 .");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    var copy = world.destination;
    assertEquals("new\n", Files.readString(copy.resolve("file")));
    assertEquals("rw-r-----", mode(copy.resolve("file")));
    assertEquals("2023-11-14T22:13:20Z", time(copy.resolve("file")));
    for (var name : List.of(".hidden", "..dots", "-rf", "*")) {
      assertTrue(Files.exists(copy.resolve(name)), name);
    }
    assertEquals("no/where", Files.readSymbolicLink(copy.resolve("link")).toString());
    assertEquals("deep\n", Files.readString(copy.resolve("fresh/deep/er")));
    assertEquals("rwxr-x---", mode(copy.resolve("fresh/deep")));
    assertEquals("2023-11-14T22:13:20Z", time(copy.resolve("fresh/deep")));
    assertEquals("old\n", Files.readString(copy.resolve("folder/inner")), "the rest stays");
  }

  @ParameterizedTest
  @EnumSource
  void putsIntoAFolderWhoseNameIsEscaped(Shell shell) throws Exception {
    var world = world(shell);
    var name = "a b\n'$(touch executed)'\\";
    Files.createDirectory(world.destination.resolve(name));
    var escaped = new StringBuilder();
    name.chars().forEach(c -> escaped.append(String.format("\\0%03o", c)));
    var set = archive().file("./n/0/file", "new\n").plan("into 0 " + escaped);
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertEquals("new\n", Files.readString(world.destination.resolve(name).resolve("file")));
  }

  @ParameterizedTest
  @EnumSource
  void putsATree(Shell shell) throws Exception {
    var world = world(shell);
    try (var session = open(shell, world)) {
      assumeTrue(session.heard().contains("links=yes"), "its cp cannot");
    }
    Files.createSymbolicLink(world.destination.resolve("leaf"), world.outside.resolve("file"));
    var set =
        archive()
            .file("./t/file", "new\n")
            .file("./t/leaf", "new\n")
            .symlink("./t/folder/link", "else")
            .file("./t/folder/inner", "new\n")
            .plan("tree - -");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertEquals("new\n", Files.readString(world.destination.resolve("folder/inner")));
    assertEquals("new\n", Files.readString(world.destination.resolve("file")));
    assertTrue(Files.isRegularFile(world.destination.resolve("leaf"), NOFOLLOW_LINKS));
    assertTrue(Files.isSymbolicLink(world.destination.resolve("folder/link")));
  }

  @ParameterizedTest
  @EnumSource
  void deletesWhatIsListedAndNotWhatOthersPutThere(Shell shell) throws Exception {
    var world = world(shell);
    var copy = world.destination;
    for (var name : List.of("-rf", "a\nb", " ", "*")) {
      Files.writeString(copy.resolve(name), "");
    }
    Files.createDirectories(copy.resolve("kept"));
    Files.writeString(copy.resolve("kept/ours"), "");
    Files.writeString(copy.resolve("kept/theirs"), "");
    Files.createSymbolicLink(copy.resolve("link"), world.outside.resolve("folder"));
    var set =
        archive()
            .list("deletes", "./-rf", "./a\nb", "./ ", "./folder/inner", "./kept/ours", "./link")
            .list("deletes-folders", "./folder", "./kept")
            .plan("delete - -");
    try (var session = open(shell, world)) {
      assertEquals(List.of("part 1"), session.set(1, set.bytes()).commit(1));
      assertEquals(List.of("/kept"), session.left(), "others' file keeps it");
    }
    assertEquals(
        List.of("", "*", "file", "kept", "kept/theirs"), List.copyOf(World.state(copy).keySet()));
  }

  @ParameterizedTest
  @EnumSource
  void deletesWhatIsGoneAlready(Shell shell) throws Exception {
    var world = world(shell);
    var set =
        archive()
            .list("deletes", "./none", "./no/thing", "./file")
            .list("deletes-folders", "./no", "./nothing")
            .plan("delete - -");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertFalse(Files.exists(world.destination.resolve("file")));
  }

  @ParameterizedTest
  @EnumSource
  void makesRoomForWhatIsOfAnotherKind(Shell shell) throws Exception {
    var world = world(shell);
    var set =
        archive()
            .list("clear", "./file", "./folder/inner")
            .list("clear-folders", "./folder")
            .file("./n/0/folder", "a file now\n")
            .file("./n/0/file/inner", "a folder now\n")
            .folder("./n/0/file", 0755)
            .plan("clear - -", "into 0 .");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertEquals("a file now\n", Files.readString(world.destination.resolve("folder")));
    assertEquals("a folder now\n", Files.readString(world.destination.resolve("file/inner")));
  }

  @ParameterizedTest
  @EnumSource
  void givesFoldersTheirModeAndTime(Shell shell) throws Exception {
    var world = world(shell);
    var set =
        archive()
            .folder("./d/folder", 0700)
            .folder("./d", 0750)
            .plan("attributes 700 folder", "attributes 750 .");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertEquals("rwx------", mode(world.destination.resolve("folder")));
    assertEquals("2023-11-14T22:13:20Z", time(world.destination.resolve("folder")));
    assertEquals("rwxr-x---", mode(world.destination));
    assertEquals("2023-11-14T22:13:20Z", time(world.destination));
  }

  @ParameterizedTest
  @EnumSource
  void stampsAllFoldersAtOnce(Shell shell) throws Exception {
    var world = world(shell);
    try (var session = open(shell, world)) {
      assumeTrue(session.heard().contains("links=yes"), "its cp cannot");
    }
    var set = archive().folder("./d/folder", 0700).folder("./d", 0750).plan("stamp - -");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertEquals("rwx------", mode(world.destination.resolve("folder")));
    assertEquals("2023-11-14T22:13:20Z", time(world.destination.resolve("folder")));
    assertEquals("rwxr-x---", mode(world.destination));
    assertEquals("2023-11-14T22:13:20Z", time(world.destination));
  }

  @ParameterizedTest
  @EnumSource
  void unlocksAFolder(Shell shell) throws Exception {
    var world = world(shell);
    var folder = world.destination.resolve("folder");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
    assertEquals(List.of("ok 1"), put(shell, world, archive().plan("unlock - folder")));
    assertEquals("rwxr-xr-x", mode(folder));
  }

  @ParameterizedTest
  @EnumSource
  void dropsWhatWasTornOnItsWay(Shell shell) throws Exception {
    var world = world(shell);
    var set =
        archive()
            .file("./n/0/file", "torn")
            .file("./n/0/folder2/torn", "torn")
            .file("./n/0/folder2/whole", "whole")
            .list("drop", "./n/0/file", "./n/0/folder2/torn")
            .plan("drop - -", "into 0 .");
    assertEquals(List.of("ok 1"), put(shell, world, set));
    assertEquals("old\n", Files.readString(world.destination.resolve("file")));
    assertTrue(Files.exists(world.destination.resolve("folder2/whole")));
    assertFalse(Files.exists(world.destination.resolve("folder2/torn")));
  }

  /**
   * BusyBox mv stops at a link that leads through a file, and then the rest is moved one by one.
   */
  @ParameterizedTest
  @EnumSource
  void keepsALinkToNowhereBesideOneThatLeadsThroughAFile(Shell shell) throws Exception {
    var world = world(shell);
    Files.createSymbolicLink(world.destination.resolve("through"), Path.of("file/no"));
    var set =
        archive()
            .symlink("./n/0/nowhere", "no/where")
            .symlink("./n/0/through", "file/other")
            .plan("into 0 .");
    assertEquals("ok 1", last(put(shell, world, set)));
    assertEquals("no/where", Files.readSymbolicLink(world.destination.resolve("nowhere")) + "");
    assertEquals("file/other", Files.readSymbolicLink(world.destination.resolve("through")) + "");
  }

  private static String last(List<String> answers) {
    return answers.get(answers.size() - 1);
  }

  @ParameterizedTest
  @EnumSource
  void listsWhatIsThere(Shell shell) throws Exception {
    var world = world(shell);
    Files.createSymbolicLink(world.destination.resolve("link"), Path.of("to/\nwhere"));
    Files.writeString(world.destination.resolve("a\nb"), "12345");
    try (var session = open(shell, world)) {
      session.line("list").until("listed");
      var heard = session.heard();
      var form = heard.contains(" listing stat");
      var listed = heard.substring(heard.indexOf('\n', heard.indexOf(" listing ")) + 1);
      var bytes = listed.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      var told = new Intake(new java.io.ByteArrayInputStream(bytes));
      var listing = new Listing(told, () -> {});
      var there = form ? listing.treeOfStat() : listing.tree();
      assertEquals("", told.until('\n', 99), "the line after the data is not taken with it");
      assertEquals(
          List.of("a\nb", "file", "folder", "link"), List.copyOf(there.children().keySet()));
      assertEquals(5, ((RegularFile) there.children().get("a\nb")).size());
      assertEquals("to/\nwhere", ((Symlink) there.children().get("link")).target());
      assertEquals(
          List.of("inner"),
          List.copyOf(((Folder) there.children().get("folder")).children().keySet()));
      assertEquals(List.of("pong 7"), session.line("ping 7").until("pong"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void saysOnlyThatItIsTheSame(Shell shell) throws Exception {
    var world = world(shell);
    var copy = world.destination;
    Files.createSymbolicLink(copy.resolve("link"), Path.of("/to/\nwhere"));
    Files.createDirectories(copy.resolve("a.b/c"));
    Files.writeString(Files.createDirectory(copy.resolve("a")).resolve("\u00e4\nb"), "12345");
    Files.setPosixFilePermissions(
        copy.resolve("file"), PosixFilePermissions.fromString("-w------x"));
    try (var session = open(shell, world)) {
      var none = "0".repeat(64);
      var known = Record.digest(listing(session, none));
      var gnu = session.heard().contains(" lists=gnu ");
      assertTrue(known.matches("[0-9a-f]{64}"), known);
      assertEquals(gnu ? "listing same" : "listing stat", answer(session, known));
      assertEquals(gnu ? "listing same" : "listing stat", answer(session, known));

      Files.writeString(copy.resolve("a.b/c/new"), "");
      assertEquals(gnu ? "listing gnu" : "listing stat", answer(session, known));
      var now = Record.digest(listing(session, known));
      assertNotEquals(known, now);
      Files.delete(copy.resolve("link"));
      Files.createSymbolicLink(copy.resolve("link"), Path.of("/to/nowhere"));
      assertEquals(gnu ? "listing gnu" : "listing stat", answer(session, now));
    }
  }

  private static String answer(Session session, String known) throws Exception {
    var answers = session.line("list " + known).line("ping 1").until("pong");
    return answers.get(0);
  }

  private static Folder listing(Session session, String known) throws Exception {
    var before = session.heard().length();
    assertNotEquals("listing same", answer(session, known));
    var heard = session.heard().substring(before);
    var listing = heard.substring(heard.indexOf('\n', heard.indexOf(" listing ")) + 1);
    var bytes = listing.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    var intake = new Intake(new java.io.ByteArrayInputStream(bytes));
    var records = new Listing(intake, () -> {});
    return heard.contains(" listing stat") ? records.treeOfStat() : records.tree();
  }

  // ---- symlinks at the destination, and paths that would lead out ----

  private static final List<String> WAYS_OUT =
      List.of(
          "into 0 way",
          "into 0 way/folder",
          "into 0 folder/way",
          "into 0 nowhere",
          "into 0 ..",
          "into 0 ../outside",
          "into 0 folder/../../beside",
          "into 0 \\0056\\0056/beside",
          "into 0 \\0056\\0056\\0057beside",
          "into 0 OUTSIDE",
          "into 0 /",
          "into 0 //",
          "into 0 ",
          "into 0 -",
          "into 0 ~",
          "tree - way",
          "attributes 777 way",
          "attributes 777 way/folder",
          "attributes 777 ../beside",
          "attributes 777 OUTSIDE",
          "attributes 777 file",
          "unlock - way",
          "unlock - ..",
          "unlock - OUTSIDE");

  @ParameterizedTest
  @EnumSource
  void goesNowhereThroughASymlinkOrUpwards(Shell shell) throws Exception {
    var world = world(shell);
    var copy = world.destination;
    Files.createSymbolicLink(copy.resolve("way"), world.outside);
    Files.createSymbolicLink(copy.resolve("folder/way"), Path.of("../../beside"));
    Files.createSymbolicLink(copy.resolve("nowhere"), world.outside.resolve("new"));
    var before = World.state(copy);
    try (var session = open(shell, world)) {
      for (var line : WAYS_OUT) {
        var set =
            archive()
                .file("./n/0/file", "escaped\n")
                .file("./n/0/folder", "escaped\n")
                .file("./t/way/file", "escaped\n")
                .file("./t/nowhere/file", "escaped\n")
                .folder("./d/way", 0777)
                .folder("./d", 0755)
                .plan(line.replace("OUTSIDE", world.outside.toString()));
        assertRefused(session.set(1, set.bytes()).commit(1), line);
        world.assertUntouched();
        assertEquals(before, World.state(copy), line);
      }
      session.line("bye").end();
    }
    world.assertNoStage();
  }

  @ParameterizedTest
  @EnumSource
  void stampsNothingBehindASymlink(Shell shell) throws Exception {
    var world = world(shell);
    Files.createSymbolicLink(world.destination.resolve("way"), world.outside);
    Files.createSymbolicLink(world.destination.resolve("folder/way"), world.outside);
    var set =
        archive()
            .folder("./d/folder/way", 0777)
            .folder("./d/folder", 0755)
            .folder("./d/way/folder", 0777)
            .folder("./d/way", 0777)
            .folder("./d", 0755)
            .plan("stamp - -");
    assertRefused(put(shell, world, set));
  }

  @ParameterizedTest
  @EnumSource
  void replacesASymlinkAndNotWhatItPointsTo(Shell shell) throws Exception {
    var world = world(shell);
    var copy = world.destination;
    Files.createSymbolicLink(copy.resolve("a"), world.outside.resolve("file"));
    Files.createSymbolicLink(copy.resolve("b"), world.outside.resolve("new"));
    Files.createSymbolicLink(copy.resolve("c"), world.outside.resolve("folder"));
    Files.createSymbolicLink(copy.resolve("d"), Path.of("folder"));
    var set =
        archive()
            .file("./n/0/a", "new\n")
            .file("./n/0/b", "new\n")
            .file("./n/1/d", "new\n")
            .symlink("./n/1/c", "else")
            .plan("into 0 .", "into 1 .");
    var answers = put(shell, world, set);
    assertEquals("old\n", Files.readString(copy.resolve("folder/inner")));
    assertEquals("new\n", Files.readString(copy.resolve("a")));
    assertEquals("new\n", Files.readString(copy.resolve("b")));
    assertTrue(Files.isRegularFile(copy.resolve("a"), NOFOLLOW_LINKS));
    assertTrue(Files.isRegularFile(copy.resolve("b"), NOFOLLOW_LINKS));
    assertEquals(List.of("ok 1"), answers);
    assertTrue(Files.isRegularFile(copy.resolve("d"), NOFOLLOW_LINKS));
    assertEquals("else", Files.readSymbolicLink(copy.resolve("c")).toString());
    assertEquals(
        List.of("inner"), List.of(copy.resolve("folder").toFile().list()), "nothing moved into it");
  }

  @ParameterizedTest
  @EnumSource
  void putsNoNewFolderWhereASymlinkIs(Shell shell) throws Exception {
    var world = world(shell);
    Files.createSymbolicLink(world.destination.resolve("way"), world.outside);
    Files.createSymbolicLink(world.destination.resolve("in"), Path.of("folder"));
    var set =
        archive()
            .file("./n/0/way/file", "new\n")
            .folder("./n/0/way", 0700)
            .file("./n/1/in/file", "new\n")
            .folder("./n/1/in", 0700)
            .plan("into 0 .", "into 1 .");
    assertRefused(put(shell, world, set));
    assertTrue(Files.isSymbolicLink(world.destination.resolve("way")));
    assertFalse(Files.exists(world.destination.resolve("folder/in")));
    assertFalse(Files.exists(world.destination.resolve("folder/file")));
  }

  @ParameterizedTest
  @EnumSource
  void doesNotReplaceAFolderByAFileUnasked(Shell shell) throws Exception {
    var world = world(shell);
    var before = World.state(world.destination);
    var set =
        archive()
            .file("./n/0/folder", "new\n")
            .file("./n/1/file/inner", "new\n")
            .folder("./n/1/file", 0755)
            .plan("into 0 .", "into 1 .");
    assertRefused(put(shell, world, set));
    assertEquals(before.keySet(), World.state(world.destination).keySet());
    assertEquals("old\n", Files.readString(world.destination.resolve("file")));
  }

  private static final List<String> LISTED_WAYS_OUT =
      List.of(
          "./way/file",
          "./way/folder/inner",
          "./folder/way/file",
          "./../beside/file",
          "./folder/../../beside/file",
          "./..",
          "./folder/..",
          "../beside/file",
          "..",
          "OUTSIDE/file",
          "/OUTSIDE/file",
          ".//OUTSIDE/file",
          "-rf",
          "~",
          "");

  @ParameterizedTest
  @EnumSource
  void deletesNothingOutside(Shell shell) throws Exception {
    var world = world(shell);
    Files.createSymbolicLink(world.destination.resolve("way"), world.outside);
    Files.createSymbolicLink(world.destination.resolve("folder/way"), world.outside);
    var before = World.state(world.destination);
    try (var session = open(shell, world)) {
      for (var path : LISTED_WAYS_OUT) {
        for (var list : List.of("deletes", "deletes-folders", "clear", "clear-folders")) {
          var bad = path.replace("OUTSIDE", world.outside.toString());
          bad = list.endsWith("folders") ? bad.replace("/file", "/folder/empty") : bad;
          var set = archive().list(list, bad).plan(list.startsWith("clear") ? "clear" : "delete");
          assertRefused(session.set(1, set.bytes()).commit(1), list + " " + path);
          world.assertUntouched();
          assertEquals(before, World.state(world.destination), list + " " + path);
        }
      }
      session.line("bye").end();
    }
    world.assertNoStage();
  }

  @ParameterizedTest
  @EnumSource
  void deletesNothingIfOnePathLeadsOut(Shell shell) throws Exception {
    var world = world(shell);
    Files.createSymbolicLink(world.destination.resolve("way"), world.outside);
    var set =
        archive().list("deletes", "./file", "./way/file", "./folder/inner").plan("delete - -");
    assertRefused(put(shell, world, set));
    assertTrue(Files.exists(world.destination.resolve("file")));
  }

  @ParameterizedTest
  @EnumSource
  void takesNoSymlinkForItsDestination(Shell shell) throws Exception {
    var world = new World(base);
    assumeTrue(shell.isHere());
    for (var target : List.of(world.outside, world.outside.resolve("new"), Path.of("beside"))) {
      Files.deleteIfExists(world.destination);
      Files.createSymbolicLink(world.destination, target);
      try (var session = new Session(shell, world.parent, "copy")) {
        assertEquals(
            List.of("refused symlink " + world.destination), session.until("ready", "refused"));
        assertEquals(3, session.end());
      }
      world.assertUntouched();
    }
  }

  @ParameterizedTest
  @EnumSource
  void writesThroughNoSymlinkOfTheArchive(Shell shell) throws Exception {
    var world = world(shell);
    var set =
        archive()
            .symlink("./n/0/way", world.outside.toString())
            .file("./n/0/way/file", "escaped\n")
            .file("./n/0/../../../../../../outside/file", "escaped\n")
            .file(world.outside + "/file", "escaped\n")
            .plan("into 0 .");
    put(shell, world, set);
  }

  // ---- contents and lines that are not what they seem ----

  @ParameterizedTest
  @EnumSource
  void readsNoContentAsACommand(Shell shell) throws Exception {
    var world = world(shell);
    var content = hostile(world);
    var set =
        archive()
            .file("./n/0/control", content)
            .file("./n/0/" + "x".repeat(100) + "\n" + Session.NONCE + " bye", content)
            .symlink("./n/0/link", "\n" + Session.NONCE + " commit 1\n$(touch executed)")
            .plan("into 0 .");
    try (var session = open(shell, world)) {
      session.set(1, set.bytes());
      assertEquals(List.of("pong 1"), session.line("ping 1").until("pong"), "not committed yet");
      assertFalse(Files.exists(world.destination.resolve("control")));
      assertEquals(List.of("ok 1"), session.commit(1));
      assertEquals(content, Files.readString(world.destination.resolve("control")));
      session.line("bye").end();
    }
    world.assertNoStage();
    world.assertUntouched();
  }

  /** What does harm if it is read as lines of the wire, or as commands of a shell. */
  private static String hostile(World world) {
    var deed = "touch " + world.parent + "/executed " + world.destination + "/executed\n";
    var lines =
        "end 1\ncommit 1\nset 2 512\nlist\nbye\n".lines().map(w -> Session.NONCE + " " + w + "\n");
    return ("\n" + deed + "`" + deed.strip() + "`\n" + lines.reduce("", String::concat))
        .repeat(2000);
  }

  @ParameterizedTest
  @EnumSource
  void survivesATarThatDiesInTheMiddle(Shell shell) throws Exception {
    var world = world(shell);
    var good = archive().file("./n/0/file", hostile(world)).plan("into 0 .").bytes();
    var bad = archive().file("./n/0/new", "1").plan("into 0 .").bytes();
    try (var session = open(shell, world)) {
      var broken = good.clone();
      for (int i = 512 * 3; i < broken.length / 2; i++) {
        broken[i] = 'x'; // Into the middle of the content; that is none of tar's business.
      }
      for (int i = 0; i < 512; i++) {
        broken[i] = 'x'; // And the header.
      }
      assertRefused(session.set(1, broken).commit(1));
      var header = bad.clone();
      header[150] = 'x'; // A wrong checksum.
      System.arraycopy(hostile(world).getBytes(), 0, header, 1024, header.length - 2048);
      assertRefused(session.set(1, header).commit(1));
      assertEquals("old\n", Files.readString(world.destination.resolve("file")));
      assertFalse(Files.exists(world.destination.resolve("new")));
      assertFalse(Files.exists(world.destination.resolve("executed")));
      var fine = archive().file("./n/0/file", "new\n").plan("into 0 .");
      assertEquals(List.of("ok 2"), session.set(2, fine.bytes()).commit(2));
      assertEquals("new\n", Files.readString(world.destination.resolve("file")));
      session.line("bye").end();
    }
    world.assertNoStage();
    world.assertUntouched();
  }

  static Stream<Arguments> brokenOff() {
    return Stream.of(Shell.values())
        .flatMap(
            shell ->
                Stream.of("c", "commit", "commit ", "commit 1", "commit 1 ", "bye", "list\0", " ")
                    .map(words -> Arguments.of(shell, words)));
  }

  @ParameterizedTest
  @MethodSource("brokenOff")
  void doesNothingOnALineWithoutItsEnd(Shell shell, String words) throws Exception {
    var world = world(shell);
    var before = World.state(world.destination);
    try (var session = open(shell, world)) {
      session.set(1, archive().file("./n/0/file", "new\n").plan("into 0 .").bytes());
      session.raw(Session.NONCE + " " + words).end();
    }
    assertEquals(before, World.state(world.destination));
    world.assertNoStage();
    world.assertUntouched();
  }

  static Stream<Arguments> unknown() {
    return Stream.of(Shell.values())
        .flatMap(
            shell ->
                Stream.of(
                        Session.NONCE + " purge copy",
                        Session.NONCE + " delete - -",
                        Session.NONCE + " eval touch executed",
                        Session.NONCE + " $(touch executed)",
                        Session.NONCE + "commit 1",
                        Session.NONCE.substring(1) + " commit 1",
                        "0" + Session.NONCE + " commit 1",
                        "commit 1",
                        "",
                        "touch executed",
                        "\0")
                    .map(
                        line ->
                            Arguments.of(
                                shell, Named.of("«" + line.replace("\0", "NUL") + "»", line))));
  }

  @ParameterizedTest
  @MethodSource("unknown")
  void endsOnALineThatIsNotOfTheWire(Shell shell, String line) throws Exception {
    var world = world(shell);
    var before = World.state(world.destination);
    try (var session = open(shell, world)) {
      session.set(1, archive().file("./n/0/file", "new\n").plan("into 0 .").bytes());
      session.raw(line + "\n").raw(Session.NONCE + " commit 1\n");
      session.end();
    }
    assertEquals(before, World.state(world.destination));
    world.assertNoStage();
    world.assertUntouched();
  }

  @ParameterizedTest
  @EnumSource
  void reportsAPlanItDoesNotUnderstand(Shell shell) throws Exception {
    var world = world(shell);
    var before = World.state(world.destination);
    var lines =
        List.of(
            "purge . .",
            "sh -c id",
            "eval touch executed",
            "remove deletes .",
            "$(touch executed) - -",
            "into",
            "*",
            "-",
            "\\0056");
    try (var session = open(shell, world)) {
      for (var line : lines) {
        var set = archive().plan(line).bytes();
        assertRefused(session.set(1, set).commit(1), line);
        world.assertUntouched();
        assertEquals(before, World.state(world.destination), line);
      }
      session.line("bye").end();
    }
    world.assertNoStage();
  }

  // ---- sets that did not come about, and senders that did not end well ----

  @ParameterizedTest
  @EnumSource
  void commitsNothingThatWasNotSentWhole(Shell shell) throws Exception {
    var world = world(shell);
    var set = archive().file("./n/0/file", "new\n").plan("into 0 .").bytes();
    try (var session = open(shell, world)) {
      assertRefused(session.commit(1));
      session.raw(Session.set(session.exact(), 1, set)).line("abort 1");
      assertRefused(session.commit(1));
      session.set(2, set);
      assertRefused(session.commit(1));
      assertEquals("old\n", Files.readString(world.destination.resolve("file")));
      assertEquals(List.of("ok 3"), session.set(3, set).commit(3));
      var again = session.commit(3);
      assertEquals("err 3", again.get(again.size() - 1), "a set is committed once");
      session.line("bye").end();
    }
    world.assertNoStage();
    world.assertUntouched();
  }

  @ParameterizedTest
  @EnumSource
  void leavesNothingOfASetThatWasAborted(Shell shell) throws Exception {
    var world = world(shell);
    var first = archive().file("./n/0/first", "new\n").plan("into 0 .").bytes();
    var second = archive().file("./n/1/second", "new\n").plan("into 1 .", "into 0 .").bytes();
    try (var session = open(shell, world)) {
      session.raw(Session.set(session.exact(), 1, first)).line("abort 1");
      session.set(2, second).commit(2);
      assertTrue(Files.exists(world.destination.resolve("second")));
      assertFalse(Files.exists(world.destination.resolve("first")));
      session.line("bye").end();
    }
  }

  @ParameterizedTest
  @EnumSource
  void clearsWhatAKilledOneHasLeft(Shell shell) throws Exception {
    var world = world(shell);
    var set = archive().file("./n/0/file", "new\n").folder("./n/0/locked", 0).plan("into 0 .");
    try (var session = open(shell, world)) {
      session.set(1, set.bytes()).line("ping 1").until("pong");
      session.kill();
    }
    assertNotEquals("", world.stages(), "a stage is left by the killed one");
    open(shell, world).line("bye").end();
    world.assertNoStage();
    world.assertUntouched();
    assertEquals("old\n", Files.readString(world.destination.resolve("file")));
  }

  @ParameterizedTest
  @EnumSource
  void givesWayToANewerSender(Shell shell) throws Exception {
    var world = world(shell);
    var set = archive().file("./n/0/file", "older\n").plan("into 0 .").bytes();
    try (var older = open(shell, world)) {
      older.set(1, set).line("ping 1").until("pong");
      var other = "f".repeat(24);
      try (var newer =
          new Session(shell.complete(), other, Session.TAG, world.parent.toString(), "copy")) {
        var deadline = System.nanoTime() + 60_000_000_000L;
        while (!newer.heard().contains(other + " ready") && System.nanoTime() < deadline) {
          Thread.onSpinWait();
        }
        older.line("commit 1").until("gone");
        assertEquals(4, older.end());
        newer.raw(other + " bye\n").end();
      }
    }
    assertEquals("old\n", Files.readString(world.destination.resolve("file")));
    world.assertNoStage();
    world.assertUntouched();
  }
}
