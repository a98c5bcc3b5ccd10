package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Replication.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** frep's command line with containers of real engines for targets. */
class ContainersReplicationTest {

  private static final String CODE = "/home/code";

  @TempDir Path folder;

  private static void skipIf(Optional<String> missing) {
    assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
  }

  private static Map<String, String> and(Map<String, String> one, Map<String, String> other) {
    var both = new HashMap<>(one);
    both.putAll(other);
    return both;
  }

  @Nested
  class OfDocker {
    private static DockerEngine engine;

    @BeforeAll
    static void start() throws IOException {
      skipIf(DockerEngine.unavailable());
      engine = DockerEngine.start();
    }

    @AfterAll
    static void stop() throws IOException {
      if (engine != null) {
        engine.close();
      }
    }

    private Replication replication() throws IOException {
      return new Replication(folder, engine.environment());
    }

    private static Place in(String container, String parent) {
      return new Place(engine.environment(), List.of("docker", "exec", container), parent);
    }

    @Test
    void aCommandRunsInOneAsIfItRanHere() throws Exception {
      engine.run("run", Rootfs.BUSYBOX);
      try (var frep = replication()) {
        frep.run(CODE, "--docker=run");
      }
    }

    @Test
    void tellTheWholeStory() throws Exception {
      engine.run("gnu", Rootfs.GNU);
      engine.run("small", Rootfs.BUSYBOX);
      var places = List.of(in("gnu", CODE), in("small", CODE));
      try (var frep = replication()) {
        frep.tell(
            () -> engine.docker("stop", "--time=0", "gnu", "small"),
            () -> engine.docker("start", "gnu", "small"),
            CODE,
            places,
            "--docker=gnu",
            "--docker=small");
        assertTrue(frep.out().contains("docker:gnu: copied 4 files"), frep::out);
        assertTrue(frep.out().contains("docker:small: copied 4 files"), frep::out);
        frep.output().lines().forEach(line -> assertTrue(line.contains("docker:"), frep::output));
      }
    }

    @Test
    void mayBeReachedAsAUserThatIsNotRoot() throws Exception {
      engine.run("plain", Rootfs.GNU);
      try (var frep = replication().start(CODE, "--once", "--docker=plain", "--docker-user=code")) {
        frep.ends(0).assertSame(in("plain", CODE));
        assertEquals("1000", in("plain", CODE).sh("stat -c %u /home/code/proj/sub/inner").strip());
      }
      try (var frep =
          replication().start("/srv", "--once", "--docker=plain", "--docker-user=code")) {
        frep.ends(5)
            .assertError(
                "docker:plain: user code may not write in / (owner root, mode drwxr-xr-x)",
                "choose another DEST_PARENT_DIR, or add --docker-user root");
      }
      engine.docker("exec", "plain", "mkdir", "/srv");
      try (var frep =
          replication().start("/srv", "--once", "--docker=plain", "--docker-user=code")) {
        frep.ends(5)
            .assertError(
                "docker:plain: user code may not write in /srv (owner root, mode drwxr-xr-x)",
                "choose another DEST_PARENT_DIR, or add --docker-user root, or: docker exec -u 0"
                    + " plain chown code /srv");
      }
      try (var frep = replication().start(CODE, "--once", "--docker=plain", "--docker-user=bob")) {
        frep.ends(4)
            .assertError(
                "docker:plain: no such user in the container", "docker exec plain cat /etc/passwd");
      }
    }

    @Test
    void mayHaveVolumesForDestinations() throws Exception {
      engine.run("around", Rootfs.GNU, "--volume=around:" + CODE);
      engine.run("itself", Rootfs.GNU, "--volume=itself:" + CODE + "/proj");
      engine.run("inside", Rootfs.BUSYBOX, "--tmpfs=" + CODE + "/proj/sub:mode=755");
      var places = new Place[] {in("around", CODE), in("itself", CODE), in("inside", CODE)};
      try (var frep =
          replication().start(CODE, "--docker=around", "--docker=itself", "--docker=inside")) {
        frep.awaitSame(places);
        frep.write("sub/inner", "changed\n").write("sub/new/file", "new\n");
        Files.delete(frep.source.resolve("a file"));
        frep.awaitSame(places).stop(0);
      }
    }

