package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * A shell over {@code ssh}, which never asks and never hangs: no password, no terminal, and a dead
 * link ends it within 30 seconds. What {@code ~/.ssh/config} says counts, a ControlMaster too.
 */
public final class Ssh implements Transport {

  /**
   * The command line wins over {@code ~/.ssh/config}, and there the first of two same options wins;
   * so a user's {@code --ssh-option} stands before these. ssh gives up when the third probe would
   * be due: after 3 × 8 s.
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
      description = "Replicate to a host, over ssh; can be given several times.")
  List<String> hosts = new ArrayList<>();

  @Option(
      names = "--ssh-option",
      paramLabel = "OPTION",
      description = "Give ssh an option: Port=2222 for -o Port=2222, or a flag such as -p2222.")
  List<String> options = new ArrayList<>();

  @Override
  public String name() {
    return "ssh";
  }

  @Override
  public List<Address> targets(Tools tools) {
    Transport.needs("--ssh-option", options, "--ssh", !hosts.isEmpty());
    return hosts.stream().map(h -> new Address(Transport.named("--ssh", h), command(h))).toList();
  }

  private List<String> command(String host) {
    var command = new ArrayList<>(List.of("ssh", "-T"));
    for (var option : options) {
      if (!option.startsWith("-")) {
        command.add("-o");
      }
      command.add(option);
    }
    command.addAll(UNATTENDED);
    command.addAll(List.of("--", host));
    command.add("exec sh -c '" + SHELL.get(2) + "'"); // sshd hands it to the login shell as it is
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
                "no host is known by this name",
                "check the name, or give it a HostName in ~/.ssh/config"),
            new Symptom(
                "identification has changed",
                "the host shows another key than before: a new machine, or not the one you mean",
                "if you expected that: ssh-keygen -R " + host + ", then ssh " + host + " once"),
            new Symptom(
                "host key verification failed",
                "the host's key is not known here yet",
                "ssh " + host + " once by hand, and compare the fingerprint"),
            new Symptom(
                "permission denied \\(",
                "the host refuses every key that was offered",
                "ssh-copy-id " + host + ", or ssh-add the key that it knows"),
            new Symptom(
                "too many authentication failures",
                "the host gave up before the right key was offered",
                "--ssh-option IdentitiesOnly=yes --ssh-option IdentityFile=KEY"),
            new Symptom(
                "connection refused",
                "nothing listens at the host's ssh port",
                "check that sshd runs there, and the port: --ssh-option Port=2222"),
            new Symptom(
                "connection timed out|no route to host|network is unreachable",
                "the host cannot be reached over the network",
                "check that it is up, and the VPN or firewall between"),
            new Symptom(
                "not responding",
                "the link is dead: no answer for 24 seconds",
                "check the network"),
            new Symptom(
                "bad configuration option|bad configuration options|unknown option",
                "ssh does not know an option it was given",
                "check --ssh-option and ~/.ssh/config against man ssh_config"),
            new Symptom(
                "account is currently not available|sftp connections only",
                "this account may not run a shell",
                "use an account with a login shell: --ssh USER@HOST"),
            new Symptom(
                "connection (reset|closed) by|broken pipe|kex_exchange_identification",
                "the host closed the connection",
                "see the log of its sshd; ssh -v " + host + " shows how far it gets")));
  }

  @Override
  public String asRoot(Address target, String command) {
    return "ssh -t " + target.name() + " sudo " + command;
  }
}
