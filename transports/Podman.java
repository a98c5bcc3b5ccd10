package dev.frep;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Podman containers, by name or id. */
public final class Podman extends Engine {

  @Option(
      names = "--podman",
      paramLabel = "CONTAINER",
      description = "Replicate to a running Podman container. Repeatable.")
  List<String> containers = new ArrayList<>();

  @Option(
      names = "--podman-user",
      paramLabel = "USER",
      description = "User in the Podman containers (default: the container's own).")
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
    return containers("--podman", containers, user);
  }

  @Override
  public String rootOption() {
    return "--podman-user root";
  }
}
