package dev.frep;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * Pods of a Kubernetes cluster: one by its name, or all running pods of a deployment (or another
 * owner of pods) or of a label selector. Readiness does not count: a pod may become ready only once
 * it has the code.
 */
public final class Kubectl implements BuiltIn {

  /** Prints the pod selector of a deployment or stateful set as {@code --selector} takes it. */
  private static final String SELECTOR_OF_OWNER =
      "{{range $k, $v := .spec.selector.matchLabels}}{{$k}}={{$v}},{{end}}"
          + "{{range .spec.selector.matchExpressions}}"
          + "{{if eq .operator \"DoesNotExist\"}}!{{end}}{{.key}}"
          + "{{if eq .operator \"In\"}} in {{end}}{{if eq .operator \"NotIn\"}} notin {{end}}"
          + "{{if .values}}({{range $i, $v := .values}}{{if $i}},{{end}}{{$v}}{{end}}){{end}},"
          + "{{end}}";

  /** Prints name and phase of each pod that is not being deleted, and True if it is ready. */
  private static final String PODS =
      "{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{.status.phase}}"
          + "{{range .status.conditions}}{{if eq .type \"Ready\"}}{{if eq .status \"True\"}} True"
          + "{{end}}{{end}}{{end}}"
          + "{{\"\\n\"}}{{end}}{{end}}";

  /** Part of what kubectl says of an owner that does not exist, but may yet be made. */
  private static final String NO_SUCH_OBJECT = "(NotFound)";

  /** The value of {@code --kubectl} in {@code --kubectl -l app=web}; no pod has this name. */
  private static final String BY_SELECTOR = "?";

  @Option(
      names = "--kubectl",
      paramLabel = "POD|KIND/NAME",
      arity = "0..1",
      fallbackValue = BY_SELECTOR,
      description =
          "Replicate to a pod, or to every running pod of deploy/NAME (or another owner of pods),"
              + " or with -l to every running pod that a selector matches. Repeatable.")
  List<String> names = new ArrayList<>();

  @Option(
      names = {"-l", "--selector"},
      paramLabel = "SELECTOR",
      description = "Labels of the pods: app=web,tier!=test.")
  List<String> selectors = new ArrayList<>();

  @Option(names = "--namespace", paramLabel = "NAME", description = "Namespace of the pods.")
  String namespace;

  @Option(
      names = "--container",
      paramLabel = "NAME",
      description = "Container of the pods (default: the pod's own default).")
  String container;

  @Option(names = "--context", paramLabel = "NAME", description = "Context of the kubeconfig.")
  String context;

