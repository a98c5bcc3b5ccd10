package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Transport.Address;
import dev.frep.Transport.Advice;
import dev.frep.Transport.Result;
import dev.frep.Transport.Tools;
import dev.frep.Transport.Unreachable;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Runs the commands that transports describe with the real tools at real targets: they reach a
 * shell, or the transport explains why not.
 */
class TransportsTest {

  /** Returns the transport of this name after picocli has parsed the words. */
  private static Transport given(String name, String... words) {
    var command = CommandSpec.create();
    var transports = Transports.addTo(command, problem -> assertEquals("", problem));
    new CommandLine(command).parseArgs(words);
    return transports.stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
  }

  private static Tools tools(Map<String, String> environment) {
    return command -> Commands.run(environment, "", command);
  }

  /** Fails when a transport asks a question. */
  private static final Tools NO_TOOLS =
      command -> {
        throw new AssertionError(command);
      };

  private static Address only(Transport transport) throws Unreachable {
    var targets = transport.targets(NO_TOOLS);
    assertEquals(1, targets.size());
    return targets.get(0);
  }

  /** Returns what a target's shell prints for the commands. */
  private static String say(Address target, Map<String, String> environment, String commands) {
    var answer = Commands.run(environment, commands, target.command());
    assertTrue(answer.ok(), answer::toString);
    return answer.out();
  }

  /** Returns the advice on a connection command that fails. */
  private static Advice advice(Transport transport, Map<String, String> environment)
      throws Unreachable {
    var target = only(transport);
    var answer = Commands.run(environment, "echo never\n", target.command());
    assertFalse(answer.ok() || answer.out().contains("never"), answer::toString);
    return transport
        .explain(target, answer.exitCode(), answer.out() + answer.err())
        .orElseThrow(() -> new AssertionError(answer));
  }

  /** Returns the advice on targets that cannot be found. */
  private static Advice unreachable(Transport transport, Map<String, String> environment) {
    try {
      var targets = transport.targets(tools(environment));
      assertEquals(1, targets.size());
      return targets.get(0).absent().orElseThrow(() -> new AssertionError(targets));
    } catch (Unreachable unreachable) {
      return unreachable.advice();
    }
  }

  private static List<String> names(Transport transport, Map<String, String> environment)
      throws Unreachable {
    return transport.targets(tools(environment)).stream().map(Address::name).sorted().toList();
  }

  private static void skipIf(Optional<String> unavailable) {
    assumeTrue(unavailable.isEmpty(), () -> unavailable.orElseThrow());
  }

  private static Map<String, String> and(Map<String, String> map, String key, String value) {
    var both = new HashMap<>(map);
    both.put(key, value);
    return both;
  }

  @Nested
  class Options {

    @Test
    void areListedInAGroupForEachTransport() {
      var command = CommandSpec.create();
      Transports.addTo(command, problem -> assertEquals("", problem));
      var help = new CommandLine(command).getUsageMessage(CommandLine.Help.Ansi.OFF);
      for (var group : List.of("ssh", "docker", "podman", "docker-compose", "kubectl", "local")) {
        assertTrue(help.contains("\n" + group + ":\n"), help);
      }
      assertTrue(help.indexOf("\npodman:\n") < help.indexOf("running Podman container"), help);
    }

    @Test
    void thatAreNotGivenAskForNothing() throws Exception {
      var command = CommandSpec.create();
      var transports = Transports.addTo(command, problem -> assertEquals("", problem));
      new CommandLine(command).parseArgs();
      assertEquals(6, transports.size());
      for (var transport : transports) {
        assertEquals(List.of(), transport.targets(NO_TOOLS));
      }
    }

    @Test
    void canBeGivenSeveralTimes() throws Exception {
      var words = new String[] {"--docker", "a", "--ssh=h", "--docker=b"};
      var docker = given("docker", words);
      var targets = docker.targets(NO_TOOLS);
      assertEquals(List.of("a", "b"), targets.stream().map(Address::name).toList());
      assertEquals("docker:b", docker.label(targets.get(1)));
      assertEquals("h", only(given("ssh", words)).name());
    }

    @Test
    void refuseANameThatBeginsWithADash() {
      for (var option : List.of("ssh", "docker", "podman", "docker-compose", "kubectl")) {
        var transport = given(option, "--" + option + "=-oProxyCommand=x");
        var e = assertThrows(IllegalArgumentException.class, () -> transport.targets(NO_TOOLS));
        assertEquals("--" + option + ": '-oProxyCommand=x' is not a name", e.getMessage());
      }
    }

