package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.undertow.Undertow;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.PathTemplateHandler;
import io.undertow.util.Headers;
import io.undertow.util.PathTemplateMatch;
import io.undertow.websockets.WebSocketConnectionCallback;
import io.undertow.websockets.WebSocketProtocolHandshakeHandler;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.CloseMessage;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import io.undertow.websockets.core.protocol.version13.Hybi13Handshake;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * As much of a cluster's API server, on loopback, as the real {@code kubectl} needs to list pods
 * and deployments and to exec: what is run "in a pod" is a process of this machine, behind a prefix
 * such as {@code chroot FOLDER}. Exec is spoken over WebSocket, {@code v5.channel.k8s.io}: binary
 * messages whose first byte is the channel.
 */
final class KubeApi implements AutoCloseable {

  private static final String PROTOCOL = "v5.channel.k8s.io";
  private static final int STDIN = 0;
  private static final int STDOUT = 1;
  private static final int STDERR = 2;
  private static final int STATUS = 3;
  private static final int CLOSE = 255; // followed by the channel that ends

  /** They greet on stderr; a field, since loggers are only weakly held. */
  private static final List<Logger> GREETERS =
      Stream.of("org.xnio", "org.jboss.threads", "io.undertow").map(Logger::getLogger).toList();

  static {
    System.setProperty("org.jboss.logging.provider", "jdk");
    GREETERS.forEach(logger -> logger.setLevel(Level.WARNING));
  }

  /**
   * A pod with one container, of the pod's name.
   *
   * @param phase Pending, Running, Succeeded …; only in a Running one something can be run
   * @param prefix the words before each command run in it; empty to run it here as it is, and a
   *     command that does not exist for a pod without a shell
   */
  record Pod(
      String name, Map<String, String> labels, String phase, boolean ready, List<String> prefix) {}

  private final Map<String, Pod> pods = new ConcurrentSkipListMap<>();
  private final Map<String, Map<String, String>> deployments = new ConcurrentSkipListMap<>();
  private final Set<String> terminating = ConcurrentHashMap.newKeySet();
  private final Map<Process, String> running = new ConcurrentHashMap<>();
  private final Undertow server;
  private final Path folder;

  private KubeApi(Path folder) {
    this.folder = folder;
    var paths =
        new PathTemplateHandler(exchange -> fail(exchange, 404, "NotFound", "no such path"))
            .add("/api", exchange -> answer(exchange, 200, API))
            .add("/apis", exchange -> answer(exchange, 200, APIS))
            .add("/api/v1", exchange -> answer(exchange, 200, CORE))
            .add("/apis/apps/v1", exchange -> answer(exchange, 200, APPS))
            .add("/api/v1/namespaces/default/pods", this::list)
            .add("/api/v1/namespaces/default/pods/{name}", this::pod)
            .add("/api/v1/namespaces/default/pods/{name}/exec", this::exec)
            .add("/apis/apps/v1/namespaces/default/deployments/{name}", this::deployment);
    server = Undertow.builder().addHttpListener(0, "127.0.0.1").setHandler(paths).build();
    server.start();
  }

  /** Why the tests with this end are to be skipped, if they are. */
  static Optional<String> unavailable() {
    if (Commands.missing("kubectl").isPresent()) {
      return Commands.missing("kubectl");
    }
    var version = Commands.run("kubectl", "version", "--client", "-o", "yaml").out();
    var minor = version.replaceAll("(?s).*\\bminor: \"?(\\d+).*", "$1");
    return minor.matches("\\d+") && Integer.parseInt(minor) >= 31
        ? Optional.empty()
        : Optional.of("kubectl is older than 1.31, which was the first to exec over WebSocket");
  }

  /** Starts a server; its kubeconfig and kubectl's cache are put in the folder. */
  static KubeApi start(Path folder) throws IOException {
    var api = new KubeApi(folder);
    var port = ((InetSocketAddress) api.server.getListenerInfo().get(0).getAddress()).getPort();
    Files.writeString(folder.resolve("kubeconfig"), KUBECONFIG.formatted(port));
    return api;
  }

  /** What a process that uses this cluster needs in its environment. */
  Map<String, String> environment() {
    return Map.of(
        "KUBECONFIG", folder.resolve("kubeconfig").toString(),
        "KUBECACHEDIR", folder.resolve("cache").toString());
  }

  /** Adds a pod that is ready. */
  void runPod(String name, Map<String, String> labels, String... prefix) {
    put(new Pod(name, labels, "Running", true, List.of(prefix)));
  }

  /** Adds a pod, or puts it in the place of the one of that name. */
  void put(Pod pod) {
    pods.put(pod.name(), pod);
  }

  /** Adds a deployment that owns the pods with these labels. */
  void deploy(String name, Map<String, String> labels) {
    deployments.put(name, labels);
  }

  /** Begins to end a pod: it is marked as deleted, and what runs in it goes on. */
  void terminate(String pod) {
    terminating.add(pod);
  }

