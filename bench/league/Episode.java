package dev.frep.league;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Plays a script with frep, or a peer, and judges how it ends. */
final class Episode implements AutoCloseable {
  /** Between looks at the copy. */
  private static final long GLANCE = 40;

  /** A frep that says nothing for so long hangs: four times the 30 s that it may be resting. */
  private static final long SLOWEST = 120;

  /** Seconds; shorter than the longest stop of a process, longer than a slow machine takes. */
  private static final String TIMEOUT = "5";

  private final List<String> launch;
  private final String player;
  private final Setting setting;
  private final Source source;
  private final Place place;
  private final long patience;
  private final List<Sender> senders = new ArrayList<>();
  private final List<Sender> retired = new ArrayList<>();
  private Sender sender;
  private Sender last;
  private boolean quiet; // No change since a run with --once began.
  private long lastTrouble = System.nanoTime() - 60_000_000_000L;
  private boolean anyTrouble;

  /**
   * @param player frep, rsync or lsyncd
   * @param launch the words that start frep
   * @param patience seconds in which a copy must become what the source is
   */
  Episode(Path base, String player, List<String> launch, Setting setting, long patience)
      throws IOException, InterruptedException {
    this.player = player;
    this.launch = launch;
    this.setting = setting;
    // Of a write through another hard link only a sweep can tell, once in half a minute.
    this.patience =
        setting.has("hard") || setting.has("watches") ? Math.max(75, patience) : patience;
    source =
        new Source(
            Files.createDirectories(base.resolve("src/proj")),
            Files.createDirectories(base.resolve("away")));
    Tree.Shell.run("git", "init", "-q", "--bare", "" + base.resolve("none.git"));
    place = new Place(base, setting);
  }

  /** Plays all, and fails unless source and copy are the same in the end and all claims true. */
  void play(List<Op> ops) throws IOException, InterruptedException, Failed {
    for (var op : ops) {
      tick();
      if (Source.does(op)) {
        quiet = false;
        source.apply(op);
        lastTrouble = op.verb().equals("lose") ? System.nanoTime() : lastTrouble;
      } else if (player.equals("frep")) {
        perform(op);
      } else if (op.verb().equals("start")) {
        begin();
      } else if (op.verb().equals("pause")) {
        Thread.sleep(op.number());
      }
    }
    if (player.equals("frep")) {
      end();
    } else {
      settle(patience);
      judge(player + ": ");
    }
  }

  private void perform(Op op) throws IOException, InterruptedException, Failed {
    switch (op.verb()) {
      case "pause" -> rest(op.number());
      case "settle" -> settle(patience / 5);
      case "start" -> begin();
      case "join" -> join();
      case "term" -> stop();
      case "kill" -> kill();
      case "second" -> second();
      case "verify" -> verify();
      case "slay", "freeze" -> strike(op);
      case "twin" -> twin();
      case "visit" -> visit();
      default -> {
        trouble();
        place.trouble(op);
        if (List.of("cut", "slow").contains(op.verb())) {
          strike(new Op(op.id(), "slay", "link", "KILL", 0));
        }
      }
    }
  }

  private void trouble() {
    anyTrouble = true;
    lastTrouble = System.nanoTime();
  }

  private void rest(long milliseconds) throws IOException, InterruptedException, Failed {
    for (long until = System.nanoTime() + milliseconds * 1_000_000; System.nanoTime() < until; ) {
      tick();
      Thread.sleep(Math.min(GLANCE, milliseconds));
    }
  }

  /** Ends what is over, and fails if frep has ended by itself. */
  private void tick() throws IOException, InterruptedException, Failed {
    var troubled = place.isTroubled();
    place.tick(false);
    if (troubled) {
      lastTrouble = System.nanoTime();
    }
    if (sender != null && !sender.isAlive() && !setting.once()) {
      sender.awaitEnd(1);
      var young = !sender.hasSynced() && lastTrouble > sender.startedAt() - 5_000_000_000L;
      if (!young) {
        throw failed("ended by itself, exit code " + sender.exit(), "");
      }
      last = sender;
      sender = null;
    }
  }

  // ---- frep ----

  private List<String> words(String... more) {
    var words = new ArrayList<String>();
    if (setting.has("watches")) {
      var limit = "echo 12 >/proc/sys/user/max_inotify_watches; exec \"$@\"";
      words.addAll(List.of("unshare", "-Ur", "sh", "-c", limit, "sh"));
    }
    words.addAll(launch);
    words.addAll(List.of("--json", "--timeout", TIMEOUT, "--max-delete", "1000000"));
    words.addAll(setting.words());
    words.addAll(List.of(more));
    words.addAll(List.of("" + source.root, "" + place.parent, "--", "" + place.link));
    return words;
  }