    @Test
    void refuseKubectlWithNothingToFind() {
      var transport = given("kubectl", "--kubectl");
      assertThrows(IllegalArgumentException.class, () -> transport.targets(NO_TOOLS));
    }

    @Test
    void ofABrokenPlugInAreLeftOutAndItIsNamed(@TempDir Path folder) throws Exception {
      var missing = folder.resolve("missing/META-INF/services/dev.frep.Transport");
      Files.createDirectories(missing.getParent());
      Files.writeString(missing, "org.example.Missing\n");
      var problems = new ArrayList<String>();
      var command = CommandSpec.create();
      var urls = List.of(folder.resolve("missing"), buildShout(folder.resolve("shout")));
      var transports = withPlugIns(urls, () -> Transports.addTo(command, problems::add));
      assertEquals(1, problems.size());
      assertTrue(problems.get(0).contains("org.example.Missing"), problems::toString);

      new CommandLine(command).parseArgs("--shout", "hey");
      var shout = transports.get(transports.size() - 1);
      assertEquals("hey!\nok\n", say(only(shout), Map.of(), "echo ok\n"));
      assertEquals("shout:hey", shout.label(only(shout)));
    }

    @Test
    void ofAPlugInAreLeftOutIfOneIsAnothers(@TempDir Path folder) throws Exception {
      var command = CommandSpec.create();
      command.addOption(CommandLine.Model.OptionSpec.builder("--shout").build());
      var problems = new ArrayList<String>();
      var urls = List.of(buildShout(folder));
      assertEquals(6, withPlugIns(urls, () -> Transports.addTo(command, problems::add)).size());
      assertEquals(List.of("org.example.shout.Shout: option --shout is taken already"), problems);
    }

    /** Compiles the sample plug-in against frep's jar, as its author would. */
    static Path buildShout(Path folder) throws Exception {
      var services = Files.createDirectories(folder.resolve("META-INF/services"));
      Files.writeString(services.resolve("dev.frep.Transport"), "org.example.shout.Shout\n");
      var source = folder.resolve("Shout.java");
      try (var sample = TransportsTest.class.getResourceAsStream("/plugin/Shout.java")) {
        Files.copy(sample, source);
      }
      var classPath = jarOf(Transport.class) + File.pathSeparator + jarOf(CommandLine.class);
      var javac = List.of("-proc:none", "-cp", classPath, "-d", folder + "", source + "");
      var compiler = ToolProvider.getSystemJavaCompiler();
      assertEquals(0, compiler.run(null, null, null, javac.toArray(String[]::new)));
      return folder;
    }

    private static Path jarOf(Class<?> type) throws URISyntaxException {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private static <T> T withPlugIns(List<Path> classPath, Supplier<T> supplier)
        throws IOException {
      var urls = new ArrayList<URL>();
      for (var path : classPath) {
        urls.add(path.toUri().toURL());
      }
      var loader = Thread.currentThread().getContextClassLoader();
      // Left open: the test uses its classes until the end.
      Thread.currentThread()
          .setContextClassLoader(new URLClassLoader(urls.toArray(URL[]::new), loader));
      try {
        return supplier.get();
      } finally {
        Thread.currentThread().setContextClassLoader(loader);
      }
    }
  }

  @Nested
  class LocalShell {

    @Test
    void isBashWhereThereIsOne() throws Exception {
      var target = only(given("local", "--local"));
      assertEquals("ok bash\n", say(target, Map.of(), "echo ok ${BASH_VERSION:+bash}\n"));
    }

    @Test
    void isShWhereThereIsNoBash(@TempDir Path folder) throws Exception {
      Files.createSymbolicLink(folder.resolve("sh"), Path.of("/bin/sh"));
      var target = only(given("local", "--local"));
      var path = Map.of("PATH", folder.toString());
      assertEquals("ok\n", say(target, path, "echo ok ${BASH_VERSION:+bash}\n"));
    }
  }

  @Nested
  class OverSsh {
    @TempDir static Path folder;
    private static Sshd sshd;

    @BeforeAll
    static void start() throws IOException {
      skipIf(Sshd.unavailable());
      sshd = Sshd.start(folder);
    }

    @AfterAll
    static void stop() {
      if (sshd != null) {
        sshd.close();
      }
    }

    private static Transport ssh(String host, String... options) {
      var words = new ArrayList<>(List.of("--ssh=" + host));
      words.addAll(List.of(options));
      words.add("--ssh-option=-F" + sshd.clientConfig());
      return given("ssh", words.toArray(String[]::new));
    }

