package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What Docker and Podman have in common: {@code exec -i} into a container. The tool itself reads
 * its contexts and variables such as DOCKER_HOST.
 */
abstract class Engine implements BuiltIn {

  /** Returns the name of the command-line tool. */
  abstract String tool();

  List<Address> containers(String option, List<String> names, String user) {
    Transport.needs(option + "-user", user, option, !names.isEmpty());
    return names.stream().map(name -> container(Transport.named(option, name), user)).toList();
  }

  /**
   * @param user null: the container's own
   */
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
    return explain(said, tool(), target.name())
        .or(() -> exitCode == 137 ? Optional.of(killed(target)) : Optional.empty());
  }

  /** Explains the engine's own failures, whichever of its commands meets them. */
  static Optional<Advice> explain(String said, String tool, String container) {
    return Symptom.diagnose(
        said,
        List.of(
            new Symptom(
                    "no such container|no such object|no container with name or id",
                    "no such container",
                    tool + " ps --all --format '{{.Names}}'")
                .forNow(),
            new Symptom("is paused", "the container is paused", tool + " unpause " + container)
                .forNow(),
            new Symptom(
                    "is restarting", "the container keeps restarting", tool + " logs " + container)
                .forNow(),
            new Symptom(
                    "is not running|container state improper",
                    "the container is not running",
                    tool + " start " + container)
                .forNow(),
            new Symptom(
                "executable file `?\"?sh|exec: \"sh\"|stat /bin/sh|no such file or directory: OCI",
                "no shell in the container's image",
                "use an image with sh and tar, or share the folder with a container that has them"),
            new Symptom(
                "unable to find (user|group)|no matching entries",
                "no such user in the container",
                tool + " exec " + container + " cat /etc/passwd"),
            new Symptom(
                "permission denied.*(socket|dial unix)|PermissionError",
                "your user may not use the " + tool + " socket",
                "sudo usermod -aG docker \"$USER\", then log in again"),
            new Symptom("context .*not found", "no such context", tool + " context ls"),
            new Symptom(
                    "daemon running|cannot connect to|couldn't connect to|while fetching server"
                        + " API",
                    "the " + tool + " daemon does not answer",
                    "sudo systemctl start docker, or check DOCKER_HOST and the context")
                .forNow()));
  }

  private Advice killed(Address target) {
    return new Advice(
        "the shell was killed: the container stopped, or ran out of memory",
        tool() + " start " + target.name(),
        true);
  }

  @Override
  public String asRoot(Address target, String command) {
    return tool() + " exec -u 0 " + target.name() + " " + command;
  }
}