  /** Removes a pod and kills what runs in it. */
  void delete(String pod) {
    pods.remove(pod);
    terminating.remove(pod);
    running.forEach(
        (process, where) -> {
          if (where.equals(pod)) {
            Commands.killTree(process);
          }
        });
  }

  @Override
  public void close() {
    running.keySet().forEach(Commands::killTree);
    server.stop();
  }

  private void list(HttpServerExchange exchange) {
    var selector = Optional.ofNullable(exchange.getQueryParameters().get("labelSelector"));
    var wanted = selector.map(Deque::getFirst).map(KubeApi::labels).orElse(Map.of());
    answer(
        exchange,
        200,
        pods.values().stream()
            .filter(pod -> pod.labels().entrySet().containsAll(wanted.entrySet()))
            .map(this::json)
            .collect(
                Collectors.joining(",", "{'kind':'PodList','apiVersion':'v1','items':[", "]}")));
  }

  private void pod(HttpServerExchange exchange) {
    var pod = pods.get(name(exchange));
    if (pod == null) {
      fail(exchange, 404, "NotFound", "pods \\\"" + name(exchange) + "\\\" not found");
    } else {
      answer(exchange, 200, json(pod));
    }
  }

  private void deployment(HttpServerExchange exchange) {
    var labels = deployments.get(name(exchange));
    if (labels == null) {
      fail(exchange, 404, "NotFound", "deployments.apps \\\"%s\\\" not found", name(exchange));
    } else {
      answer(exchange, 200, DEPLOYMENT.formatted(name(exchange), json(labels)));
    }
  }

  private void exec(HttpServerExchange exchange) throws Exception {
    var pod = pods.get(name(exchange));
    var container = exchange.getQueryParameters().get("container").getFirst();
    var command = List.copyOf(exchange.getQueryParameters().get("command"));
    if (pod == null || !pod.phase().equals("Running")) {
      exchange.setStatusCode(404); // not in JSON: passed on from the node, as it is
      exchange.getResponseSender().send("container not found (\"" + container + "\")");
    } else if (!container.equals(pod.name())) {
      var message = "container " + container + " is not valid for pod " + pod.name();
      fail(exchange, 400, "BadRequest", message);
    } else {
      var websocket = new Hybi13Handshake(Set.of(PROTOCOL), false);
      WebSocketConnectionCallback opened = (request, channel) -> new Exec(channel, pod, command);
      new WebSocketProtocolHandshakeHandler(List.of(websocket), opened).handleRequest(exchange);
    }
  }

  /** A process whose streams are the channels of a WebSocket. */
  private final class Exec extends AbstractReceiveListener {

    /** As many messages (32 KiB at most) may wait for the process; then no more are received. */
    private static final int WAITING = 64;

    private static final byte[] END = {};

    private final BlockingQueue<byte[]> stdin = new LinkedBlockingQueue<>();
    private final WebSocketChannel channel;
    private Process process;

    Exec(WebSocketChannel channel, Pod pod, List<String> command) {
      this.channel = channel;
      var here = new ArrayList<>(pod.prefix());
      here.addAll(command);
      try {
        process = new ProcessBuilder(here).start();
      } catch (IOException e) {
        send(STATUS, NO_COMMAND.formatted(command.get(0)).replace('\'', '"'));
        WebSockets.sendClose(CloseMessage.NORMAL_CLOSURE, "", channel, null);
        return;
      }
      running.put(process, pod.name());
      Commands.daemon(this::feed);
      Commands.daemon(this::follow);
      channel.getReceiveSetter().set(this);
      channel.addCloseTask(closed -> Commands.killTree(process));
      channel.resumeReceives();
    }

    @Override
    protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
      try (var data = message.getData()) {
        var bytes = WebSockets.mergeBuffers(data.getResource());
        var to = bytes.get() & 0xFF;
        if (to == STDIN && bytes.hasRemaining()) {
          var copy = new byte[bytes.remaining()];
          bytes.get(copy);
          stdin.add(copy);
        } else if (to == CLOSE) {
          stdin.add(END);
        }
        if (stdin.size() > WAITING) {
          channel.suspendReceives();
        }
      }
    }

    private void feed() {
      try (var out = process.getOutputStream()) {
        while (process.isAlive()) {
          var bytes = stdin.take();
          if (bytes == END) {
            return;
          }
          out.write(bytes);
          out.flush();
          if (stdin.size() < WAITING / 2) {
            channel.resumeReceives();
          }
        }
      } catch (IOException | InterruptedException e) {
        // The process has ended; follow() says so.
      }
    }

    private void follow() {
      try {
        var errors = Commands.daemon(() -> pump(process.getErrorStream(), STDERR));
        pump(process.getInputStream(), STDOUT);
        errors.join();
        var code = process.waitFor();
        send(STATUS, (code == 0 ? SUCCESS : EXIT_CODE.formatted(code, code)).replace('\'', '"'));
        WebSockets.sendCloseBlocking(CloseMessage.NORMAL_CLOSURE, "", channel);
      } catch (IOException | InterruptedException | UncheckedIOException e) {
        Commands.killTree(process); // The client has gone.
      } finally {
        running.remove(process);
        stdin.add(END);
      }
    }

