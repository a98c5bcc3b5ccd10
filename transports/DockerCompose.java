package dev.frep;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/**
 * The running replicas of services of a Compose project, reached by {@code docker exec}. Compose
 * only says which containers they are. So both versions of it work (Docker's plug-in and the old
 * docker-compose), and no connection waits for it to start.
 */
public final class DockerCompose extends Engine {

  /** A container's name (after a slash), its state, and the number of the replica. */
  private static final String REPLICA =
      "{{.Name}} {{.State.Status}}"
          + " {{index .Config.Labels \"com.docker.compose.container-number\"}}";

  @Option(
      names = "--docker-compose",
      paramLabel = "SERVICE",
      description = "Replicate to all running containers of a service. Repeatable.")
  List<String> services = new ArrayList<>();

  @Option(names = "--index", paramLabel = "N", description = "Only the service's Nth container.")
  Integer index;

  @Option(
      names = "--compose-file",
      paramLabel = "FILE",
      description = "The project's file (default: compose.yaml in the current folder).")
  List<String> files = new ArrayList<>();

  @Option(
      names = "--compose-project",
      paramLabel = "NAME",
      description = "The project's name (default: that of its folder).")
  String project;

  /** Docker's plug-in, or the old command where there is none; empty: not known yet. */
  private List<String> tool = List.of();

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
      var which = index == null ? "" : " with index " + index;
      var start = line(compose) + " up -d " + service;
      targets.add(
          Address.absent(service, new Advice("no running container" + which, start).forNow()));
    }
    return targets;
  }

  /** Returns the plug-in, or the old command, with the project's options. */
  private List<String> compose(Tools tools) throws Unreachable {
    if (tool.isEmpty()) {
      var hasPlugin = tools.ask(List.of("docker", "compose", "version")).ok();
      tool = hasPlugin ? List.of("docker", "compose") : List.of("docker-compose");
    }
    var compose = new ArrayList<>(tool);
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
        service,
        Symptom.diagnose(
                answer.err(),
                List.of(
                    new Symptom(
                        "no such service",
                        "no such service in the Compose project",
                        line(asked) + " config --services"),
                    new Symptom(
                        "find a suitable configuration|no configuration file|\\.FileNotFoundError",
                        "no Compose project in the current folder",
                        "cd to the folder of its compose.yaml, or give --compose-file FILE")))
            .or(() -> explain(answer.err(), "docker", service))
            .orElseGet(() -> Advice.inTheWordsOf(asked, answer)));
  }

  /** The command without its question. */
  private static String line(List<String> asked) {
    return String.join(" ", asked.subList(0, Math.max(1, asked.size() - 3)));
  }
}