    @Test
    void aShellAnswers() throws Exception {
      assertEquals(
          "ok bash\n", say(only(ssh("target")), Map.of(), "echo ok ${BASH_VERSION:+bash}\n"));
    }

    @Test
    void aNoisyLoginShellIsHeardOnce() throws Exception {
      Files.writeString(sshd.home().resolve(".bashrc"), "echo welcome\n");
      try {
        assertEquals("welcome\nok\n", say(only(ssh("target")), Map.of(), "echo ok\n"));
      } finally {
        Files.delete(sshd.home().resolve(".bashrc"));
      }
    }

    @Test
    void theUsersOptionsStandBeforeOurs() throws Exception {
      var command = only(given("ssh", "--ssh=h", "--ssh-option", "-p22", "--ssh-option", "Foo=1"));
      assertEquals(List.of("ssh", "-T", "-p22", "-o", "Foo=1"), command.command().subList(0, 5));
      assertTrue(command.command().containsAll(List.of("BatchMode=yes", "--", "h")));
    }

    @Test
    void theHostIsUnknown() throws Exception {
      assertEquals("unknown host", advice(ssh("nosuch.invalid"), Map.of()).message());
    }

    @Test
    void theKeyIsRefused() throws Exception {
      var key = "--ssh-option=-i" + sshd.strangersKey();
      var own =
          "--ssh-option=-F"
              + Files.writeString(
                  folder.resolve("stranger_config"),
                  Files.readString(sshd.clientConfig()).replace("/user\n", "/stranger\n"));
      var advice = advice(given("ssh", "--ssh=target", key, own), Map.of());
      assertEquals("the host rejects your keys", advice.message());
      assertEquals("ssh-copy-id target", advice.hint());
    }

    @Test
    void theHostsKeyIsNotKnown() throws Exception {
      var advice = advice(ssh("target", "--ssh-option=UserKnownHostsFile=none"), Map.of());
      assertEquals("the host's key is not known yet", advice.message());
    }

    @Test
    void theHostsKeyHasChanged() throws Exception {
      var other = folder.resolve("other");
      var key = Files.readString(folder.resolve("user.pub"));
      Files.writeString(other, "[127.0.0.1]:" + sshd.port() + " " + key);
      var advice = advice(ssh("target", "--ssh-option=UserKnownHostsFile=" + other), Map.of());
      assertTrue(advice.message().startsWith("the host's key has changed"));
    }

    @Test
    void nothingListens() throws Exception {
      var advice = advice(ssh("target", "--ssh-option=Port=1"), Map.of());
      assertEquals("nothing listens at the host's ssh port", advice.message());
    }

    @Test
    void anOptionIsUnknown() throws Exception {
      var advice = advice(ssh("target", "--ssh-option=Foo=1"), Map.of());
      assertEquals("ssh does not know one of its options", advice.message());
    }

    @Test
    void theAccountHasNoShell() throws Exception {
      assumeTrue(System.getProperty("user.name").equals("root"), "only root logs in as others");
      var advice = advice(ssh("games@target"), Map.of());
      assertEquals("the account may not run a shell", advice.message());
    }
  }

  @Nested
  class InDocker {
    private static DockerEngine engine;
    private static Path project;

    @BeforeAll
    static void start() throws IOException {
      skipIf(DockerEngine.unavailable());
      engine = DockerEngine.start();
      engine.run("web", Rootfs.GNU);
      engine.run("busy", Rootfs.BUSYBOX);
      engine.run("bare", Rootfs.NO_SHELL);
    }

    @AfterAll
    static void stop() throws IOException {
      if (engine != null) {
        engine.close();
      }
    }

    private static Transport docker(String... words) {
      return given("docker", words);
    }

    private static Advice adviceOn(String container) throws Unreachable {
      return advice(docker("--docker", container), engine.environment());
    }

    @Test
    void aShellAnswers() throws Exception {
      var echo = "echo ok ${BASH_VERSION:+bash}\n";
      var web = only(docker("--docker", "web"));
      assertEquals("ok bash\n", say(web, engine.environment(), echo));
      var busy = only(docker("--docker", "busy"));
      assertEquals("ok\n", say(busy, engine.environment(), echo));
    }

    @Test
    void aShellAnswersAsAnotherUser() throws Exception {
      var web = only(docker("--docker", "web", "--docker-user", "code"));
      assertEquals("1000\n", say(web, engine.environment(), "id -u\n"));
    }

