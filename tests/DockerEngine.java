package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.opentest4j.TestAbortedException;

/**
 * A Docker engine of the tests' own, with an image of each {@link Rootfs}: no network, no bridge,
 * and all its files in a folder that goes with it. A container is left running by {@code run}, and
 * removed at the end.
 */
final class DockerEngine implements AutoCloseable {

  private final Path folder;
  private final Process daemon;

  private DockerEngine(Path folder) throws IOException {
    this.folder = folder;
    var command = new ArrayList<>(List.of("dockerd"));
    command.addAll(List.of("--iptables=false", "--ip6tables=false", "--bridge=none"));
    command.addAll(List.of("--host", host()));
    command.addAll(List.of("--data-root", folder.resolve("data").toString()));
    command.addAll(List.of("--exec-root", folder.resolve("exec").toString()));
    command.addAll(List.of("--pidfile", folder.resolve("pid").toString()));
    daemon = Commands.start(folder.resolve("log"), Map.of(), command);
  }

  /** Why the tests with this end are to be skipped, if they are. */
  static Optional<String> unavailable() {
    if (!System.getProperty("user.name").equals("root")) {
      return Optional.of("only root can start dockerd");
    }
    return Commands.missing("dockerd", "docker", "busybox");
  }

  /**
   * Starts an engine, in some three seconds.
   *
   * @throws TestAbortedException if dockerd does not run on this machine
   */
  static DockerEngine start() throws IOException {
    var folder = Files.createTempDirectory("frep-docker"); // short: a socket's path is
    var engine = new DockerEngine(folder);
    try {
      engine.awaitAnswer();
      for (var rootfs : Rootfs.values()) {
        var files = rootfs.make(folder.resolve(rootfs.image())).toString();
        var script = "tar -cC \"$1\" . | docker import - \"$2\"";
        Commands.succeed(
            engine.environment(), List.of("sh", "-c", script, "sh", files, rootfs.image()));
      }
      return engine;
    } catch (IOException | RuntimeException e) {
      engine.close();
      throw e;
    }
  }

  private void awaitAnswer() throws IOException {
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!Commands.run(environment(), "", List.of("docker", "version")).ok()) {
      if (!daemon.isAlive() || System.nanoTime() > deadline) {
        var log = Files.readAllLines(folder.resolve("log"));
        throw new TestAbortedException("dockerd does not run here: " + log.get(log.size() - 1));
      }
    }
  }

  /** What a process that uses this engine needs in its environment. */
  Map<String, String> environment() {
    return Map.of("DOCKER_HOST", host());
  }

  /** Where the engine's socket is. */
  String host() {
    return "unix://" + folder.resolve("docker.sock");
  }

  /** Starts a container that goes on until it is stopped; options are those of docker run. */
  void run(String name, Rootfs rootfs, String... options) {
    var command = new ArrayList<>(List.of("run", "-d", "--network=none", "--name=" + name));
    command.addAll(List.of(options));
    command.addAll(List.of(rootfs.image(), "sleep", "100000"));
    docker(command.toArray(String[]::new));
  }

  /** Runs a docker command that must succeed; returns what it printed. */
  String docker(String... words) {
    return Commands.succeed(environment(), with("docker", words));
  }

  /** Writes the file of a project whose service {@code web} runs the image, and starts it. */
  Path composeUp(String project, Rootfs rootfs, int replicas) throws IOException {
    var file = Files.createDirectories(folder.resolve(project)).resolve("docker-compose.yml");
    Files.writeString(file, COMPOSE.formatted(rootfs.image()));
    compose(file, "up", "-d", "--scale", "web=" + replicas);
    return file;
  }

  /** Runs a docker-compose command that must succeed; returns what it printed. */
  String compose(Path file, String... words) {
    var command = with("docker-compose", "-f", file.toString());
    command.addAll(List.of(words));
    return Commands.succeed(environment(), command);
  }

  private static ArrayList<String> with(String tool, String... words) {
    var command = new ArrayList<>(List.of(tool));
    command.addAll(List.of(words));
    return command;
  }

  @Override
  public void close() throws IOException {
    if (daemon.isAlive()) {
      Commands.run(
          environment(),
          "",
          List.of("sh", "-c", "docker ps -aq | xargs -r docker rm --force --volumes"));
    }
    Commands.stop(daemon);
    Commands.succeed(Map.of(), List.of("rm", "-rf", "--one-file-system", folder.toString()));
  }

  private static final String COMPOSE =
      """
      version: "2.4"
      services:
        web:
          image: %s
          command: sleep 100000
          network_mode: none
          stop_grace_period: 0s
      """;
}
