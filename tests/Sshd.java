package dev.frep;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * OpenSSH's server on a port of loopback, with keys and settings of the tests' own, and a client's
 * config file whose host {@code target} is it. Who logs in is the user who runs the tests, with
 * {@link #home} for a home, so that a {@code .bashrc} can be put there.
 */
final class Sshd implements AutoCloseable {

  private static final Path SSHD = Path.of("/usr/sbin/sshd");

  private final Path folder;
  private final int port;
  private Process server;

  private Sshd(Path folder, int port) {
    this.folder = folder;
    this.port = port;
  }

  /** Why the tests with this end are to be skipped, if they are. */
  static Optional<String> unavailable() {
    return Files.isExecutable(SSHD)
        ? Commands.missing("ssh", "ssh-keygen")
        : Optional.of("there is no " + SSHD);
  }

  /**
   * Starts a server; all its files are put in the folder, which is of the test, and which others
   * can then read.
   */
  static Sshd start(Path folder) throws IOException {
    var sshd = new Sshd(folder, freePort());
    for (var key : List.of("host", "user", "stranger")) {
      var file = folder.resolve(key).toString();
      Commands.succeed(
          Map.of(), List.of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file));
    }
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createDirectory(sshd.home());
    Files.copy(folder.resolve("user.pub"), folder.resolve("authorized"));
    Files.writeString(
        folder.resolve("known"),
        "[127.0.0.1]:%d %s".formatted(sshd.port, Files.readString(folder.resolve("host.pub"))));
    Files.writeString(
        folder.resolve("sshd_config"), SERVER.formatted(sshd.port, folder, folder, sshd.home()));
    Files.writeString(sshd.clientConfig(), CLIENT.formatted(sshd.port, folder, folder));
    if (System.getProperty("user.name").equals("root")) {
      Files.createDirectories(Path.of("/run/sshd")); // where sshd locks itself in
    }
    sshd.resume();
    return sshd;
  }

  /** The config file for {@code ssh -F}: the host {@code target} is this server. */
  Path clientConfig() {
    return folder.resolve("ssh_config");
  }

  /** What HOME is to those who log in; empty. */
  Path home() {
    return folder.resolve("home");
  }

  /** A key that the server does not know. */
  Path strangersKey() {
    return folder.resolve("stranger");
  }

  int port() {
    return port;
  }

  /** Ends the server and every login, as when the host goes down. */
  void stop() {
    server.descendants().forEach(ProcessHandle::destroyForcibly);
    Commands.stop(server);
  }

  /** Starts the server again, on the same port. */
  void resume() throws IOException {
    var config = folder.resolve("sshd_config").toString();
    server =
        Commands.start(
            folder.resolve("log"), Map.of(), List.of(SSHD.toString(), "-D", "-e", "-f", config));
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!answers()) {
      if (!server.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("sshd: " + Files.readString(folder.resolve("log")));
      }
      Thread.onSpinWait();
    }
  }

  private boolean answers() {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.getInputStream().read() == 'S'; // SSH-2.0-…
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    stop();
  }

  private static final String SERVER =
      """
      ListenAddress 127.0.0.1
      Port %d
      HostKey %s/host
      AuthorizedKeysFile %s/authorized
      SetEnv HOME=%s
      PidFile none
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      """;

  private static final String CLIENT =
      """
      Host target
        HostName 127.0.0.1
      Host *
        Port %d
        IdentitiesOnly yes
        IdentityFile %s/user
        UserKnownHostsFile %s/known
        GlobalKnownHostsFile none
      """;
}
