package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What frep believes of a copy is what the target has confirmed, whatever happened meanwhile. */
class TruthTest {
  private static final Object[] NOBODY = {
    "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "bash"
  };

  @TempDir Path base;

  private World world;

  @BeforeEach
  void makeWorld() throws IOException {
    world = new World(base);
    write("folder/file", "old\n");
    write("other/file", "old\n");
  }

  private void write(String name, String content) throws IOException {
    var file = world.source.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private Path copy(String name) {
    return world.destination.resolve(name);
  }

  private static void delete(Path folder) {
    Commands.succeed(Map.of(), List.of("rm", "-rf", folder.toString()));
  }

  private void git(String... words) {
    var command = new java.util.ArrayList<>(List.of("git", "-C", world.source.toString()));
    command.addAll(List.of("-c", "user.name=me", "-c", "user.email=me@example.org"));
    command.addAll(List.of(words));
    Commands.succeed(Map.of(), command);
  }

  @Test
  void aTrackedFileThatARuleMatchesGoesWhenItIsDeleted() throws Exception {
    git("init", "-q");
    write(".gitignore", "*.log\nbuild/\n");
    write("keep.log", "tracked\n");
    write("build/tracked", "tracked\n");
    write("build/not", "not tracked\n");
    git("add", "-f", "keep.log", "build/tracked", ".");
    git("commit", "-qm", "all");
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      assertTrue(Files.exists(copy("build/tracked")));
      git("rm", "-q", "keep.log", "build/tracked");
      World.await(frep, "keep.log gone", () -> !Files.exists(copy("keep.log")));
      World.await(frep, "build/tracked gone", () -> !Files.exists(copy("build/tracked")));
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void itGoesAlsoIfThatHappensWhileFrepDoesNotRun() throws Exception {
    git("init", "-q");
    write(".gitignore", "*.log\nbuild/\n");
    write("keep.log", "tracked\n");
    write("build/tracked", "tracked\n");
    write("build/not", "not tracked\n");
    git("add", "-f", "keep.log", "build/tracked", ".");
    git("commit", "-qm", "all");
    world.once("bash").succeeds();
    Files.writeString(copy("build/theirs"), "others' file\n");
    git("rm", "-q", "keep.log", "build/tracked");

    world.once("bash").succeeds();

    assertFalse(Files.exists(copy("keep.log")));
    assertFalse(Files.exists(copy("build/tracked")));
    assertTrue(Files.exists(copy("build/theirs")), "what others put there is never touched");
  }

  @Test
  void aFolderThatOthersKeepGoesOnceTheyLetItGo() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      Files.writeString(copy("folder/theirs"), "");
      delete(world.source.resolve("folder"));
      World.await(frep, "our file gone", () -> !Files.exists(copy("folder/file")));
      assertTrue(Files.exists(copy("folder/theirs")));
      Files.delete(copy("folder/theirs"));
      assertEquals(0, frep.stop(), "the folder was kept by others");
    }
    world.once("bash").succeeds();
    assertFalse(Files.exists(copy("folder")), "it was asked for again");
  }