  private Sender start(List<String> words) throws IOException {
    var started =
        new Sender(words, Map.of("XDG_CACHE_HOME", "" + place.base.resolve("cache")), place.base);
    senders.add(started);
    return started;
  }

  private void begin() throws IOException, InterruptedException, Failed {
    if (setting.once() && player.equals("frep")) {
      join();
      quiet = true;
      sender = start(words("--once"));
    } else if (sender == null) {
      sender = start(player.equals("frep") ? words() : Peer.words(player, source.root, place));
    }
  }

  /** Waits for a run with --once; what it says by its exit code must be true. */
  private void join() throws IOException, InterruptedException, Failed {
    if (!setting.once() || sender == null) {
      return;
    }
    for (int i = 0; i < SLOWEST * 25 && sender.isAlive(); i++) {
      rest(GLANCE);
    }
    if (!sender.awaitEnd(1)) {
      throw failed("a run with --once hangs", "");
    }
    if (quiet && sender.exit() == 0) {
      judge("exit code 0, but ");
    }
    if (quiet && !anyTrouble && sender.exit() != 0 && verdict().blocked().isEmpty()) {
      throw failed("exit code " + sender.exit() + " with no trouble", "");
    }
    sender = null;
  }

  /** SIGTERM while nothing changes: 0 says that the copy is what the source is. */
  private void stop() throws IOException, InterruptedException, Failed {
    if (sender == null) {
      return;
    }
    sender.signal("TERM");
    for (int i = 0; i < SLOWEST * 25 && sender.isAlive(); i++) {
      place.tick(false);
      Thread.sleep(GLANCE);
    }
    if (!sender.awaitEnd(1)) {
      throw failed("does not end after SIGTERM", "");
    }
    if (sender.exit() == 0) {
      judge("exit code 0 after SIGTERM, but ");
    }
    sender = null;
  }

  private void kill() throws IOException, InterruptedException {
    if (sender != null) {
      trouble();
      sender.signal("KILL");
      sender.awaitEnd(10);
      sender = null;
    }
  }

  /** A second frep takes over. */
  private void second() throws IOException, InterruptedException, Failed {
    if (setting.once() || sender == null) {
      return;
    }
    var first = sender;
    var next = start(words());
    for (int i = 0; i < 20 * 25 && next.isAlive() && !next.hasSynced(); i++) {
      place.tick(false);
      Thread.sleep(GLANCE);
    }
    if (!next.isAlive()) {
      next.awaitEnd(1);
      sender = next;
      if (next.exit() == 6) {
        throw failed("the older of two wins", "");
      }
      sender = first.isAlive() ? first : null;
      trouble();
      return;
    }
    retired.add(first);
    sender = next;
  }

  private void verify() throws IOException, InterruptedException, Failed {
    if (sender != null) {
      return;
    }
    var verifying = start(words("--verify"));
    verifying.awaitEnd(SLOWEST);
    if (!verifying.isAlive() && verifying.exit() == 0 && verdict().isContent()) {
      sender = verifying;
      throw failed("--verify says nothing differs, but " + verdict().kind(), list(verdict()));
    }
  }

  /** Another host has what is in the copy now; there, it is somebody else's. */
  private void twin() throws IOException, InterruptedException {
    Tree.Shell.run("cp", "-a", "--", "" + place.copy, "" + place.twin);
    place.theirs.addAll(Tree.of(place.twin.resolve("proj")).keySet());
  }

  /** Replicates to the other host: what was never in the source when that was done stays. */
  private void visit() throws IOException, InterruptedException, Failed {
    place.theirs.removeAll(Tree.of(source.root).keySet());
    var words = words("--once");
    words.add("b");
    start(words).awaitEnd(SLOWEST);
    var gone = new TreeSet<>(place.theirs);
    gone.removeAll(Tree.of(place.twin.resolve("proj")).keySet());
    if (!gone.isEmpty()) {
      throw failed("others' file gone at another host", gone.toString());
    }
  }

  /** Kills or stops the link, the shell, a tool or anything of frep's. */
  private void strike(Op op) throws IOException, InterruptedException {
    if (sender == null) {
      return;
    }
    var from = sender.pid();
    var found =
        sender.members().stream()
            .filter(
                member ->
                    switch (op.path()) {
                      case "link" -> member.parent() == from;
                      case "shell" -> member.name().equals(setting.shell());
                      case "tool" ->
                          member.parent() != from && !member.name().equals(setting.shell());
                      default -> true;
                    })
            .toList();
    if (found.isEmpty()) {
      return;
    }
    trouble();
    var pid = found.get((int) (op.number() % found.size())).pid();
    if (op.verb().equals("slay")) {
      Sender.signal(op.other(), pid);
    } else {
      Sender.signal("STOP", pid);
      place.later(op.number(), () -> Sender.signal("CONT", pid));
    }
  }

