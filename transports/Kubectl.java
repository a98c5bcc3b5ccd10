package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * Pods of a Kubernetes cluster: one by its name, or all that are ready of a deployment (or another
 * owner of pods) or that a label selector matches. Which these are is asked anew after each lost
 * connection.
 */
public final class Kubectl implements Transport {

  /** The pod selector of a deployment, stateful set … written as {@code --selector} takes it. */
  private static final String SELECTOR_OF_OWNER =
      "{{range $k, $v := .spec.selector.matchLabels}}{{$k}}={{$v}},{{end}}"
          + "{{range .spec.selector.matchExpressions}}"
          + "{{if eq .operator \"DoesNotExist\"}}!{{end}}{{.key}}"
          + "{{if eq .operator \"In\"}} in {{end}}{{if eq .operator \"NotIn\"}} notin {{end}}"
          + "{{if .values}}({{range $i, $v := .values}}{{if $i}},{{end}}{{$v}}{{end}}){{end}},"
          + "{{end}}";

  /** A line a pod, those being deleted left out: its name, its phase, and True if it is ready. */
  private static final String PODS =
      "{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{.status.phase}}"
          + "{{range .status.conditions}}{{if eq .type \"Ready\"}}{{if eq .status \"True\"}} True"
          + "{{end}}{{end}}{{end}}"
          + "{{\"\\n\"}}{{end}}{{end}}";

  /** What {@code --kubectl} stands for in {@code --kubectl -l app=web}; no name can be this. */
  private static final String BY_SELECTOR = "?";

  @Option(
      names = "--kubectl",
      paramLabel = "POD|KIND/NAME",
      arity = "0..1",
      fallbackValue = BY_SELECTOR,
      description =
          "Replicate to a pod, or to every ready pod of deploy/NAME (or any owner of pods), or with"
              + " -l to every ready pod that a selector matches; can be given several times.")
  List<String> names = new ArrayList<>();

  @Option(
      names = {"-l", "--selector"},
      paramLabel = "SELECTOR",
      description = "The labels of the pods: app=web,tier!=test.")
  List<String> selectors = new ArrayList<>();

  @Option(names = "--namespace", paramLabel = "NAME", description = "The pods' namespace.")
  String namespace;

  @Option(
      names = "--container",
      paramLabel = "NAME",
      description = "Which of a pod's containers, if not its default one.")
  String container;

  @Option(names = "--context", paramLabel = "NAME", description = "The context of the kubeconfig.")
  String context;

  @Override
  public String name() {
    return "kubectl";
  }

  @Override
  public List<Address> targets(Tools tools) throws Unreachable {
    var wanted = !names.isEmpty() || !selectors.isEmpty();
    Transport.needs("--namespace", namespace, "--kubectl or -l", wanted);
    Transport.needs("--container", container, "--kubectl or -l", wanted);
    Transport.needs("--context", context, "--kubectl or -l", wanted);
    var pods = new ArrayList<String>();
    for (var name : names) {
      if (!name.equals(BY_SELECTOR)) {
        pods.addAll(podsOf(Transport.named("--kubectl", name), tools));
      } else if (selectors.isEmpty()) {
        throw new IllegalArgumentException("--kubectl: needs a pod, deploy/NAME or -l SELECTOR");
      }
    }
    for (var selector : selectors) {
      pods.addAll(readyPods(Transport.named("--selector", selector), selector, tools));
    }
    return pods.stream().distinct().map(pod -> new Address(pod, exec(pod))).toList();
  }

  private List<String> podsOf(String name, Tools tools) throws Unreachable {
    var kindAndName = name.split("/", 2);
    if (kindAndName.length == 1) {
      return List.of(name);
    }
    if (kindAndName[0].matches("po|pods?")) {
      return List.of(Transport.named("--kubectl", kindAndName[1]));
    }
    var selector = ask(name, tools, "get", name, "-o", "go-template=" + SELECTOR_OF_OWNER);
    if (selector.isEmpty()) {
      throw new Unreachable(
          new Advice(name + " does not own pods", "name a deployment, or select pods with -l"));
    }
    return readyPods(selector.get(0).replaceFirst(",$", ""), name, tools);
  }