  @Test
  void fiveFilesThatCannotBeWrittenHoldUpNothingElse() throws Exception {
    Commands.succeed(Map.of(), List.of("chmod", "755", base.toString()));
    Frep.giveAway(world.parent);
    try (var frep = world.start(NOBODY)) {
      frep.awaitFirstCopy();
      Commands.succeed(Map.of(), List.of("chown", "root", copy("folder").toString()));
      for (int i = 0; i < 5; i++) {
        write("folder/new" + i, "new\n");
      }
      frep.awaitLine("frep: .*folder/new.* cannot be written at the target: .*");
      write("other/file", "saved\n");
      World.await(frep, "the save", () -> Files.readString(copy("other/file")).equals("saved\n"));
      Commands.succeed(Map.of(), List.of("chown", "nobody", copy("folder").toString()));
      World.await(frep, "the five", () -> Files.exists(copy("folder/new4")));
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void theStagingFolderIsMadeAnewIfSomebodyRemovesIt() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      Commands.succeed(Map.of(), List.of("sh", "-c", "rm -rf '" + world.parent + "'/.frep-*.*"));
      write("folder/file", "new content\n");
      World.await(
          frep, "the save", () -> Files.readString(copy("folder/file")).equals("new content\n"));
      delete(world.destination);
      write("other/file", "newer\n");
      world.awaitInStep(frep);
      assertEquals("new content\n", Files.readString(copy("folder/file")), "all is there again");
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void aTargetThatIsGoneForAWhileIsWaitedFor() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      var away = world.parent.resolveSibling("away");
      Files.move(world.parent, away);
      Files.writeString(world.parent, "a file in its place\n");
      write("folder/file", "new content\n");
      frep.awaitLine("connecting again in .*");
      Files.delete(world.parent);
      Files.move(away, world.parent);
      World.await(
          frep, "the save", () -> Files.readString(copy("folder/file")).equals("new content\n"));
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void theNewerOfTwoKeepsTheCopy() throws Exception {
    try (var older = world.start("bash")) {
      older.awaitFirstCopy();
      try (var newer = world.start("bash")) {
        newer.awaitFirstCopy();
        older.descendants().forEach(ProcessHandle::destroyForcibly); // It will connect again.
        older.awaitEnd().exits(Exit.SUPERSEDED.code);
        write("folder/file", "new content\n");
        World.await(
            newer, "the save", () -> Files.readString(copy("folder/file")).equals("new content\n"));
        assertEquals(0, newer.stop());
      }
    }
  }

  @Test
  void afterAKillDeletesMadeMeanwhileAreMade() throws Exception {
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      write("late/one", "1\n");
      World.await(frep, "the save", () -> Files.exists(copy("late/one")));
      frep.kill();
    }
    Files.writeString(copy("theirs"), "");
    delete(world.source.resolve("late"));

    world.once("bash").succeeds();

    assertFalse(Files.exists(copy("late")));
    assertTrue(Files.exists(copy("theirs")));
  }

  @Test
  void aFileOfTheSameSizeAndTimeThatChangedBetweenTwoRunsIsSent() throws Exception {
    var file = world.source.resolve("folder/file");
    var old = FileTime.fromMillis(1_600_000_000_000L);
    Files.setLastModifiedTime(file, old);
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      assertEquals(0, frep.stop());
    }
    Files.writeString(file, "new\n", StandardOpenOption.TRUNCATE_EXISTING);
    Files.setLastModifiedTime(file, old);
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      assertEquals("new\n", Files.readString(copy("folder/file")));
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void manyDeletesThatFrepWatchesAreFollowed() throws Exception {
    for (int i = 0; i < 150; i++) {
      write("src/file" + i, i + "\n");
    }
    try (var frep = world.start("bash")) {
      frep.awaitFirstCopy();
      Files.move(world.source.resolve("src"), world.source.resolve("lib"));
      world.awaitInStep(frep);
      delete(world.source.resolve("lib"));
      world.awaitInStep(frep);
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void manyDeletesFromBeforeTheStartWaitAndTheRestGoes() throws Exception {
    for (int i = 0; i < 150; i++) {
      write("src/file" + i, i + "\n");
    }
    world.once("bash").succeeds();
    var away = base.resolve("away");
    Files.move(world.source.resolve("src"), away);
    write("other/new", "new\n");
    try (var frep = world.start("bash")) {
      frep.awaitLine("frep: bash: 151 of .* paths would be deleted: held back");
      World.await(frep, "the rest", () -> Files.exists(copy("other/new")));
      assertTrue(Files.exists(copy("src/file149")));
      Files.move(away, world.source.resolve("src"));
      world.awaitInStep(frep);
      delete(world.source.resolve("src"));
      world.awaitInStep(frep);
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void verifyNamesWhatTheSourceHasDeleted() throws Exception {
    world.once("bash").succeeds();
    delete(world.source.resolve("folder"));

    var result = world.once("--verify", "bash").exits(1);

    assertTrue(result.out().contains("folder/file: deleted at the source"), result.out());
  }

  @Test
  void twoTargetsReachedByTheSameFirstWordAreTwo() throws Exception {
    var host = base.resolve("host");
    Files.writeString(host, "cd \"$1\" && exec bash\n");
    var one = new Object[] {"sh", host, world.parent};
    var two = new Object[] {"sh", host, base};
    world.once(one).succeeds();
    delete(world.source.resolve("folder"));
    var theirs = copy("folder/file");
    assertTrue(Files.exists(theirs));

    world.once(two).succeeds();

    assertTrue(Files.exists(theirs), "this target has not been told that it is ours");
  }
}
