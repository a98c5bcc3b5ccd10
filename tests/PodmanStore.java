package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.opentest4j.TestAbortedException;

/** Podman's images and containers in a folder of the tests' own; there is no daemon. */
final class PodmanStore implements AutoCloseable {

  private final Path folder;

  private PodmanStore(Path folder) {
    this.folder = folder;
  }

  /** Why the tests with this end are to be skipped, if they are. */
  static Optional<String> unavailable() {
    if (!System.getProperty("user.name").equals("root")) {
      return Optional.of("only root can make the files of its images");
    }
    return Commands.missing("podman", "busybox");
  }

  /**
   * Makes a store with the BusyBox image, and checks that a container of it runs.
   *
   * @throws TestAbortedException if it does not on this machine
   */
  static PodmanStore start() throws IOException {
    var store = new PodmanStore(Files.createTempDirectory("frep-podman"));
    Files.writeString(store.folder.resolve("containers.conf"), CONTAINERS);
    Files.writeString(
        store.folder.resolve("storage.conf"), STORAGE.formatted(store.folder, store.folder));
    try {
      var files = Rootfs.BUSYBOX.make(store.folder.resolve("rootfs")).toString();
      var script = "tar -cC \"$1\" . | podman import - \"$2\"";
      Commands.succeed(
          store.environment(), List.of("sh", "-c", script, "sh", files, Rootfs.BUSYBOX.image()));
      store.run("trial");
      store.podman("rm", "--force", "--time=0", "trial");
      return store;
    } catch (IllegalStateException e) {
      store.close();
      throw new TestAbortedException("podman does not run here: " + e.getMessage());
    }
  }

  /** What a process that uses this store needs in its environment. */
  Map<String, String> environment() {
    return Map.of(
        "CONTAINERS_CONF", folder.resolve("containers.conf").toString(),
        "CONTAINERS_STORAGE_CONF", folder.resolve("storage.conf").toString());
  }

  /** Starts a BusyBox container that goes on until it is stopped. */
  void run(String name) {
    podman(
        "run", "-d", "--network=none", "--name=" + name, Rootfs.BUSYBOX.image(), "sleep", "100000");
  }

  /** Runs a podman command that must succeed; returns what it printed. */
  String podman(String... words) {
    var command = new ArrayList<>(List.of("podman"));
    command.addAll(List.of(words));
    return Commands.succeed(environment(), command);
  }

  @Override
  public void close() {
    Commands.run(environment(), "", List.of("podman", "rm", "--all", "--force", "--time=0"));
    awaitCleaners();
    Commands.succeed(Map.of(), List.of("rm", "-rf", "--one-file-system", folder.toString()));
  }

  /** When a container ends, its monitor has it cleaned up in the background. */
  private void awaitCleaners() {
    var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (Commands.run("pgrep", "-f", folder.toString()).ok()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("something still works in " + folder);
      }
      LockSupport.parkNanos(20_000_000);
    }
  }

  /** No systemd, and limits that a sandbox without CAP_SYS_RESOURCE can keep. */
  private static final String CONTAINERS =
      """
      [containers]
      default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
      [engine]
      cgroup_manager = "cgroupfs"
      events_logger = "file"
      """;

  private static final String STORAGE =
      """
      [storage]
      driver = "vfs"
      graphroot = "%s/graph"
      runroot = "%s/run"
      """;
}
