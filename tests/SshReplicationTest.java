package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Replication.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** frep's command line with OpenSSH's server for a target. */
class SshReplicationTest {

  @TempDir static Path shared;
  private static Sshd sshd;
  private static String config;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws IOException {
    var missing = Sshd.unavailable();
    assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
    sshd = Sshd.start(Files.createDirectory(shared.resolve("sshd")));
    var file = shared.resolve("config");
    var others = Files.readString(sshd.clientConfig());
    Files.writeString(
        file,
        HOSTS.formatted(sshd.strangersKey(), shared)
            + others.replaceAll("(?s)(\n *IdentityFile [^\n]*)(.*)", "$2Host * !stranger$1\n"));
    config = file.toString();
  }

  @AfterAll
  static void stop() {
    if (sshd != null) {
      sshd.close();
    }
  }

  /** Hosts that are reached over another connection, or not at all. */
  private static final String HOSTS =
      """
      Host stranger
        HostName 127.0.0.1
        IdentityFile %s
      Host closed
        HostName 127.0.0.1
        Port 1
      Host new
        HostName 127.0.0.1
        UserKnownHostsFile none
      Host shared
        HostName 127.0.0.1
        ControlMaster auto
        ControlPath %s/control
        ControlPersist 60
      """;

  private String target() {
    return folder + "/target";
  }

  private Place copy() {
    return Place.here(Path.of(target()));
  }

  private Replication start(String... words) throws IOException {
    return new Replication(folder, Map.of()).start(target(), words);
  }

  @Test
  void sshTellsTheWholeStory() throws Exception {
    try (var frep = new Replication(folder, Map.of())) {
      var places = List.of(copy());
      frep.tell(
          sshd::stop, sshd::resume, target(), places, "--ssh=target", "--ssh-option=-F" + config);
    }
  }

  @Test
  void aCommandRunsThereAsIfItRanHere() throws Exception {
    try (var frep = new Replication(folder, Map.of())) {
      frep.run(target(), "--ssh=target", "--ssh-option=-F" + config);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "dash", "busybox sh"})
  void aCommandTypedOutReachesTheHostsShells(String shell) throws Exception {
    try (var frep = start("--once", "ssh", "-F", config, "target", shell)) {
      frep.ends(0).assertSame(copy());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"echo welcome", "printf welcome", "printf 'a\\rb\\033[2J'; echo >&2 c"})
  void aLoginShellMaySpeakFirst(String script) throws Exception {
    var rc = Files.writeString(sshd.home().resolve(".bashrc"), script + "\n");
    try (var frep = start("--once", "--ssh=target", "--ssh-option=-F" + config)) {
      frep.ends(0).assertSame(copy());
      assertFalse(frep.out().contains("welcome"), frep::out);
      assertEquals("", frep.err());
    } finally {
      Files.delete(rc);
    }
  }

  @Test
  void aControlMasterIsUsed() throws Exception {
    try (var frep = start("--once", "--ssh=shared", "--ssh-option=-F" + config)) {
      frep.ends(0).assertSame(copy());
      Commands.succeed(Map.of(), List.of("ssh", "-F", config, "-O", "check", "shared"));
    } finally {
      Commands.run("ssh", "-F", config, "-O", "exit", "shared");
    }
  }

  @Test
  void eachFailureIsToldInItsOwnWords() throws Exception {
    try (var frep =
        start(
            "--once",
            "--ssh=target",
            "--ssh=nosuch.invalid",
            "--ssh=stranger",
            "--ssh=closed",
            "--ssh=new",
            "--ssh-option=-F" + config)) {
      frep.ends(4).assertSame(copy());
      frep.assertError(
          "ssh:nosuch.invalid: unknown host",
          "check the name, or set its HostName in ~/.ssh/config");
      frep.assertError("ssh:stranger: the host rejects your keys", "ssh-copy-id stranger");
      frep.assertError(
          "ssh:closed: nothing listens at the host's ssh port",
          "check sshd on the host, and the port: --ssh-option Port=2222");
      frep.assertError(
          "ssh:new: the host's key is not known yet", "ssh new, and compare the fingerprint");
      assertEquals(8, frep.err().lines().count(), frep::err);
    }
  }

  @Test
  void oneHostAloneIsNamed() throws Exception {
    try (var frep = start("--once", "--ssh=closed", "--ssh-option=-F" + config)) {
      frep.ends(4);
      assertEquals(
          """
          frep: ssh:closed: nothing listens at the host's ssh port
          hint: check sshd on the host, and the port: --ssh-option Port=2222
          """,
          frep.err());
    }
  }

  @Test
  void aHostThatIsNotUpIsWaitedForAndOneThatIsUnknownIsNot() throws Exception {
    try (var frep = start("--ssh=closed", "--ssh=nosuch.invalid", "--ssh-option=-F" + config)) {
      frep.await("frep: ssh:closed: waiting: nothing listens at the host's ssh port");
      frep.await("frep: ssh:nosuch.invalid: unknown host").stop(4);
    }
  }

  @Test
  void aHostThatCouldBeAnOptionIsRefused() throws Exception {
    try (var frep = start("--ssh=-oProxyCommand=touch x")) {
      frep.ends(2)
          .assertError(
              "--ssh: '-oProxyCommand=touch x' is not a name", "frep --help lists the options");
    }
  }

  @Test
  void withoutSshThereIsAHint() throws Exception {
    var missing = Map.of("PATH", "/nosuch");
    try (var frep = new Replication(folder, missing).start(target(), "--ssh=target")) {
      frep.ends(4)
          .assertError(
              "ssh:target: command not found: ssh", "install ssh, or add its folder to PATH");
    }
  }
}
