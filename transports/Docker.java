package dev.frep;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Docker containers, by name or id. */
public final class Docker extends Engine {

  @Option(
      names = "--docker",
      paramLabel = "CONTAINER",
      description = "Replicate to a running Docker container; can be given several times.")
  List<String> containers = new ArrayList<>();

  @Option(
      names = "--docker-user",
      paramLabel = "USER",
      description = "Who to be in the Docker containers, if not their own user.")
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
    Transport.needs("--docker-user", user, "--docker", !containers.isEmpty());
    return containers.stream().map(c -> container(Transport.named("--docker", c), user)).toList();
  }
}
