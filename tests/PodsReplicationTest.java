package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Replication.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * frep's command line with the pods of a cluster for targets: the real {@code kubectl}, and folders
 * of this machine in which what is run "in a pod" finds nothing but BusyBox.
 */
class PodsReplicationTest {

  private static final String CODE = "/home/code";

  /** A pod that is in the cluster's list has the code within this time. */
  private static final Duration SOON = Duration.ofSeconds(5);

  private static final Map<String, String> WEB = Map.of("app", "web");

  @TempDir static Path shared;
  private static KubeApi cluster;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws IOException {
    var user = System.getProperty("user.name");
    var missing =
        Stream.of(
                KubeApi.unavailable(),
                Commands.missing("busybox"),
                user.equals("root")
                    ? Optional.<String>empty()
                    : Optional.of("only root may chroot"))
            .flatMap(Optional::stream)
            .findFirst();
    assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
    cluster = KubeApi.start(shared);
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  /** Starts a pod with a file system of its own, or again if that is there. */
  private static Place runPod(String name, Map<String, String> labels) throws IOException {
    var root = shared.resolve(name);
    if (!Files.exists(root)) {
      Rootfs.BUSYBOX.make(root);
      Commands.succeed(
          Map.of(), List.of("mknod", "-m", "666", root.resolve("dev/null") + "", "c", "1", "3"));
    }
    var run = List.of("chroot", root.toString());
    cluster.runPod(name, labels, run.toArray(String[]::new));
    return new Place(Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), run, CODE);
  }

  private Replication replication() throws IOException {
    return new Replication(folder, cluster.environment());
  }

  @Test
  void aPodTellsTheWholeStory() throws Exception {
    var pod = runPod("alone", Map.of());
    try (var frep = replication()) {
      frep.tell(
          () -> cluster.delete("alone"),
          () -> runPod("alone", Map.of()),
          CODE,
          List.of(pod),
          "--kubectl=alone",
          "--container=alone",
          "--namespace=default");
    }
  }

  @Test
  void aCommandRunsInAPodAsIfItRanHere() throws Exception {
    runPod("run", Map.of());
    try (var frep = replication()) {
      frep.run(CODE, "--kubectl=run");
    }
  }

  @Test
  void ofADeploymentAllAreKeptAndOneThatReplacesAnotherIsFound() throws Exception {
    cluster.deploy("web", WEB);
    var places = new ArrayList<>(List.of(runPod("web-1", WEB), runPod("web-2", WEB)));
    try (var frep = replication()) {
      frep.start(CODE, "--kubectl", "deploy/web");
      frep.awaitSame(places.toArray(Place[]::new));
      for (var pod : List.of("web-1", "web-2")) {
        frep.await("kubectl:" + pod + ": copied 4 files.*"); // Said after the files are there.
      }

      cluster.delete("web-2");
      frep.await("kubectl:web-2: no longer running: frep goes on without it");
      frep.write("sub/inner", "for one\n").awaitSame(places.get(0));

      places.set(1, runPod("web-3", WEB));
      frep.awaitSame(places.toArray(Place[]::new));
      frep.write("sub/inner", "for two\n").awaitSame(places.toArray(Place[]::new));
      frep.await("kubectl:web-3: .*").stop(0);
      assertEquals("", frep.err());
    }
  }

  @Test
  void podsThatComeAndGoAreFollowed() throws Exception {
    var labels = Map.of("app", "many");
    var places = new TreeMap<String, Place>();
    for (var name : List.of("many-1", "many-2", "many-3")) {
      places.put(name, runPod(name, labels));
    }
    try (var frep = replication().start(CODE, "-l", "app=many")) {
      frep.awaitSame(places.values().toArray(Place[]::new));
      for (var name : List.of("many-4", "many-5")) { // Scaled up.
        places.put(name, runPod(name, labels));
      }
      frep.awaitSame(SOON, places.get("many-4"), places.get("many-5"));

      for (var name : List.of("many-1", "many-3", "many-5")) { // Scaled down.
        cluster.terminate(name);
        cluster.delete(name);
        places.remove(name);
        frep.await("kubectl:" + name + ": no longer running: frep goes on without it");
      }
      frep.write("sub/inner", "for two\n").awaitSame(places.values().toArray(Place[]::new));

      cluster.terminate("many-2"); // Rolled out: its old shell lives on.
      places.put("many-6", runPod("many-6", labels));
      frep.awaitSame(SOON, places.get("many-6"));
      frep.write("sub/inner", "for the new one\n").awaitSame(SOON, places.get("many-6"));
      cluster.delete("many-2");
      frep.await("kubectl:many-2: no longer running: frep goes on without it");
      frep.write("late", "late\n").awaitSame(places.get("many-4"), places.get("many-6"));
      frep.stop(0);
      assertEquals("", frep.err());
    }
  }

  @Test
  void aDeploymentMayBeScaledToNothingAndBeMadeLater() throws Exception {
    var labels = Map.of("app", "rare");
    try (var frep = replication().start(CODE, "--kubectl=deploy/rare")) {
      frep.await("frep: kubectl:deploy/rare: waiting: no such object in the current namespace");
      cluster.deploy("rare", labels);
      frep.await("frep: kubectl:deploy/rare: waiting: no matching pod in the current namespace");
      cluster.put(new KubeApi.Pod("rare-1", labels, "Pending", false, List.of()));
      frep.await("frep: kubectl:deploy/rare: waiting: no pod runs .*: rare-1 Pending");
      var pod = runPod("rare-1", labels);
      frep.awaitSame(SOON, pod);
      cluster.delete("rare-1");
      frep.await("kubectl:rare-1: no longer running: frep goes on without it");
      frep.await("frep: kubectl:deploy/rare: waiting: no matching pod in the current namespace");
      frep.stop(4);
    }
  }