    @Test
    void tellEachFailureInItsOwnWords() throws Exception {
      engine.run("good", Rootfs.BUSYBOX);
      engine.run("stopped", Rootfs.BUSYBOX);
      engine.run("paused", Rootfs.BUSYBOX);
      engine.run("bare", Rootfs.NO_SHELL);
      engine.run("no-tar", Rootfs.GNU);
      engine.run("odd-tar", Rootfs.GNU);
      engine.run("no-dd", Rootfs.GNU);
      engine.docker("stop", "--time=0", "stopped");
      engine.docker("pause", "paused");
      var noTar =
          "rm \"$(command -v tar)\" \"$(command -v grep)\"; echo ID=alpine >/etc/os-release";
      engine.docker("exec", "no-tar", "sh", "-c", noTar);
      replace("odd-tar", "tar", "echo toybox 0.8.6");
      replace("no-dd", "dd", "exit 1");
      try (var frep =
          replication()
              .start(
                  CODE,
                  "--once",
                  "--docker=good",
                  "--docker=stopped",
                  "--docker=paused",
                  "--docker=bare",
                  "--docker=nosuch",
                  "--docker=no-tar",
                  "--docker=odd-tar",
                  "--docker=no-dd")) {
        frep.ends(5).assertSame(in("good", CODE));
        frep.assertError("docker:stopped: the container is not running", "docker start stopped");
        frep.assertError("docker:paused: the container is paused", "docker unpause paused");
        frep.assertError(
            "docker:bare: no shell in the container's image",
            "use an image with sh and tar, or share the folder with a container that has them");
        frep.assertError(
            "docker:nosuch: no such container", "docker ps --all --format '{{.Names}}'");
        frep.assertError(
            "docker:no-tar: no tar, grep on the target",
            "docker exec -u 0 no-tar apk add --no-cache tar grep");
        frep.assertError(
            "docker:odd-tar: no usable tar on the target, only toybox 0.8.6",
            "docker exec -u 0 odd-tar sh -c 'apt-get update && apt-get install -y tar'");
        frep.assertError(
            "docker:no-dd: dd on the target lacks iflag=fullblock",
            "docker exec -u 0 no-dd sh -c 'apt-get update && apt-get install -y coreutils'");
        assertEquals(14, frep.err().lines().count(), frep::err);
        assertTrue(in("no-tar", CODE).sh("ls -A " + CODE).isEmpty());
      } finally {
        engine.docker("unpause", "paused");
      }
    }

    private static void replace(String container, String tool, String script) {
      var put =
          "t=$(command -v \"$1\"); rm \"$t\"; printf '#!/bin/sh\\n"
              + "%s\\n"
              + "' \"$2\" >\"$t\"; chmod 755 \"$t\"";
      engine.docker("exec", container, "sh", "-c", put, "sh", tool, script);
    }

    @Test
    void needADaemonThatRuns() throws Exception {
      var dead = Map.of("DOCKER_HOST", "unix:///nosuch.sock");
      try (var frep = new Replication(folder, dead).start(CODE, "--once", "--docker=web")) {
        frep.ends(4);
        assertEquals(
            """
            frep: docker:web: the docker daemon does not answer
            hint: sudo systemctl start docker, or check DOCKER_HOST and the context
            """,
            frep.err());
      }
    }

    @Test
    void areWaitedForUntilTheyRun() throws Exception {
      try (var frep = replication().start(CODE, "--docker=later")) {
        frep.await("frep: docker:later: waiting: no such container");
        engine.run("later", Rootfs.BUSYBOX);
        frep.awaitSame(in("later", CODE)).stop(0);
        assertEquals(2, frep.err().lines().count(), frep::err);
      }
      engine.docker("stop", "--time=0", "later");
      var words = new String[] {"--docker=later", "--", "docker", "exec", "-i", "late", "sh"};
      try (var frep = replication().start(CODE, words)) {
        frep.await("frep: docker:later: waiting: the container is not running");
        frep.await("frep: docker: waiting: .*No such container: late");
        engine.docker("start", "later");
        frep.awaitSame(in("later", CODE)).stop(4);
      }
    }

    @Test
    void needTheRightToUseTheSocket() throws Exception {
      var other = "exec setpriv --reuid=65534 --clear-groups docker \"$@\"";
      var docker = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v docker"));
      var path = Replication.onPath(folder, "docker", other.replace("docker", docker));
      try (var frep =
          new Replication(folder, and(engine.environment(), path)).start(CODE, "--docker=web")) {
        frep.ends(4)
            .assertError(
                "docker:web: your user may not use the docker socket",
                "sudo usermod -aG docker \"$USER\", then log in again");
      }
    }

    @Test
    void needTheCommand() throws Exception {
      var nothing = Map.of("PATH", "/nosuch");
      for (var transport : List.of("--docker=web", "--docker-compose=web")) {
        try (var frep = new Replication(folder, nothing).start(CODE, transport)) {
          frep.ends(4)
              .assertError(
                  (transport.contains("compose") ? "docker-compose" : "docker:web")
                      + ": command not found: docker",
                  "install docker, or add its folder to PATH");
        }
      }
    }