    private void pump(InputStream in, int to) {
      var buffer = new byte[32 * 1024];
      try {
        for (int n; (n = in.read(buffer)) >= 0; ) {
          send(to, ByteBuffer.wrap(buffer, 0, n));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void send(int to, String text) {
      send(to, ByteBuffer.wrap(text.getBytes(UTF_8)));
    }

    /** Sends all of a message before it returns; two threads have things to send. */
    private synchronized void send(int to, ByteBuffer bytes) {
      try {
        var channelByte = ByteBuffer.wrap(new byte[] {(byte) to});
        WebSockets.sendBinaryBlocking(new ByteBuffer[] {channelByte, bytes}, channel);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static String name(HttpServerExchange exchange) {
    return exchange.getAttachment(PathTemplateMatch.ATTACHMENT_KEY).getParameters().get("name");
  }

  private static void fail(
      HttpServerExchange exchange, int code, String reason, String message, Object... args) {
    answer(exchange, code, STATUS_FAILED.formatted(reason, message.formatted(args), code));
  }

  private static void answer(HttpServerExchange exchange, int code, String json) {
    exchange.setStatusCode(code);
    exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, "application/json");
    exchange.getResponseSender().send(json.replace('\'', '"'));
  }

  /** {@code app=web,tier=front} as a map. */
  private static Map<String, String> labels(String selector) {
    return List.of(selector.split(",")).stream()
        .map(label -> label.split("==?"))
        .collect(Collectors.toMap(label -> label[0], label -> label[1]));
  }

  private static String json(Map<String, String> labels) {
    return labels.entrySet().stream()
        .map(label -> "'" + label.getKey() + "':'" + label.getValue() + "'")
        .collect(Collectors.joining(",", "{", "}"));
  }

  private String json(Pod pod) {
    var ready = pod.ready() ? "True" : "False";
    var deleted =
        terminating.contains(pod.name()) ? ",'deletionTimestamp':'2026-01-01T00:00:00Z'" : "";
    var labels = json(pod.labels()) + deleted;
    return POD.formatted(pod.name(), labels, pod.name(), pod.phase(), ready);
  }

  // What the server answers, with ' for ".

  private static final String POD =
      """
      {'kind':'Pod','apiVersion':'v1',
       'metadata':{'name':'%s','namespace':'default','labels':%s},
       'spec':{'containers':[{'name':'%s','image':'test'}]},
       'status':{'phase':'%s','conditions':[{'type':'Ready','status':'%s'}]}}
      """;
  private static final String DEPLOYMENT =
      """
      {'kind':'Deployment','apiVersion':'apps/v1',
       'metadata':{'name':'%s','namespace':'default'},
       'spec':{'selector':{'matchLabels':%s}}}
      """;
  private static final String SUCCESS = "{'metadata':{},'status':'Success'}";
  private static final String EXIT_CODE =
      """
      {'metadata':{},'status':'Failure','reason':'NonZeroExitCode',
       'message':'command terminated with non-zero exit code: exit status %d',
       'details':{'causes':[{'reason':'ExitCode','message':'%d'}]}}
      """;
  private static final String STATUS_FAILED =
      """
      {'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure',
       'reason':'%s','message':'%s','code':%d}
      """;
  private static final String NO_COMMAND =
      """
      {'metadata':{},'status':'Failure','reason':'InternalError','code':500,
       'message':'Internal error occurred: error executing command in container: failed to exec in\
       container: failed to start exec: OCI runtime exec failed: exec failed: unable to start\
       container process: exec: \\"%s\\": executable file not found in $PATH: unknown'}
      """;
  private static final String API = "{'kind':'APIVersions','versions':['v1']}";
  private static final String APIS =
      """
      {'kind':'APIGroupList','apiVersion':'v1','groups':[
       {'name':'apps','versions':[{'groupVersion':'apps/v1','version':'v1'}],
        'preferredVersion':{'groupVersion':'apps/v1','version':'v1'}}]}
      """;
  private static final String CORE =
      """
      {'kind':'APIResourceList','apiVersion':'v1','groupVersion':'v1','resources':[
       {'name':'pods','singularName':'pod','namespaced':true,'kind':'Pod','shortNames':['po'],
        'verbs':['get','list']},
       {'name':'pods/exec','singularName':'','namespaced':true,'kind':'PodExecOptions',
        'verbs':['create','get']}]}
      """;
  private static final String APPS =
      """
      {'kind':'APIResourceList','apiVersion':'v1','groupVersion':'apps/v1','resources':[
       {'name':'deployments','singularName':'deployment','namespaced':true,'kind':'Deployment',
        'shortNames':['deploy'],'verbs':['get','list']}]}
      """;
  private static final String KUBECONFIG =
      """
      apiVersion: v1
      kind: Config
      clusters: [{name: test, cluster: {server: "http://127.0.0.1:%d"}}]
      users: [{name: test, user: {}}]
      contexts: [{name: test, context: {cluster: test, user: test, namespace: default}}]
      current-context: test
      """;
}