    @Test
    void theContainerHasNoSuchUser() throws Exception {
      var advice = advice(docker("--docker=web", "--docker-user=bob"), engine.environment());
      assertEquals("no such user in the container", advice.message());
    }

    @Test
    void theContainerIsStoppedAndFoundAgain() throws Exception {
      engine.run("short", Rootfs.BUSYBOX);
      engine.docker("stop", "--time=0", "short");
      var advice = adviceOn("short");
      assertEquals("the container is not running", advice.message());
      assertEquals("docker start short", advice.hint());
      engine.docker("start", "short");
      assertEquals("ok\n", say(only(docker("--docker=short")), engine.environment(), "echo ok\n"));
    }

    @Test
    void theContainerIsPaused() throws Exception {
      engine.run("paused", Rootfs.BUSYBOX);
      engine.docker("pause", "paused");
      assertEquals(
          new Advice("the container is paused", "docker unpause paused").forNow(),
          adviceOn("paused"));
      engine.docker("unpause", "paused");
    }

    @Test
    void theContainerStopsUnderTheShell() throws Exception {
      engine.run("brief", Rootfs.BUSYBOX);
      var advice =
          docker("--docker=brief")
              .explain(
                  new Address("brief", List.of()),
                  Commands.run(
                          engine.environment(),
                          "kill -9 $$\n",
                          only(docker("--docker=brief")).command())
                      .exitCode(),
                  "");
      assertTrue(advice.orElseThrow().message().startsWith("the shell was killed"));
    }

    @Test
    void theImageHasNoShell() throws Exception {
      assertEquals("no shell in the container's image", adviceOn("bare").message());
    }

    @Test
    void theNameIsWrong() throws Exception {
      assertEquals("no such container", adviceOn("nosuch").message());
    }

    @Test
    void theDaemonIsNotRunning() throws Exception {
      for (var host : List.of("unix:///nosuch.sock", "tcp://127.0.0.1:1")) {
        var advice = advice(docker("--docker=web"), Map.of("DOCKER_HOST", host));
        assertEquals("the docker daemon does not answer", advice.message());
      }
    }

    @Test
    void theContextIsUnknown() throws Exception {
      var elsewhere = Map.of("DOCKER_HOST", "", "DOCKER_CONTEXT", "nosuch");
      var advice = advice(docker("--docker=web"), elsewhere);
      assertEquals("no such context", advice.message());
    }

    @Test
    void theSocketIsNotForThisUser() throws Exception {
      var docker = docker("--docker=web");
      var command = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--clear-groups"));
      command.addAll(only(docker).command());
      var answer = Commands.run(engine.environment(), "", command);
      var advice = docker.explain(only(docker), answer.exitCode(), answer.err());
      assertEquals("your user may not use the docker socket", advice.orElseThrow().message());
    }

    @Test
    void rootIsReachedForInstalling() throws Exception {
      var docker = docker("--docker=web");
      assertEquals("docker exec -u 0 web apk add tar", docker.asRoot(only(docker), "apk add tar"));
    }

    /** The replicas of a Compose service. */
    @Nested
    class Compose {

      @BeforeAll
      static void up() throws IOException {
        skipIf(Commands.missing("docker-compose"));
        project = engine.composeUp("shop", Rootfs.BUSYBOX, 3);
      }

      private static Transport compose(String service, String... words) {
        var all = new ArrayList<>(List.of("--docker-compose", service, "--compose-file"));
        all.add(project.toString());
        all.addAll(List.of(words));
        return given("docker-compose", all.toArray(String[]::new));
      }

      @Test
      void areAllFoundAndAnswer() throws Exception {
        var targets = compose("web").targets(tools(engine.environment()));
        assertEquals(3, targets.size());
        for (var target : targets) {
          assertEquals("ok\n", say(target, engine.environment(), "echo ok\n"));
        }
      }

      @Test
      void areChosenByIndex() throws Exception {
        assertEquals(
            List.of("shop_web_2"), names(compose("web", "--index=2"), engine.environment()));
        var advice = unreachable(compose("web", "--index=4"), engine.environment());
        assertEquals("no running container with index 4", advice.message());
      }

      @Test
      void areFoundAgainAfterOneWasStopped() throws Exception {
        engine.docker("stop", "--time=0", "shop_web_3");
        var two = List.of("shop_web_1", "shop_web_2");
        assertEquals(two, names(compose("web"), engine.environment()));
        engine.docker("start", "shop_web_3");
        assertEquals(3, names(compose("web"), engine.environment()).size());
      }

