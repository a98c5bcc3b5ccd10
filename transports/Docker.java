package dev.frep;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Docker containers, by name or id. */
public final class Docker extends Engine {

  @Option(
      names = "--docker",
      paramLabel = "CONTAINER",
      description = "Replicate to a running Docker container. Repeatable.")
  List<String> containers = new ArrayList<>();

  @Option(
      names = "--docker-user",
      paramLabel = "USER",
      description = "User in the Docker containers (default: the container's own).")
  String user;

  @Override
  public String name() {
    return "docker";
  }

  @Override
  String tool() {
    return "docker";
  }

  @Override
  public List<Address> targets(Tools tools) {
    return containers("--docker", containers, user);
  }

  @Override
  public String rootOption() {
    return "--docker-user root";
  }
}