  // ---- the end ----

  private void end() throws IOException, InterruptedException, Failed {
    place.tick(true);
    for (var each : senders) { // A tool that has stopped itself.
      for (var member : each.members()) {
        if (member.state() == 'T') {
          Sender.signal("CONT", member.pid());
        }
      }
    }
    if (setting.once()) {
      join();
      anyTrouble = false;
      begin();
      join();
    } else {
      inStep();
    }
    leftNothing();
    if (setting.restarted()) {
      restart();
    }
  }

  /** All is quiet, and nothing is broken any more: the copy must become what the source is. */
  private void inStep() throws IOException, InterruptedException, Failed {
    if (!place.spoiled.isEmpty() && !setting.words().contains("--heal")) {
      stopQuietly(); // Only a listing can show what others have changed.
    }
    for (int i = 0; i < 5 && (sender == null || !sender.hasSynced()); i++) {
      begin(); // A trouble just before may have ended it before it began.
      settle(patience);
    }
    settle(patience);
    if (sender == null) {
      throw failed("does not start", "");
    }
    var says = sender.state();
    judge(says.equals("in-step") ? "says in step, but " : "never in step, says " + says + ": ");
    var blocked = !verdict().blocked().isEmpty();
    for (int i = 0; i < 15_000 / GLANCE && !blocked && !sender.state().equals("in-step"); i++) {
      rest(GLANCE);
    }
    if (!blocked && !sender.state().equals("in-step")) {
      throw failed("in step, but says " + sender.state(), "");
    }
    sender.signal("TERM");
    if (!sender.awaitEnd(SLOWEST)) {
      throw failed("does not end after SIGTERM", "");
    }
    judge("after its end, ");
    if (sender.exit() != (blocked ? 1 : 0)) {
      throw failed("in step, but ends with exit code " + sender.exit(), "");
    }
  }

  private void stopQuietly() throws IOException, InterruptedException {
    if (sender != null) {
      sender.signal("TERM");
      sender.awaitEnd(SLOWEST);
      sender = null;
    }
  }

  private void leftNothing() throws IOException, InterruptedException, Failed {
    for (var each : retired) {
      if (!each.awaitEnd(15)) {
        sender = each;
        throw failed("the older of two goes on", "");
      } else if (each.exit() != 6) {
        sender = each;
        throw failed("the older of two ends with exit code " + each.exit(), "");
      }
    }
    for (int i = 0; i < 10_000 / GLANCE && !harm().isEmpty(); i++) {
      Thread.sleep(GLANCE);
    }
    if (!harm().isEmpty()) {
      throw failed(harm().replaceFirst(":.*", ""), harm());
    }
  }

  private String harm() throws IOException, InterruptedException {
    return place.harm(setting.words().contains("--trash"));
  }

  /** Nothing is left to be done by another run. */
  private void restart() throws IOException, InterruptedException, Failed {
    var blocked = !verdict().blocked().isEmpty();
    sender = start(words("--once"));
    if (!sender.awaitEnd(SLOWEST)) {
      throw failed("a restart hangs", "");
    }
    judge("after a restart, ");
    if (sender.exit() != (blocked ? 1 : 0)) {
      throw failed("a restart ends with exit code " + sender.exit(), "");
    }
  }

  /** Waits until source and copy are the same, and frep says so. */
  private void settle(long seconds) throws IOException, InterruptedException, Failed {
    var until = System.nanoTime() + seconds * 1_000_000_000;
    while (System.nanoTime() < until && sender != null) {
      if (verdict().isSame()) {
        return;
      }
      rest(GLANCE * 2);
    }
  }

  private Verdict verdict() throws IOException, InterruptedException {
    return Verdict.of(source, place, !player.equals("frep"), !setting.tar().equals("busybox"));
  }

  private void judge(String claim) throws IOException, InterruptedException, Failed {
    var verdict = verdict();
    if (!verdict.isSame()) {
      throw failed(claim + verdict.kind(), list(verdict));
    }
  }

  private static String list(Verdict verdict) {
    return verdict.differences().stream().limit(6).collect(Collectors.joining("\n    "));
  }

  private Failed failed(String kind, String details) {
    var text = new StringBuilder(details);
    var speaker = sender == null ? last : sender;
    if (speaker != null) {
      for (var line : speaker.tail(8)) {
        text.append("\n    | ").append(Names.show(line));
      }
    }
    return new Failed(kind, text.toString().replace(place.base + "/", ""));
  }

  @Override
  public void close() throws IOException, InterruptedException {
    place.tick(true);
    for (var each : senders) {
      each.destroy();
    }
    place.close();
  }
}