      @Test
      void areStartedByTheHintIfNoneRuns() {
        var advice = unreachable(compose("web", "--compose-project=other"), engine.environment());
        assertEquals("no running container", advice.message());
        assertEquals(
            "docker-compose --file " + project + " --project-name other up -d web", advice.hint());
      }

      @Test
      void areOfAServiceThatTheProjectHas() {
        var advice = unreachable(compose("nosuch"), engine.environment());
        assertEquals("no such service in the Compose project", advice.message());
      }

      @Test
      void areOfAProjectThatIsHere() {
        var advice =
            unreachable(compose("web", "--compose-file=/nosuch.yml"), engine.environment());
        assertEquals("no Compose project in the current folder", advice.message());
      }

      @Test
      void areOfADaemonThatRuns() {
        for (var host : List.of("unix:///nosuch.sock", "tcp://127.0.0.1:1")) {
          var advice = unreachable(compose("web"), Map.of("DOCKER_HOST", host));
          assertEquals("the docker daemon does not answer", advice.message());
        }
      }

      @Test
      void areAskedOfDockersPlugInWhereItExists() throws Exception {
        var asked = new ArrayList<String>();
        Tools plugin =
            command -> {
              asked.add(String.join(" ", command));
              var inspect = command.contains("inspect");
              return new Result(0, inspect ? "/shop-web-1 running 1\n" : "4f1d\n", "");
            };
        var targets = given("docker-compose", "--docker-compose=web").targets(plugin);
        assertEquals("shop-web-1", targets.get(0).name());
        assertEquals("docker compose ps -q web", asked.get(1));
      }
    }
  }

  @Nested
  class InPodman {
    private static PodmanStore store;

    @BeforeAll
    static void start() throws IOException {
      skipIf(PodmanStore.unavailable());
      store = PodmanStore.start();
      store.run("web");
    }

    @AfterAll
    static void stop() {
      if (store != null) {
        store.close();
      }
    }

    private static Transport podman(String container) {
      return given("podman", "--podman", container);
    }

    @Test
    void aShellAnswers() throws Exception {
      assertEquals("ok\n", say(only(podman("web")), store.environment(), "echo ok\n"));
    }

    @Test
    void theContainerIsStopped() throws Exception {
      store.run("short");
      store.podman("stop", "--time=0", "short");
      assertEquals(
          new Advice("the container is not running", "podman start short").forNow(),
          advice(podman("short"), store.environment()));
    }

    @Test
    void theNameIsWrong() throws Exception {
      var advice = advice(podman("nosuch"), store.environment());
      assertEquals(
          new Advice("no such container", "podman ps --all --format '{{.Names}}'").forNow(),
          advice);
    }

    @Test
    void theImageHasNoShell() throws Exception {
      store.podman("exec", "web", "rm", "/bin/sh");
      try {
        var advice = advice(podman("web"), store.environment());
        assertEquals("no shell in the container's image", advice.message());
      } finally {
        store.podman("exec", "web", "ln", "-s", "busybox", "/bin/sh");
      }
    }
  }

  @Nested
  class InKubernetes {
    private static final Map<String, String> WEB = Map.of("app", "web", "tier", "front");

    @TempDir static Path folder;
    private static KubeApi cluster;

    @BeforeAll
    static void start() throws IOException {
      skipIf(KubeApi.unavailable());
      cluster = KubeApi.start(folder);
      cluster.deploy("web", WEB);
      cluster.deploy("none", Map.of("app", "none"));
      cluster.runPod("web-1", WEB);
      cluster.runPod("web-2", WEB);
      cluster.put(new KubeApi.Pod("web-3", WEB, "Running", false, List.of()));
      cluster.put(new KubeApi.Pod("new-1", Map.of("app", "new"), "Pending", false, List.of()));
      cluster.put(new KubeApi.Pod("done", Map.of("app", "done"), "Succeeded", false, List.of()));
      cluster.runPod("bare", Map.of("app", "bare"), "/nosuch");
    }

    @AfterAll
    static void stop() {
      if (cluster != null) {
        cluster.close();
      }
    }

    private static Transport kubectl(String... words) {
      return given("kubectl", words);
    }

    @Test
    void aPodAnswers() throws Exception {
      var pod = only(kubectl("--kubectl", "web-1", "--container=web-1", "--context=test"));
      assertEquals("ok\n", say(pod, cluster.environment(), "echo ok\n"));
      assertEquals(
          List.of("kubectl", "--context=test", "exec", "-i", "web-1", "--container=web-1", "--"),
          pod.command().subList(0, 7));
    }