  @Test
  void aPodThatIsNotReadyGetsTheCodeThatMakesItReady() throws Exception {
    var labels = Map.of("app", "raw");
    var place = runPod("raw-1", labels);
    cluster.put(new KubeApi.Pod("raw-1", labels, "Running", false, place.command()));
    try (var frep = replication().start(CODE, "--once", "-l", "app=raw")) {
      frep.ends(0).assertSame(place);
    }
  }

  @Test
  void onceWaitsAsLongAsItIsTold() throws Exception {
    try (var frep = replication().start(CODE, "--once", "--wait=60", "-l", "app=slow")) {
      frep.await("frep: kubectl:app=slow: waiting: no matching pod in the current namespace");
      var place = runPod("slow-1", Map.of("app", "slow"));
      frep.ends(0).assertSame(place);
    }
    try (var frep = replication().start(CODE, "--once", "--wait=1", "--kubectl=never")) {
      frep.ends(4)
          .assertError("kubectl:never: no such pod in the current namespace", "kubectl get pods");
    }
  }

  @Test
  void programsAreToldOfTargetsThatAreWaitedFor() throws Exception {
    try (var frep = replication().start(CODE, "--json", "--kubectl=deploy/wished")) {
      frep.await(
          ".*\"event\":\"waiting\".*\"target\":\"kubectl:deploy/wished\",\"message\":\"no such"
              + " object in the current namespace\",\"hint\":\"kubectl get deploy\".*");
      frep.stop(4);
      assertTrue(frep.out().contains("\"event\":\"ended\""), frep::out);
    }
  }

  @Test
  void ofASelectorAllAreKept() throws Exception {
    var labels = Map.of("app", "shop", "tier", "front");
    var places = new Place[] {runPod("shop-1", labels), runPod("shop-2", labels)};
    cluster.put(new KubeApi.Pod("shop-3", labels, "Pending", false, List.of("/nosuch")));
    try (var frep = replication().start(CODE, "--once", "--kubectl", "-l", "app=shop,tier=front")) {
      frep.ends(0).assertSame(places);
    }
  }

  @Test
  void eachFailureIsToldInItsOwnWords() throws Exception {
    var good = runPod("good", Map.of());
    cluster.put(new KubeApi.Pod("new", Map.of("app", "new"), "Pending", false, List.of()));
    cluster.put(new KubeApi.Pod("done", Map.of(), "Succeeded", false, List.of()));
    cluster.runPod("bare", Map.of(), "/nosuch");
    try (var frep =
        replication()
            .start(
                CODE,
                "--once",
                "--kubectl=good",
                "--kubectl=new",
                "--kubectl=done",
                "--kubectl=bare",
                "--kubectl=nosuch")) {
      frep.ends(4).assertSame(good);
      frep.assertError(
          "kubectl:new: the pod is not ready: its container does not run",
          "kubectl describe pod/new");
      frep.assertError("kubectl:done: the pod has finished", "kubectl get pods");
      frep.assertError(
          "kubectl:bare: no shell in the pod's container",
          "choose another with --container, or use an image with sh and tar");
      frep.assertError("kubectl:nosuch: no such pod in the current namespace", "kubectl get pods");
      assertEquals(8, frep.err().lines().count(), frep::err);
    }
  }

  @Test
  void podsThatCannotBeFoundAreToldOf() throws Exception {
    cluster.put(new KubeApi.Pod("late", Map.of("app", "late"), "Pending", false, List.of()));
    try (var frep = replication().start(CODE, "--once", "-l", "app=late")) {
      frep.ends(4)
          .assertError(
              "kubectl:app=late: no pod runs in the current namespace: late Pending",
              "kubectl get pods -l 'app=late'");
    }
    try (var frep = replication().start(CODE, "--once", "--kubectl=deploy/nosuch")) {
      frep.ends(4)
          .assertError(
              "kubectl:deploy/nosuch: no such object in the current namespace",
              "kubectl get deploy");
    }
  }

  @Test
  void podsThatCannotBeFoundDoNotHoldUpTheOthers() throws Exception {
    var target = folder + "/target";
    try (var frep = replication().start(target, "--once", "--kubectl=deploy/nosuch", "--local")) {
      frep.ends(4).assertSame(Place.here(Path.of(target)));
      frep.assertError(
          "kubectl:deploy/nosuch: no such object in the current namespace", "kubectl get deploy");
    }
  }

  @Test
  void aToolThatIsMissingIsInstalledByKubectl() throws Exception {
    runPod("odd", Map.of());
    var dd = shared.resolve("odd/bin/tar");
    Files.delete(dd);
    Files.writeString(dd, "#!/bin/sh\necho toybox 0.8.6\n");
    assertTrue(dd.toFile().setExecutable(true));
    var path = "PATH=/bin";
    cluster.runPod("odd", Map.of(), "chroot", shared.resolve("odd").toString(), "env", path);
    try (var frep = replication().start(CODE, "--kubectl=odd")) {
      frep.ends(5);
      assertEquals(
          """
          frep: kubectl:odd: no usable tar on the target, only toybox 0.8.6
          hint: kubectl exec odd -- apk add --no-cache tar
          """,
          frep.err());
    }
  }
}