  /** The pod selector of each owner that was looked up. */
  private final Map<String, String> selectorsOfOwners = new HashMap<>();

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
    var pods = new ArrayList<Address>();
    for (var name : names) {
      if (!name.equals(BY_SELECTOR)) {
        pods.addAll(podsOf(Transport.named("--kubectl", name), tools));
      } else if (selectors.isEmpty()) {
        throw new IllegalArgumentException("--kubectl: needs a pod, deploy/NAME or -l SELECTOR");
      }
    }
    for (var selector : selectors) {
      pods.addAll(runningPods(Transport.named("--selector", selector), selector, tools));
    }
    return pods.stream().distinct().toList();
  }

  private List<Address> podsOf(String name, Tools tools) throws Unreachable {
    var kindAndName = name.split("/", 2);
    if (kindAndName.length == 1) {
      return List.of(pod(name));
    }
    if (kindAndName[0].matches("po|pods?")) {
      return List.of(pod(Transport.named("--kubectl", kindAndName[1])));
    }
    var selector = selectorsOfOwners.get(name);
    if (selector == null) {
      var question = kubectl("get", name, "-o", "go-template=" + SELECTOR_OF_OWNER);
      var answer = tools.ask(question);
      if (answer.err().contains(NO_SUCH_OBJECT)) {
        return List.of(Address.absent(name, failure(name, question, answer).advice()));
      }
      selector = selectorIn(answer(name, question, answer), name);
    }
    var pods = runningPods(selector, name, tools);
    if (pods.get(0).absent().isEmpty()) {
      selectorsOfOwners.put(name, selector);
    } else {
      selectorsOfOwners.remove(name); // The owner may be deleted.
    }
    return pods;
  }

  private static String selectorIn(List<String> answer, String owner) throws Unreachable {
    if (answer.isEmpty()) {
      throw new Unreachable(
          owner, new Advice("does not own pods", "name a deployment, or select pods with -l"));
    }
    return answer.get(0).replaceFirst(",$", "");
  }

  /** Returns the pods that match and run, ready ones first; an absent one if there are none. */
  private List<Address> runningPods(String selector, String asked, Tools tools) throws Unreachable {
    var question = kubectl("get", "pods", "-l", selector, "-o", "go-template=" + PODS);
    var pods = answer(asked, question, tools.ask(question));
    var running =
        pods.stream()
            .map(pod -> pod.split(" "))
            .filter(
                pod -> pod[1].equals("Running") && !pod[0].startsWith("-")) // No pod: an option.
            .sorted(Comparator.comparing(pod -> -pod.length))
            .map(pod -> pod(pod[0]))
            .toList();
    if (!running.isEmpty()) {
      return running;
    }
    var why =
        new Advice(
            pods.isEmpty()
                ? "no matching pod " + inNamespace()
                : "no pod runs " + inNamespace() + ": " + String.join(", ", pods),
            line("get", "pods", "-l", Text.quote(selector)));
    return List.of(Address.absent(asked, why.forNow()));
  }

  private List<String> answer(String asked, List<String> question, Result answer)
      throws Unreachable {
    if (answer.ok()) {
      return answer.lines();
    }
    throw failure(asked, question, answer);
  }

  private Unreachable failure(String asked, List<String> question, Result answer) {
    return new Unreachable(
        asked, explain(asked, answer.err()).orElseGet(() -> Advice.inTheWordsOf(question, answer)));
  }

  private Address pod(String name) {
    return new Address(name, exec(name));
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
                                describe(target.name()))
                            .forNow())
                    : Optional.empty());
  }

  private Optional<Advice> explain(String name, String said) {
    return Symptom.diagnose(
        said,
        List.of(
            new Symptom(
                "exec: \"sh\": |stat /bin/sh",
                "no shell in the pod's container",
                "choose another with --container, or use an image with sh and tar"),
            new Symptom("completed pod", "the pod has finished", look()),
            new Symptom(
                    "container not found|does not have a host assigned|PodInitializing"
                        + "|ContainerCreating|is not running",
                    "the pod is not ready: its container does not run",
                    describe(name))
                .forNow(),
            new Symptom(
                "container .* is not valid for pod",
                "no such container in the pod",
                describe(name)),
            new Symptom(
                "resource type", "no such kind of object in the cluster", "kubectl api-resources"),
            new Symptom(
                "not ?found\\b.*namespace|namespaces? .*not found",
                "no such namespace" + (namespace == null ? "" : ": " + namespace),
                line("get", "namespaces")),
            new Symptom(
                    "\\(NotFound\\)|pod does not exist",
                    "no such " + (name.contains("/") ? "object " : "pod ") + inNamespace(),
                    name.contains("/") ? line("get", name.split("/")[0]) : look())
                .forNow(),
            new Symptom(
                "\\(Forbidden\\)",
                "the cluster forbids this to your account",
                line("auth", "can-i", "create", "pods/exec")),
            new Symptom(
                "unauthorized|must be logged in",
                "the cluster rejects your login",
                "log in again; kubectl config view --minify shows the account"),
            new Symptom(
                "context (.* does not exist|was not found)",
                "no such context in the kubeconfig",
                "kubectl config get-contexts"),
            new Symptom(
                "lookup .*no such host",
                "the host of the cluster's API server is unknown",
                line("config", "view", "--minify")),
            new Symptom(
                    "connection to the server .* was refused|unable to connect to the server",
                    "the cluster's API server does not answer",
                    line("cluster-info"))
                .forNow(),
            new Symptom(
                    "error dialing backend|unable to upgrade connection|i/o timeout",
                    "the pod's node does not answer",
                    describe(name))
                .forNow()));
  }

  private String inNamespace() {
    return "in " + (namespace == null ? "the current namespace" : "namespace " + namespace);
  }

  private String line(String... words) {
    return String.join(" ", kubectl(words));
  }

  private String look() {
    return line("get", "pods");
  }

  private String describe(String name) {
    return line("describe", name.contains("/") ? name : "pod/" + name);
  }

  @Override
  public String asRoot(Address target, String command) {
    var container = this.container == null ? "" : " --container=" + this.container;
    return line("exec", target.name()) + container + " -- " + command;
  }
}