    @Test
    void everyRunningPodOfADeploymentIsFound() throws Exception {
      var pods = List.of("web-1", "web-2", "web-3");
      assertEquals(pods, names(kubectl("--kubectl=deploy/web"), cluster.environment()));
      assertEquals(pods, names(kubectl("-l", "app=web"), cluster.environment()));
      assertEquals(pods, names(kubectl("--kubectl", "-l", "app=web"), cluster.environment()));
      assertEquals(
          pods, names(kubectl("--kubectl=deploy/web", "-lapp=web"), cluster.environment()));
    }

    @Test
    void aPodThatWasReplacedIsFoundAgain() throws Exception {
      var labels = Map.of("app", "again");
      cluster.deploy("again", labels);
      cluster.runPod("again-a", labels);
      var again = kubectl("--kubectl=deploy/again");
      assertEquals(List.of("again-a"), names(again, cluster.environment()));
      cluster.delete("again-a");
      cluster.runPod("again-b", labels);
      assertEquals(List.of("again-b"), names(again, cluster.environment()));
    }

    @Test
    void noPodRuns() {
      var advice = unreachable(kubectl("-l", "app=new"), cluster.environment());
      assertEquals("no pod runs in the current namespace: new-1 Pending", advice.message());
      assertEquals("kubectl get pods -l 'app=new'", advice.hint());
    }

    @Test
    void noPodMatches() {
      var advice = unreachable(kubectl("--kubectl=deploy/none"), cluster.environment());
      assertEquals("no matching pod in the current namespace", advice.message());
    }

    @Test
    void thePodIsNotReady() throws Exception {
      var advice = advice(kubectl("--kubectl=new-1"), cluster.environment());
      assertEquals("the pod is not ready: its container does not run", advice.message());
      assertEquals("kubectl describe pod/new-1", advice.hint());
    }

    @Test
    void thePodHasRunToItsEnd() throws Exception {
      var advice = advice(kubectl("--kubectl=done"), cluster.environment());
      assertEquals("the pod has finished", advice.message());
    }

    @Test
    void theImageHasNoShell() throws Exception {
      var advice = advice(kubectl("--kubectl=bare"), cluster.environment());
      assertEquals("no shell in the pod's container", advice.message());
    }

    @Test
    void theContainerIsUnknown() throws Exception {
      var advice = advice(kubectl("--kubectl=web-1", "--container=x"), cluster.environment());
      assertEquals("no such container in the pod", advice.message());
    }

    @Test
    void theNameIsWrong() throws Exception {
      assertEquals(
          "no such pod in the current namespace",
          advice(kubectl("--kubectl=nosuch"), cluster.environment()).message());
      assertEquals(
          "no such object in the current namespace",
          unreachable(kubectl("--kubectl=deploy/nosuch"), cluster.environment()).message());
      assertEquals(
          "no such kind of object in the cluster",
          unreachable(kubectl("--kubectl=foo/bar"), cluster.environment()).message());
    }

    @Test
    void theContextIsUnknown() throws Exception {
      var advice = advice(kubectl("--kubectl=web-1", "--context=x"), cluster.environment());
      assertEquals("no such context in the kubeconfig", advice.message());
    }

    @Test
    void theServerDoesNotAnswer() throws Exception {
      var config = folder.resolve("dead");
      Files.writeString(
          config,
          Files.readString(folder.resolve("kubeconfig"))
              .replaceAll("http://127.0.0.1:\\d+", "http://127.0.0.1:1"));
      var elsewhere = and(cluster.environment(), "KUBECONFIG", config.toString());
      var message = "the cluster's API server does not answer";
      assertEquals(message, advice(kubectl("--kubectl=web-1"), elsewhere).message());
      assertEquals(message, unreachable(kubectl("-lapp=web"), elsewhere).message());
    }

    @Test
    void thePodIsDeletedUnderTheShell() throws Exception {
      cluster.runPod("brief", Map.of());
      var pod = only(kubectl("--kubectl=brief"));
      var shell = new ProcessBuilder(pod.command());
      shell.environment().putAll(cluster.environment());
      var process = shell.start();
      process.outputWriter().append("echo ok\n").flush();
      assertEquals("ok", process.inputReader().readLine());
      cluster.delete("brief");
      var advice = kubectl("--kubectl=brief").explain(pod, process.waitFor(), "");
      assertTrue(advice.orElseThrow().message().startsWith("the shell was killed"));
    }
  }
}
