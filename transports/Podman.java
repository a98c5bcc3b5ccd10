package dev.frep;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Podman containers, by name or id. */
public final class Podman extends Engine {

  @Option(
      names = "--podman",
      paramLabel = "CONTAINER",
      description = "Replicate to a running Podman container; can be given several times.")
  List<String> containers = new ArrayList<>();

  @Option(
      names = "--podman-user",
      paramLabel = "USER",
      description = "Who to be in the Podman containers, if not their own user.")
  String user;

  @Override
  public String name() {
    return "podman";
  }

  @Override
  String tool() {
    return "podman";
  }

  @Override
  public List<Address> targets(Tools tools) {
    Transport.needs("--podman-user", user, "--podman", !containers.isEmpty());
    return containers.stream().map(c -> container(Transport.named("--podman", c), user)).toList();
  }
}
