package dev.frep;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/**
 * The running replicas of services of a Compose project, reached by {@code docker exec}. Compose is
 * only asked which containers they are, so that both its versions (docker's plug-in, and
 * docker-compose of old) serve, and starting them for every connection costs nothing.
 */
public final class DockerCompose extends Engine {

  /** A container's name (after a slash), its state, and which of the replicas it is. */
  private static final String REPLICA =
      "{{.Name}} {{.State.Status}}"
          + " {{index .Config.Labels \"com.docker.compose.container-number\"}}";

  @Option(
      names = "--docker-compose",
      paramLabel = "SERVICE",
      description = "Replicate to all running containers of a service; can be given several times.")
  List<String> services = new ArrayList<>();

  @Option(names = "--index", paramLabel = "N", description = "Only to the service's Nth container.")
  Integer index;

  @Option(
      names = "--compose-file",
      paramLabel = "FILE",
      description = "The project's file, if not the compose.yaml of the current folder.")
  List<String> files = new ArrayList<>();

  @Option(
      names = "--compose-project",
      paramLabel = "NAME",
      description = "The project's name, if not that of its folder.")
  String project;

  @Override
  public String name() {
    return "docker-compose";
  }

  @Override
  String tool() {
    return "docker";
  }

  @Override
  public List<Address> targets(Tools tools) throws Unreachable {
    var wanted = !services.isEmpty();
    Transport.needs("--index", index, "--docker-compose", wanted);
    Transport.needs("--compose-file", files, "--docker-compose", wanted);
    Transport.needs("--compose-project", project, "--docker-compose", wanted);
    var targets = new ArrayList<Address>();
    for (var service : services) {
      targets.addAll(replicas(Transport.named("--docker-compose", service), tools));
    }
    return targets;
  }

  private List<Address> replicas(String service, Tools tools) throws Unreachable {
    var compose = compose(tools);
    compose.addAll(List.of("ps", "-q", service));
    var containers = answer(tools.ask(compose), service, compose);
    var targets = new ArrayList<Address>();
    if (!containers.isEmpty()) {
      var inspect = new ArrayList<>(List.of("docker", "inspect", "--format", REPLICA, "--"));
      inspect.addAll(containers);
      for (var line : answer(tools.ask(inspect), service, inspect)) {
        var replica = line.split(" ");
        if (replica[1].equals("running")
            && (index == null || replica[2].equals(index.toString()))) {
          targets.add(container(replica[0].substring(1), null));
        }
      }
    }
    if (targets.isEmpty()) {
      throw new Unreachable(
          new Advice(
              "no container of service "
                  + service
                  + (index == null ? "" : " with index " + index)
                  + " is running",
              start(compose, service)));
    }
    return targets;
  }

  /** The plug-in where there is one, else the command of old; with the project it is about. */
  private List<String> compose(Tools tools) throws Unreachable {
    var plugin = List.of("docker", "compose");
    var hasPlugin = tools.ask(List.of("docker", "compose", "version")).ok();
    var compose = new ArrayList<>(hasPlugin ? plugin : List.of("docker-compose"));
    files.forEach(file -> compose.addAll(List.of("--file", file)));
    if (project != null) {
      compose.addAll(List.of("--project-name", project));
    }
    return compose;
  }

  private static List<String> answer(Result answer, String service, List<String> asked)
      throws Unreachable {
    if (answer.ok()) {
      return answer.lines();
    }
    throw new Unreachable(
        Symptom.diagnose(
                answer.err(),
                List.of(
                    new Symptom(
                        "no such service",
                        "the project has no service " + service,
                        asked.get(0).equals("docker")
                            ? "docker compose config --services shows those there are"
                            : "docker-compose config --services shows those there are"),
                    new Symptom(
                        "find a suitable configuration|no configuration file|\\.FileNotFoundError",
                        "there is no Compose project here",
                        "go to the folder of its compose.yaml, or use --compose-file FILE")))
            .or(() -> explain(answer.exitCode(), answer.err(), "docker", service))
            .orElseGet(() -> Advice.inTheWordsOf(asked, answer)));
  }

  private static String start(List<String> compose, String service) {
    return String.join(" ", compose.subList(0, compose.size() - 3)) + " up -d " + service;
  }
}
