package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * A shell over {@code ssh} that never asks and never hangs: no password, no terminal, and a dead
 * link ends within 30 seconds. {@code ~/.ssh/config} counts, a ControlMaster too.
 */
public final class Ssh implements BuiltIn {

  /**
   * The command line wins over {@code ~/.ssh/config}, and on it the first of two equal options
   * wins. So a user's {@code --ssh-option} stands before these. ssh gives up when it would send the
   * third probe: after 3 × 8 s.
   */
  private static final List<String> UNATTENDED =
      List.of(
          "-o", "BatchMode=yes",
          "-o", "ConnectTimeout=15",
          "-o", "ServerAliveInterval=8",
          "-o", "ServerAliveCountMax=2",
          "-o", "RemoteCommand=none");

  @Option(
      names = "--ssh",
      paramLabel = "[USER@]HOST",
      description = "Replicate to a host over ssh. Repeatable.")
  List<String> hosts = new ArrayList<>();

  @Option(
      names = "--ssh-option",
      paramLabel = "OPTION",
      description = "Option for ssh: Port=2222 (for -o Port=2222), or a flag: -p2222. Repeatable.")
  List<String> options = new ArrayList<>();

  @Override
  public String name() {
    return "ssh";
  }

  @Override
  public List<Address> targets(Tools tools) {
    Transport.needs("--ssh-option", options, "--ssh", !hosts.isEmpty());
    return hosts.stream().map(host -> new Address(checked(host), command(host))).toList();
  }

  private static String checked(String host) {
    if (host.matches("[^/]*[^:/]:/[^/].*")) {
      throw new IllegalArgumentException(
          "--ssh: '" + host + "' has a path: that belongs in DEST_PARENT_DIR");
    }
    return Transport.named("--ssh", host);
  }

  private List<String> command(String host) {
    var command = ssh("-T");
    command.addAll(UNATTENDED);
    command.addAll(List.of("--", host));
    command.add("exec sh -c '" + SHELL.get(2) + "'"); // sshd hands it to the login shell as it is
    return command;
  }

  /** Returns the tool with the user's options. */
  private List<String> ssh(String flag) {
    var command = new ArrayList<>(List.of("ssh", flag));
    for (var option : options) {
      if (!option.startsWith("-")) {
        command.add("-o");
      }
      command.add(option);
    }
    return command;
  }

  @Override
  public Optional<Advice> explain(Address target, int exitCode, String said) {
    var host = target.name();
    return Symptom.diagnose(
        said,
        List.of(
            new Symptom(
                "could not resolve hostname",
                "unknown host",
                "check the name, or set its HostName in ~/.ssh/config"),
            new Symptom(
                "identification has changed",
                "the host's key has changed: it is a new machine, or another one",
                "if that is expected: ssh-keygen -R " + host + ", then ssh " + host),
            new Symptom(
                "host key verification failed",
                "the host's key is not known yet",
                "ssh " + host + ", and compare the fingerprint"),
            new Symptom(
                "permission denied \\(", "the host rejects your keys", "ssh-copy-id " + host),
            new Symptom(
                "too many authentication failures",
                "the host gave up before ssh offered the right key",
                "--ssh-option IdentitiesOnly=yes --ssh-option IdentityFile=KEY"),
            new Symptom(
                    "connection refused",
                    "nothing listens at the host's ssh port",
                    "check sshd on the host, and the port: --ssh-option Port=2222")
                .forNow(),
            new Symptom(
                    "connection timed out|no route to host|network is unreachable",
                    "the network does not reach the host",
                    "check that it is up, and the VPN or firewall on the way")
                .forNow(),
            new Symptom("not responding", "no answer for 24 seconds", "check the network").forNow(),
            new Symptom(
                "bad configuration option|bad configuration options|unknown option",
                "ssh does not know one of its options",
                "check --ssh-option and ~/.ssh/config against man ssh_config"),
            new Symptom(
                "account is currently not available|sftp connections only",
                "the account may not run a shell",
                "use an account with a login shell: --ssh USER@HOST"),
            new Symptom(
                    "connection (reset|closed) by|broken pipe|kex_exchange_identification",
                    "the host closed the connection",
                    "ssh -v " + host)
                .forNow()));
  }

  /** The line passes two shells. */
  @Override
  public String asRoot(Address target, String command) {
    var line = "sudo " + command;
    var quoted = line.matches("[^\"$`\\\\!]*") ? '"' + line + '"' : Text.quote(line);
    return String.join(" ", ssh("-t")) + " " + target.name() + " " + quoted;
  }
}
