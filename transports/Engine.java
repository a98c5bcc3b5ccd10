package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What Docker and Podman, whose command lines are alike, have in common: {@code exec -i} into a
 * container. The tool itself honours its contexts and variables such as DOCKER_HOST.
 */
abstract class Engine implements Transport {

  /** The command-line tool. */
  abstract String tool();

  Address container(String name, String user) {
    var command = new ArrayList<>(List.of(tool(), "exec", "-i"));
    if (user != null) {
      command.add("--user=" + user);
    }
    command.addAll(List.of("--", name));
    command.addAll(SHELL);
    return new Address(name, command);
  }

  @Override
  public Optional<Advice> explain(Address target, int exitCode, String said) {
    return explain(exitCode, said, tool(), target.name())
        .or(() -> exitCode == 137 ? Optional.of(killed(target)) : Optional.empty());
  }

  /** The engine's own failures, whichever of its commands met them. */
  static Optional<Advice> explain(int exitCode, String said, String tool, String container) {
    return Symptom.diagnose(
        said,
        List.of(
            new Symptom(
                "no such container|no such object|no container with name or id",
                "no container has this name",
                tool + " ps --all shows those there are"),
            new Symptom("is paused", "the container is paused", tool + " unpause " + container),
            new Symptom(
                "is restarting",
                "the container is restarting again and again",
                tool + " logs " + container + " may say why it ends"),
            new Symptom(
                "is not running|container state improper",
                "the container is not running",
                tool + " start " + container),
            new Symptom(
                "executable file `?\"?sh|exec: \"sh\"|stat /bin/sh|no such file or directory: OCI",
                "the container's image has no shell",
                "use an image that has sh and tar, or mount the folder from a container that has"),
            new Symptom(
                "unable to find (user|group)|no matching entries",
                "the container has no such user",
                tool + " exec " + container + " cat /etc/passwd shows those there are"),
            new Symptom(
                "permission denied.*(socket|dial unix)|PermissionError",
                "you may not use the socket of " + tool,
                "join the group that may (sudo usermod -aG docker \"$USER\", then log in again)"),
            new Symptom(
                "context .*not found",
                tool + " knows no such context",
                tool + " context ls shows those there are; see DOCKER_CONTEXT"),
            new Symptom(
                "daemon running|cannot connect to|couldn't connect to|while fetching server API",
                "the daemon of " + tool + " does not answer",
                "start it (sudo systemctl start docker), or check DOCKER_HOST and the context")));
  }

  private Advice killed(Address target) {
    return new Advice(
        "the shell was killed: the container stopped, or ran out of memory",
        tool() + " ps --all shows whether it runs; " + tool() + " start " + target.name());
  }

  @Override
  public String asRoot(Address target, String command) {
    return tool() + " exec -u 0 " + target.name() + " " + command;
  }
}