  /** The names of the pods that match and are ready; there is at least one. */
  private List<String> readyPods(String selector, String asked, Tools tools) throws Unreachable {
    var pods = ask(asked, tools, "get", "pods", "-l", selector, "-o", "go-template=" + PODS);
    var ready =
        pods.stream()
            .filter(pod -> pod.endsWith(" True") && !pod.startsWith("-")) // No pod: an option.
            .map(Kubectl::firstWord)
            .toList();
    if (!ready.isEmpty()) {
      return ready;
    }
    var look = String.join(" ", kubectl("get", "pods", "-l", "'" + selector + "'"));
    throw new Unreachable(
        pods.isEmpty()
            ? new Advice("no pod matches " + asked, look)
            : new Advice("no pod of " + asked + " is ready: " + String.join(", ", pods), look));
  }

  private static String firstWord(String line) {
    return line.split(" ")[0];
  }

  private List<String> ask(String asked, Tools tools, String... question) throws Unreachable {
    var command = kubectl(question);
    var answer = tools.ask(command);
    if (answer.ok()) {
      return answer.lines();
    }
    throw new Unreachable(
        explain(asked, answer.err()).orElseGet(() -> Advice.inTheWordsOf(command, answer)));
  }

  private List<String> exec(String pod) {
    var command = kubectl("exec", "-i", pod);
    if (container != null) {
      command.add("--container=" + container);
    }
    command.add("--");
    command.addAll(SHELL);
    return command;
  }

  private List<String> kubectl(String... words) {
    var command = new ArrayList<>(List.of("kubectl"));
    if (context != null) {
      command.add("--context=" + context);
    }
    if (namespace != null) {
      command.add("--namespace=" + namespace);
    }
    command.addAll(List.of(words));
    return command;
  }

  @Override
  public Optional<Advice> explain(Address target, int exitCode, String said) {
    return explain(target.name(), said)
        .or(
            () ->
                exitCode == 137
                    ? Optional.of(
                        new Advice(
                            "the shell was killed: the pod ended, or ran out of memory",
                            describe(target.name())))
                    : Optional.empty());
  }

  private Optional<Advice> explain(String name, String said) {
    return Symptom.diagnose(
        said,
        List.of(
            new Symptom(
                "exec: \"sh\": |stat /bin/sh",
                "the pod's container has no shell",
                "choose another with --container, or use an image that has sh and tar"),
            new Symptom(
                "completed pod",
                "the pod has run to its end",
                "name one that is running: " + look()),
            new Symptom(
                "container not found|does not have a host assigned|PodInitializing"
                    + "|ContainerCreating|is not running",
                "the pod is not ready: its container does not run",
                describe(name)),
            new Symptom(
                "container .* is not valid for pod",
                "the pod has no such container",
                describe(name) + " shows those it has"),
            new Symptom(
                "resource type", "the cluster knows no such kind", "name a pod, or deploy/NAME"),
            new Symptom(
                "not ?found\\b.*namespace|namespaces? .*not found",
                "there is no such namespace",
                String.join(" ", kubectl("get", "namespaces"))),
            new Symptom(
                "\\(NotFound\\)|pod does not exist",
                "the cluster has nothing of this name",
                look() + " shows what there is; is it the right --namespace and --context?"),
            new Symptom(
                "\\(Forbidden\\)",
                "you may not do this in the cluster",
                String.join(" ", kubectl("auth", "can-i", "create", "pods/exec"))),
            new Symptom(
                "unauthorized|must be logged in",
                "the cluster does not accept your login",
                "log in again; kubectl config view shows as whom"),
            new Symptom(
                "context (.* does not exist|was not found)",
                "the kubeconfig has no such context",
                "kubectl config get-contexts shows those it has"),
            new Symptom(
                "connection to the server .* was refused|unable to connect to the server",
                "the cluster's API server does not answer",
                "kubectl cluster-info; is the cluster up, and KUBECONFIG the right one?")));
  }

  private String look() {
    return String.join(" ", kubectl("get", "pods"));
  }

  private String describe(String name) {
    return String.join(" ", kubectl("describe", name.contains("/") ? name : "pod/" + name));
  }

  @Override
  public String asRoot(Address target, String command) {
    return String.join(" ", exec(target.name())).replaceFirst(" -- .*", " -- ") + command;
  }
}
