package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Replication.Place;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** frep's command line with shells of this machine for targets. */
class LocalReplicationTest {

  @TempDir Path folder;

  private Replication replication() throws Exception {
    return new Replication(folder, Map.of());
  }

  private String target() {
    return folder + "/target";
  }

  private Place copy() {
    return Place.here(Path.of(target()));
  }

  @Test
  void localTellsTheWholeStory() throws Exception {
    try (var frep = replication()) {
      frep.tell(() -> killShell(frep), () -> {}, target(), List.of(copy()), "--local");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "dash", "busybox sh", "mksh"})
  void aCommandTypedOutTellsTheWholeStory(String shell) throws Exception {
    var missing = Commands.missing(shell.split(" ")[0]);
    assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
    var words = new ArrayList<>(List.of("--"));
    words.addAll(List.of(shell.split(" ")));
    try (var frep = replication()) {
      var command = words.toArray(String[]::new);
      frep.tell(() -> killShell(frep), () -> {}, target(), List.of(copy()), command);
    }
  }

  private static void killShell(Replication frep) {
    frep.process().children().forEach(ProcessHandle::destroyForcibly);
  }

  @Test
  void aCommandThatDoesNotExistIsNamed() throws Exception {
    try (var frep = replication().start(target(), "--", "nosuch", "-x")) {
      frep.ends(4)
          .assertError("nosuch: command not found", "install nosuch, or add its folder to PATH");
    }
  }

  @Test
  void aCommandThatFailsIsQuoted() throws Exception {
    try (var frep = replication().start(target(), "--", "sh", "-c", "echo no luck >&2; exit 9")) {
      frep.ends(4)
          .assertError(
              "sh: the connection ended (exit code 9): no luck",
              "COMMAND must start a shell that reads from stdin; test it: echo id | COMMAND prints"
                  + " a user id");
    }
  }

  @Test
  void whatIsSaidBeforeTheShellListensIsNoHarm() throws Exception {
    var noisy = "echo welcome; printf 'no newline'; exec sh";
    try (var frep = replication().start(target(), "--once", "--", "sh", "-c", noisy)) {
      frep.ends(0).assertSame(copy());
      assertFalse(frep.out().contains("welcome"), frep::out);
      assertEquals("", frep.err());
    }
  }

  @Test
  void anUnsuitableTargetIsToldBeforeAnythingIsSent() throws Exception {
    var bin = folder.resolve("tools");
    Commands.succeed(
        Map.of(), List.of("sh", "-c", TOOLS_WITHOUT.formatted("find"), "sh", bin.toString()));
    try (var frep = replication().start(target(), "--", "/usr/bin/env", "PATH=" + bin, "/bin/sh")) {
      frep.ends(5);
      frep.assertError(
          "/usr/bin/env: no find on the target",
          "as root at the target: sh -c 'apt-get update && apt-get install -y findutils'");
      assertFalse(Files.exists(Path.of(target())));
    }
  }

  private static final String TOOLS_WITHOUT =
      """
      mkdir "$1"
      for tool in tar dd find xargs mv cp rm mkdir rmdir chmod touch stat head grep sed id; do
        [ "$tool" = %s ] || ln -s "$(command -v "$tool")" "$1/$tool"
      done
      """;

  @Test
  void aDestinationThatIsASymlinkIsRefused() throws Exception {
    Files.createDirectories(Path.of(target()));
    Files.createSymbolicLink(Path.of(target(), "proj"), folder);
    try (var frep = replication().start(target(), "--local")) {
      frep.ends(5)
          .assertError(
              "local: the destination " + folder.toRealPath() + "/target/proj is a symlink",
              "give the folder it points to");
    }
  }

  @Test
  void aTerminalIsRefused() throws Exception {
    var terminal = Commands.missing("script");
    assumeTrue(terminal.isEmpty(), () -> terminal.orElseThrow());
    try (var frep = replication().start(target(), "--", "script", "-qec", "sh", "/dev/null")) {
      frep.ends(5)
          .assertError(
              "script: COMMAND opens a terminal", "leave out -t: ssh -T host, docker exec -i web");
    }
  }

  @Test
  void anOptionWithoutTheOneItBelongsToIsWrongUse() throws Exception {
    var wrong =
        Map.of(
            "--docker-user=me", "--docker-user: has no effect without --docker",
            "--podman-user=me", "--podman-user: has no effect without --podman",
            "--index=1", "--index: has no effect without --docker-compose",
            "--namespace=n", "--namespace: has no effect without --kubectl or -l",
            "--ssh-option=-4", "--ssh-option: has no effect without --ssh");
    var runs = new ArrayList<Replication>();
    try {
      for (var option : wrong.keySet()) {
        runs.add(replication().start(target(), option, "--local"));
      }
      for (var option : wrong.keySet()) {
        var frep = runs.remove(0).ends(2);
        frep.assertError(wrong.get(option), "frep --help lists the options");
      }
    } finally {
      runs.forEach(Replication::close);
    }
  }

  @Test
  void noTargetIsWrongUse() throws Exception {
    try (var frep = replication().start(target())) {
      frep.ends(2);
      assertTrue(frep.err().startsWith("frep: no target: "), frep::err);
    }
  }

  @Test
  void oneThatFailsLeavesTheOthersInStep() throws Exception {
    try (var frep = replication().start(target(), "--once", "--local", "--", "false")) {
      frep.ends(4).assertSame(copy());
      assertTrue(frep.out().contains("local: copied 4 files"), frep::out);
      assertTrue(frep.err().startsWith("frep: false: the connection ended (exit"), frep::err);
    }
  }
}