    @Test
    void goTogetherWithOtherTransports() throws Exception {
      skipIf(Sshd.unavailable());
      engine.run("one", Rootfs.GNU);
      engine.run("two", Rootfs.BUSYBOX);
      var here = folder + "/target";
      try (var sshd = Sshd.start(Files.createDirectory(folder.resolve("sshd")));
          var frep = replication()) {
        var host = "--ssh-option=-F" + sshd.clientConfig();
        frep.start(here, "--docker", "one", "--docker", "two", "--ssh", "target", host);
        var places = new Place[] {in("one", here), in("two", here), Place.here(Path.of(here))};
        frep.awaitSame(places);
        frep.write("sub/inner", "changed\n").awaitSame(places);
        assertEquals(1, frep.watchers());
        sshd.stop();
        frep.await("frep: ssh:target: the connection ended .*").write("while one is away", "new\n");
        frep.awaitSame(places[0], places[1]);
        sshd.resume();
        frep.awaitSame(places);
        sshd.stop();
        frep.await("frep: ssh:target: the connection ended .*").stop(4);
        for (var target : List.of("docker:one", "docker:two", "ssh:target")) {
          assertTrue(frep.out().contains(target + ": copied 4 files"), frep::out);
        }
      }
    }

    @Test
    void ofAComposeServiceGetTheSameTreeFromOneScan() throws Exception {
      skipIf(Commands.missing("docker-compose"));
      var file = engine.composeUp("shop", Rootfs.BUSYBOX, 3);
      var names = List.of("shop_web_1", "shop_web_2", "shop_web_3");
      var places = names.stream().map(name -> in(name, CODE)).toArray(Place[]::new);
      try (var frep = replication()) {
        frep.start(CODE, "--docker-compose=web", "--compose-file=" + file);
        frep.awaitSame(places);
        assertEquals(1, frep.watchers());

        engine.docker("kill", "shop_web_3");
        frep.await("docker-compose:shop_web_3: no longer running: frep goes on without it");
        frep.write("sub/inner", "for two\n").write("new/file", "new\n");
        Files.delete(frep.source.resolve("a file"));
        frep.awaitSame(places[0], places[1]);

        engine.docker("start", "shop_web_3");
        frep.awaitSame(places);
        engine.compose(file, "up", "-d", "--no-recreate", "--scale", "web=4");
        frep.awaitSame(in("shop_web_4", CODE));
        engine.compose(file, "up", "-d", "--no-recreate", "--scale", "web=3");
        frep.await("docker-compose:shop_web_4: no longer running: frep goes on without it");
        frep.write("sub/inner", "for three\n").awaitSame(places);
        frep.stop(0);
        for (var name : names) {
          assertTrue(frep.out().contains("docker-compose:" + name + ": copied"), frep::out);
        }
        assertEquals("", frep.err());
      }

      try (var frep = replication()) {
        frep.start("/srv", "--once", "--docker-compose=web", "--compose-file=" + file, "--index=2");
        frep.ends(0).assertSame(in("shop_web_2", "/srv"));
        assertEquals("", in("shop_web_1", "/srv").tree());
      }
      try (var frep = replication()) {
        frep.start(CODE, "--docker-compose=nosuch", "--compose-file=" + file).ends(4);
        frep.assertError(
            "docker-compose:nosuch: no such service in the Compose project",
            "docker-compose --file " + file + " config --services");
      }
    }
  }

  @Nested
  class OfPodman {
    private static PodmanStore store;

    @BeforeAll
    static void start() throws IOException {
      skipIf(PodmanStore.unavailable());
      store = PodmanStore.start();
    }

    @AfterAll
    static void stop() {
      if (store != null) {
        store.close();
      }
    }

    private Replication replication() throws IOException {
      return new Replication(folder, store.environment());
    }

    private static Place in(String container) {
      return new Place(store.environment(), List.of("podman", "exec", container), CODE);
    }

    @Test
    void tellTheWholeStory() throws Exception {
      store.run("web");
      try (var frep = replication()) {
        frep.tell(
            () -> store.podman("stop", "--time=0", "web"),
            () -> store.podman("start", "web"),
            CODE,
            List.of(in("web")),
            "--podman=web");
      }
    }

    @Test
    void tellEachFailureInItsOwnWords() throws Exception {
      store.run("good");
      store.run("stopped");
      store.podman("stop", "--time=0", "stopped");
      try (var frep =
          replication()
              .start(CODE, "--once", "--podman=good", "--podman=stopped", "--podman=nosuch")) {
        frep.ends(4).assertSame(in("good"));
        frep.assertError("podman:stopped: the container is not running", "podman start stopped");
        frep.assertError(
            "podman:nosuch: no such container", "podman ps --all --format '{{.Names}}'");
      }
    }
  }
}
