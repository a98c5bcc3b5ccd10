package dev.frep;

import static dev.frep.frep.find;
import static dev.frep.frep.parent;

import dev.frep.frep.Answer;
import dev.frep.frep.Archive;
import dev.frep.frep.Change;
import dev.frep.frep.Delete;
import dev.frep.frep.Diff;
import dev.frep.frep.Dirty;
import dev.frep.frep.Ended;
import dev.frep.frep.Entry;
import dev.frep.frep.Err;
import dev.frep.frep.Exit;
import dev.frep.frep.Failure;
import dev.frep.frep.Folder;
import dev.frep.frep.Gone;
import dev.frep.frep.Listing;
import dev.frep.frep.Nonsense;
import dev.frep.frep.Ok;
import dev.frep.frep.Options;
import dev.frep.frep.Pong;
import dev.frep.frep.Put;
import dev.frep.frep.Ready;
import dev.frep.frep.Refused;
import dev.frep.frep.RegularFile;
import dev.frep.frep.Reply;
import dev.frep.frep.Scanner;
import dev.frep.frep.Sums;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** One copy: it knows what its other end has acknowledged, and sends what is missing there. */
final class Target {
  /** So many sets may wait for their ack: the link need not stand still for a round trip. */
  private static final int WINDOW = 2;

  private static final int SET_CHANGES = 20_000;

  /** How often it looks what time has brought. */
  private static final Duration WAIT = Duration.ofSeconds(1);

  /** So often an idle target is asked for a sign before it counts as silent. */
  private static final int PINGS = 3;

  /** How often the target is asked what is there, if it is to be healed. */
  private static final Duration HEAL = Duration.ofSeconds(5);

  /** A set on its way, and what the target is once it is there. */
  private record Sent(
      long number, List<Change> changes, Folder result, long bytes, Pace.Trip trip) {
    Sent untold() {
      return new Sent(number, changes, result, bytes, trip.untold());
    }
  }

  /** A path that failed is left alone until it changes or its time has come. */
  private record Held(Entry entry, long until) {
    boolean isOver(Entry now) {
      return !Objects.equals(entry, now) || until < System.nanoTime();
    }
  }

  private static final Reply WAKE = new Pong(-1);

  private final Options options;
  private final Route route;
  private final Memory memory;
  private final Pace pace;
  private long asked;
  private final Scanner scanner;
  private final Dirty dirty;
  private final Console console;
  private final Runnable changed;
  private final BlockingQueue<Reply> inbox = new LinkedBlockingQueue<>();
  private final Map<String, Held> held = new HashMap<>();
  private final Map<String, Long> restless = new HashMap<>();
  private final byte[] buffer = new byte[Archive.BUFFER];
  private final Map<String, String> complained = new HashMap<>();
  private final Deque<Sent> inFlight = new ArrayDeque<>();
  private final Thread thread = new Thread(this::run, "target");

  private final CountDownLatch scanned = new CountDownLatch(1);
  private volatile Folder wanted;
  private volatile boolean complete;
  private volatile Folder first;
  private volatile Folder settledAt;
  private volatile boolean stopping;
  private volatile Exit end;
  private Archive.Facts facts;
  private boolean zipList;
  private Digest known = Digest.NONE;
  private long free;
  private Folder ours;
  private boolean alone = true;
  private final List<Folder> unsure = new ArrayList<>();
  private boolean firstCopyTold;
  private boolean fullDiskTold;
  private List<Change> pending = List.of();
  private Folder lastGoal;
  private Folder pendingFor;
  private Folder pendingAfter;
  private int failures;
  private long restUntil = System.nanoTime();
  private volatile int connections;
  private boolean connected;
  private Duration pause = FIRST_PAUSE;
  private Progress progress;
  private boolean inStep;
  private Event told;
  private boolean news;
  private boolean midway;
  private boolean deletesRefused;
  private long numbers;
  private int limit = SET_CHANGES;
  private Summary summary = new Summary();

  /**
   * @param changed is run whenever something new has arrived there and nothing more is on its way
   * @param senders how many targets are not in step, this one among them
   */
  Target(
      Options options,
      Route route,
      Scanner scanner,
      Dirty dirty,
      Console console,
      Runnable changed,
      IntSupplier senders) {
    this.options = options;
    this.pace = new Pace(options.compress(), senders);
    this.route = route;
    this.memory = new Memory(options.source(), route.label(), options.copy(), console);
    this.scanner = scanner;
    this.dirty = dirty;
    this.console = console;
    this.changed = changed;
  }

  void start() {
    thread.start();
  }

  /** What is known of the source while it is scanned, for a target that has nothing yet. */
  void offerPart(Folder part) {
    wanted = part;
    inbox.add(WAKE);
  }

  void offer(Folder snapshot) {
    first = first == null ? snapshot : first;
    wanted = snapshot;
    complete = true;
    scanned.countDown();
    inbox.add(WAKE);
  }

  boolean ended() {
    return end != null;
  }

  /** All of the newest snapshot is acknowledged, or held back for a problem. */
  boolean settled() {
    return complete && settledAt == wanted;
  }

  /** Lets what is on its way arrive, and ends the link. */
  Exit finish() throws InterruptedException {
    stopping = true;
    scanned.countDown();
    inbox.add(WAKE);
    thread.join();
    return end;
  }

  /** For the case that there is nothing to be sent after all; harmless to one that has ended. */
  void abandon() {
    stopping = true;
    scanned.countDown();
  }

  private void run() {
    while (end == null) {
      int connection = ++connections;
      inbox.clear();
      giveUpOnAcks();
      console.tell(new Event.Connecting());
      progress = new Progress(console);
      try (Link link =
          new Link(options, route, reply -> hear(connection, reply), console, progress)) {
        end = serve(link);
      } catch (Failure failure) {
        end = afterFailure(failure);
      } catch (InterruptedException stop) {
        end = Exit.INTERRUPTED;
      } catch (VirtualMachineError tooMuch) {
        end = afterFailure(frep.tooMuch(tooMuch));
      } catch (RuntimeException bug) {
        console.debug(bug);
        console.error(
            "this is a defect of frep", "run it with --debugging, and report what it says");
        end = Exit.INTERNAL;
      }
    }
    if (connected && !options.looks()) {
      remember();
    }
    console.tell(new Event.Ended(end));
    dirty.wake();
  }

  /** Of sets that were sent and not acknowledged, nobody knows yet what has become. */
  private void giveUpOnAcks() {
    inFlight.forEach(sent -> unsure.add(sent.result));
    inFlight.clear();
  }

  /** What one before has still to say is of no interest. */
  private void hear(int connection, Reply reply) {
    if (connection == connections) {
      inbox.add(reply);
    }
  }

  /** One connection, to its end. Reading the source never fails here: the link does. */
  private Exit serve(Link link) throws Failure, InterruptedException {
    try {
      boolean look = connected || options.initial() || options.verify();
      known = Digest.NONE;
      Ready ready = (Ready) await(link, Ready.class, SOON, look ? this::recollect : () -> {});
      boolean zips = "gzip".equals(ready.facts().get("zip"));
      pace.begun(link.age());
      zipList = zips && pace.compressesListing();
      if (look) {
        asked = System.nanoTime();
        link.command("ping 0");
        link.list(zipList, known); // It takes a while: the rest is done meanwhile.
      }
      greet(link, ready);
      if (options.verify()) {
        return verify(link);
      }
      Folder there = look ? listed(link) : taken();
      if (options.dryRun()) {
        return preview(there);
      }
      connected = true;
      pause = FIRST_PAUSE;
      converse(link, there);
      return !settled() ? Exit.INTERRUPTED : inStep ? Exit.IN_STEP : Exit.PROBLEMS;
    } catch (IOException broken) {
      console.debug(broken);
      for (Reply reply; (reply = inbox.poll(1, TimeUnit.SECONDS)) != null; ) {
        if (!(reply instanceof Answer)) {
          unexpected(link, reply); // The receiver may have said why.
        }
      }
      throw link.epitaph(route);
    }
  }

  /** What to end with; null to try again, after a pause. */
  private Exit afterFailure(Failure failure) {
    boolean again = connected && options.watch() && failure.exit == Exit.CONNECTION && !stopping;
    told = null;
    if (!again) {
      console.error(failure.getMessage(), failure.hint);
      return failure.exit;
    }
    console.tell(new Event.Disconnected(failure.getMessage(), "", pause));
    rest(pause);
    pause = pause.compareTo(LAST_PAUSE.dividedBy(2)) < 0 ? pause.multipliedBy(2) : LAST_PAUSE;
    return stopping ? failure.exit : null;
  }

  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LAST_PAUSE = Duration.ofSeconds(30);

  private void rest(Duration pause) {
    long until = System.nanoTime() + pause.toNanos();
    try {
      while (!stopping && System.nanoTime() < until) {
        inbox.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException stop) {
      stopping = true;
    }
  }

  /** Learns what the receiver can do. */
  private void greet(Link link, Ready ready) throws Failure {
    if (facts != null) {
      console.tell(new Event.Connected());
    } else {
      String tar = Names.show(ready.facts().getOrDefault("tar", "").replace('_', ' '));
      console.tell(new Event.Started(Names.ofAll(options.source()), options.copy()));
      refuseOverlap(link);
      if (!tar.contains("GNU")) {
        console.say("no GNU tar there: " + tar + " is used instead");
      }
      free = parseFree(ready.facts().getOrDefault("free", ""));
    }
    recall();
    facts =
        new Archive.Facts(
            ready.facts().getOrDefault("tar", "").contains("GNU"),
            "yes".equals(ready.facts().get("records")),
            "gzip".equals(ready.facts().get("zip")),
            "yes".equals(ready.facts().get("links")),
            "yes".equals(ready.facts().get("root")),
            !"".equals(ready.facts().get("mounts")),
            "0".equals(ready.facts().get("uid")),
            ready.facts().getOrDefault("guard", ""));
    if (options.cleanOutFirst() && !facts.mayDelete()) {
      throw new Failure(
          Exit.TARGET,
          Names.show(options.copy())
              + " "
              + Refusal.delete(facts.guard())
              + ": --clean-out-first is refused there",
          Refusal.DELETE_HINT);
    }
  }

  /** If the staging folder is seen here, the target is this machine: then the two must be apart. */
  private void refuseOverlap(Link link) throws Failure {
    Path copy = Names.below(Path.of("/"), options.copy());
    for (Path base : List.of(copy, copy.resolveSibling("."))) {
      if (Files.isDirectory(base.resolve(link.stageName()))) {
        try {
          Path real = copy.toRealPath();
          if (real.startsWith(options.source()) || options.source().startsWith(real)) {
            throw new Failure(
                Exit.USAGE,
                Names.show(options.copy()) + ": the source and its copy would be inside each other",
                "choose another DEST_PARENT_DIR");
          }
        } catch (IOException gone) {
          console.debug(gone);
        }
      }
    }
  }

  /** Bytes; very many if it is not known. */
  static long parseFree(String kib) {
    return kib.matches("[0-9]{1,15}") ? Long.parseLong(kib) * 1024 : Long.MAX_VALUE;
  }

  /** Warns of a disk that will be full: some file systems hold more than they say. */
  private void warnOfFullDisk(Folder there) {
    fullDiskTold = true;
    long needed = there == wanted ? 0 : contentBytes(wanted) - contentBytes(there);
    if (needed > free) {
      console.error(
          Console.bytes(needed) + " more are needed there, " + Console.bytes(free) + " are free",
          "make room there, or leave something out with --exclude");
    }
  }

  private static long contentBytes(Entry entry) {
    if (!(entry instanceof Folder folder)) {
      return entry instanceof RegularFile file ? file.size() : 0;
    }
    long bytes = 0;
    for (Entry child : folder.children().values()) {
      bytes += contentBytes(child);
    }
    return bytes;
  }

  /** Compares contents, and prints what differs. */
  private Exit verify(Link link) throws Failure, InterruptedException, IOException {
    Folder there = ((Listing) await(link, Listing.class)).there();
    link.command("sums");
    Map<String, String> sums = ((Sums) await(link, Sums.class)).sums();
    List<Event.Difference> differences = Verify.differences(goal(), there, sums, scanner::local);
    differences.forEach(console::tell);
    console.tell(new Event.Compared(count(wanted), differences.size()));
    return differences.isEmpty() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  /** Prints what would be sent and deleted. */
  private Exit preview(Folder there) throws Failure, InterruptedException {
    Folder goal = goal();
    List<Change> changes = missing(there, goal);
    changes.removeIf(change -> isHeld(change, Set.of()));
    Preview.lines(changes, there).forEach(console::answer);
    warnOfFullDisk(there);
    guard(changes, there);
    return scanner.verdict();
  }

  private void recall() {
    if (ours == null) {
      Memory.Put put = memory.recall();
      ours = put.there();
      alone = put.alone();
    }
  }

  private void remember() {
    memory.keep(new Memory.Put(ours, alone));
  }

  /** Who is far away leaves time to say in short what should be there. */
  private void recollect() {
    recall();
    if (!alone || options.looks()) {
      known = Digest.NONE;
    } else if (known.there() != ours) {
      known = Digest.of(ours);
    }
  }

  private static final Duration SOON = Duration.ofMillis(100);

  /**
   * What is there once what is on its way has arrived. What the target itself says is there is what
   * was acknowledged.
   */
  private Folder learn(Link link) throws Failure, InterruptedException, IOException {
    link.list(zipList, known);
    return listed(link);
  }

  private Folder listed(Link link) throws Failure, InterruptedException, IOException {
    giveUpOnAcks();
    Folder likely = known == Digest.NONE ? null : matched(known.there()); // While it looks.
    Sent guess = likely == null ? null : guess(link, likely);
    Folder there = ((Listing) await(link, Listing.class)).there();
    if (there.children().isEmpty() && !complete && !options.looks()) {
      ours = there; // Nothing is to be held against the source: it can be sent as it is found.
      alone = true;
    } else {
      boolean same = likely != null && there == known.there();
      ours = same ? likely : matched(there);
      alone = same || count(there) == count(ours);
      if (same && guess != null) {
        commit(link, guess);
      }
    }
    unsure.clear();
    return inFlight.isEmpty() ? ours : guess.result;
  }

  /**
   * Sends what is missing if all is there as it is expected: it is on its way while the target
   * looks, and is put in place only if that is so.
   */
  private Sent guess(Link link, Folder likely) throws Failure, InterruptedException, IOException {
    if (!complete || !pace.isFar() || options.looks() || restUntil > System.nanoTime()) {
      return null;
    }
    Folder goal = goal();
    List<Change> all = missing(likely, goal);
    if (!isLittle(all) || all.stream().anyMatch(Delete.class::isInstance)) {
      return null; // Of deletes nothing is said before it is known what is there.
    }
    Sent sent = send(link, likely, goal, false);
    return sent == null ? null : sent.untold();
  }

  private void commit(Link link, Sent sent) throws IOException {
    link.command("commit " + sent.number);
    inFlight.add(sent);
  }

  /** What there is of what is here, and of what we have put there. */
  private Folder matched(Folder there) throws InterruptedException {
    List<Folder> puts = new ArrayList<>(List.of(ours));
    puts.addAll(unsure);
    Manifest.Belongs belongs =
        (path, entry) -> puts.stream().anyMatch(put -> Manifest.isOurs(find(put, path), entry));
    return Manifest.match(
        "", goal(), there, puts, options.cleanOutFirst() ? scanner::belongs : belongs);
  }

  /** What was here when frep began is taken for what is there; it may have changed since. */
  private Folder taken() throws InterruptedException {
    goal();
    ours = first;
    remember();
    firstCopyTold = true;
    console.say("taken as it is; changes follow");
    return ours;
  }

  /** The newest snapshot; waits for the first. */
  private Folder goal() throws InterruptedException {
    scanned.await();
    if (wanted == null) {
      throw new InterruptedException(); // There will be none.
    }
    return wanted;
  }

  private Reply await(Link link, Class<? extends Reply> type) throws Failure, InterruptedException {
    return await(link, type, WAIT, () -> {});
  }

  /**
   * Waits for a reply.
   *
   * @param meanwhile done whenever it has not come for so long
   */
  private Reply await(Link link, Class<? extends Reply> type, Duration patience, Runnable meanwhile)
      throws Failure, InterruptedException {
    while (true) {
      Reply reply = inbox.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
      if (reply == null) {
        meanwhile.run();
      }
      if (reply instanceof Pong pong && pong.number() == 0) {
        pace.roundTrip(Duration.ofNanos(System.nanoTime() - asked));
      }
      if (type.isInstance(reply)) {
        return reply;
      }
      unexpected(link, reply);
      if (reply == null && link.silence().compareTo(patienceFor(type)) > 0) {
        throw silent(link);
      }
      if (stopping && type == Ready.class) {
        link.hurry();
        throw new InterruptedException();
      }
    }
  }

  /** A target that makes up a digest says nothing until it has looked at everything. */
  private Duration patienceFor(Class<? extends Reply> type) {
    boolean looks = type == Listing.class && known != Digest.NONE;
    return options.timeout().plus(looks ? LOOK.multipliedBy(count(known.there())) : Duration.ZERO);
  }

  /** The time that a disk with cold caches takes for one entry, at most. */
  private static final Duration LOOK = Duration.ofMillis(10);

  private Failure silent(Link link) {
    link.kill();
    return new Failure(
        Exit.CONNECTION,
        "the target has been silent for " + Console.seconds(options.timeout()),
        "the connection command must give a shell that reads commands: ssh host bash");
  }

  /** What ends a conversation whenever it comes. */
  private void unexpected(Link link, Reply reply) throws Failure, InterruptedException {
    if (reply instanceof Ended) {
      throw link.epitaph(route);
    } else if (reply instanceof Refused refused) {
      throw Refusal.explain(refused.reason(), refused.detail(), route);
    } else if (reply instanceof Nonsense nonsense) {
      throw new Failure(
          Exit.CONNECTION,
          "the target's answer cannot be understood: " + nonsense.what(),
          "--debugging shows all that it says");
    } else if (reply instanceof Answer) {
      throw notSent();
    } else if (reply instanceof Gone) {
      throw new Failure(
          Exit.SUPERSEDED,
          "another frep has taken over " + Names.show(options.copy()) + "; this one has stopped",
          "one sender a destination: stop the other one first if this one shall go on");
    }
  }

  /** Sends what differs until told to stop; ends when all that was sent is acknowledged. */
  private void converse(Link link, Folder there) throws Failure, IOException, InterruptedException {
    Folder expected = there;
    Folder tried = null;
    long pings = 0;
    long nextPing = System.nanoTime();
    long nextLook = System.nanoTime() + HEAL.toNanos();
    while (true) {
      progress.tick();
      boolean last = stopping; // Read first: what is wanted then is the last.
      boolean whole = complete; // As is this.
      Folder goal = wanted;
      if (whole && !fullDiskTold) {
        warnOfFullDisk(expected);
      }
      boolean resting = restUntil > System.nanoTime();
      if (inFlight.size() < WINDOW && goal != tried && !resting) {
        Sent sent = send(link, expected, goal, last);
        if (sent != null) {
          commit(link, sent);
          expected = sent.result;
          continue;
        }
        tried = goal; // What is left is held, or nothing: until there is something new.
      }
      if (inFlight.isEmpty()) {
        ours = expected;
        if (whole && news && tried == goal) {
          news = false;
          changed.run();
        }
        boolean nothingLeft = tried == goal && !resting && !isRestless();
        if (whole && (nothingLeft || last && cut(missing(expected, goal)).isEmpty())) {
          settle(goal);
          expected = ours;
          if (midway && options.trash()) { // What comes next is another change.
            link.command("settled");
          }
          midway = false;
        }
        if (last) {
          link.command("bye");
          remember();
          return;
        }
      }
      Reply reply = inbox.poll(WAIT.toNanos(), TimeUnit.NANOSECONDS);
      if (reply instanceof Ok ok) {
        acknowledge(ok);
      } else if (reply instanceof Err err) {
        expected = recover(link, err);
        tried = null;
      } else if (reply != null && reply != WAKE) {
        unexpected(link, reply);
      } else if (link.silence().compareTo(options.timeout()) > 0) { // However often it is woken.
        throw silent(link);
      } else if (options.heal() && inFlight.isEmpty() && System.nanoTime() > nextLook) {
        recollect();
        expected = learn(link);
        nextLook = System.nanoTime() + HEAL.toNanos();
        tried = null;
      } else {
        boolean over = held.values().stream().anyMatch(hold -> hold.until < System.nanoTime());
        tried = reply == WAKE || over ? null : tried;
        Duration quiet = options.timeout().dividedBy(PINGS);
        if (inFlight.isEmpty()
            && link.silence().compareTo(quiet) > 0
            && System.nanoTime() > nextPing) {
          nextPing = System.nanoTime() + WAIT.toNanos();
          link.command("ping " + ++pings);
        }
      }
    }
  }

  private List<Change> missing(Folder there, Folder here) {
    return Diff.between(there, here, scanner::belongs);
  }

  /** Whether a file that changed while it was read will be tried again soon. */
  private boolean isRestless() {
    long longAgo = System.nanoTime() - RESTLESS.toNanos();
    for (Map.Entry<String, Long> since : restless.entrySet()) {
      if (since.getValue() < longAgo) {
        scanner.problem(
            since.getKey(), "keeps changing: it is sent when it holds still", Scanner.LEAVE_OUT);
      }
    }
    return restless.values().stream().anyMatch(since -> since >= longAgo);
  }

  /** What changes all the time, as a log does, does not hold up the verdict on the rest. */
  private static final Duration RESTLESS = Duration.ofSeconds(10);

  private void settle(Folder goal) {
    List<Change> missing = missing(ours, goal);
    inStep = missing.isEmpty();
    ours = inStep ? Manifest.settled(ours, goal) : ours;
    boolean another = settledAt != goal;
    if (another && !firstCopyTold) {
      firstCopyTold = true;
      console.tell(summary.first(inStep));
      if (options.watch()) {
        remember(); // Else it does that at its end, while the receiver cleans up.
        System.gc(); // What the first copy took is given back while it is idle.
      }
    }
    Event now = inStep ? new Event.InStep() : new Event.OutOfStep(missing.size());
    if (progress.end() || !now.equals(told)) {
      told = now;
      console.tell(now);
    }
    if (another) {
      settledAt = goal;
      dirty.wake();
    }
  }

  /**
   * Sends one set of what is missing, to be committed; null if nothing is.
   *
   * @param last there will be no other: then it is sent only if it is all that is missing
   */
  private Sent send(Link link, Folder expected, Folder goal, boolean last)
      throws IOException, Failure {
    boolean same = pendingFor == goal && pendingAfter == expected;
    List<Change> all = same ? pending : missing(expected, goal);
    if (!same) {
      guard(all, expected);
    }
    held.entrySet().removeIf(hold -> hold.getValue().isOver(find(goal, hold.getKey())));
    List<Change> urgent = urgent(all, expected, goal);
    List<Change> changes = cut(urgent.isEmpty() ? all : urgent);
    if (changes.isEmpty() || last && changes.size() < all.size()) {
      restless.keySet().retainAll(held.keySet());
      return null;
    }
    if (!same) {
      progress.remaining(all, held::containsKey, complete);
    }
    long started = System.nanoTime();
    long number = ++numbers;
    Link.Chunks chunks = link.new Chunks(number, way(changes, all));
    Archive.Written written = write(changes, expected, goal, chunks);
    chunks.finish(!written.applied().isEmpty());
    long soon = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    for (String path : written.stale()) {
      held.put(path, new Held(find(goal, path), soon));
      restless.putIfAbsent(path, started);
      dirty.look(path);
    }
    for (String path : written.unreadable()) {
      held.put(path, new Held(find(goal, path), Long.MAX_VALUE));
    }
    restless.keySet().retainAll(held.keySet());
    if (written.applied().isEmpty()) {
      return send(link, expected, goal, last);
    }
    boolean inOrder = held.isEmpty() && urgent.isEmpty();
    Folder result =
        inOrder && changes.size() == all.size()
            ? Manifest.settled(expected, goal)
            : drafted(expected, written.applied());
    if (inOrder && changes.size() < all.size()) { // Else what is left is compared anew.
      pending = all.subList(changes.size(), all.size());
      pendingFor = goal;
      pendingAfter = result;
    }
    return new Sent(
        number, written.applied(), result, written.bytes(), chunks.trip(weight(changes)));
  }

  private static Folder drafted(Folder expected, List<Change> applied) {
    Draft draft = new Draft(expected);
    applied.forEach(draft::apply);
    return draft.close();
  }

  /** What has just changed, if it is little and more was waiting: a save overtakes a long copy. */
  private List<Change> urgent(List<Change> all, Folder expected, Folder goal) {
    Folder before = lastGoal;
    lastGoal = complete ? goal : null;
    if (before == null || before == goal || isLighter(all, pace.setBytes(false))) {
      return List.of();
    }
    Set<String> paths = new HashSet<>();
    missing(before, goal).forEach(change -> paths.add(change.path()));
    List<Change> urgent =
        all.stream()
            .filter(change -> paths.contains(change.path()))
            .filter(change -> find(expected, parent(change.path())) instanceof Folder)
            .toList();
    return isLighter(urgent, URGENT) ? urgent : List.of();
  }

  /** So many bytes do not hold up the rest. */
  private static final long URGENT = 1 << 20;

  /** Compresses what is large enough to gain by it, if the link is what limits it. */
  private Link.Way way(List<Change> changes, List<Change> all) {
    boolean zip = facts.unzips() && pace.compresses(weight(changes), isLittle(all));
    return zip ? Link.Way.GZIP : facts.records() ? Link.Way.RECORDS : Link.Way.CHUNKS;
  }

  private Archive.Written write(
      List<Change> changes, Folder expected, Folder goal, Link.Chunks chunks) throws IOException {
    if (chunks.way() != Link.Way.GZIP) {
      return new Archive(scanner, expected, goal, facts, buffer, chunks, progress).write(changes);
    }
    try (OutputStream zip = new Zip(chunks)) {
      return new Archive(scanner, expected, goal, facts, buffer, zip, progress).write(changes);
    }
  }

  /** The least effort gives most of what there is to gain. */
  private static final class Zip extends GZIPOutputStream {
    Zip(OutputStream out) throws IOException {
      super(out, 1 << 16);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  /** What a change weighs besides its content: a header and what rounds it up. */
  private static final int HEADER = 1024;

  private static long weight(Change change) {
    return HEADER
        + (change instanceof Put put && put.entry() instanceof RegularFile file ? file.size() : 0);
  }

  private static long weight(List<Change> changes) {
    return changes.stream().mapToLong(Target::weight).sum();
  }

  private boolean isLittle(List<Change> missing) {
    return complete && isLighter(missing, Pace.LITTLE);
  }

  /** Looks at no more of them than it takes to see that. */
  private static boolean isLighter(List<Change> changes, long limit) {
    long weight = 0;
    for (Change change : changes) {
      weight += weight(change);
      if (weight >= limit) {
        return false;
      }
    }
    return true;
  }

  /** Stops before so many deletes that they look like a slip. */
  private void guard(List<Change> changes, Folder there) throws Failure {
    long deletes = changes.stream().filter(change -> change instanceof Delete).count();
    boolean given = options.maxDelete() >= 0;
    if (given ? deletes > options.maxDelete() : deletes > 100 && deletes > count(there) / 2) {
      if (given || !options.cleanOutFirst()) {
        throw new Failure(
            Exit.DELETES,
            deletes + " of " + count(there) + " paths would be deleted: stopped before the first",
            "if that is meant: --max-delete " + deletes);
      }
    }
  }

  private static long count(Folder folder) {
    long count = folder.children().size();
    for (Entry child : folder.children().values()) {
      count += child instanceof Folder inner ? count(inner) : 0;
    }
    return count;
  }

  /** The first part of the changes that makes a set, without what is held. */
  private List<Change> cut(List<Change> all) {
    List<Change> some = new ArrayList<>();
    Set<String> missing = new HashSet<>();
    long bytes = 0;
    long most = pace.setBytes(isLittle(all));
    boolean whole = true; // What makes room and what comes there go together.
    for (Change change : all) {
      if (whole && (some.size() >= limit || bytes >= most)) {
        break;
      }
      whole = !(change instanceof Delete delete && delete.first());
      if (isHeld(change, missing)) {
        if (!Summary.isUpdate(change)) { // A folder whose time cannot be set is there all the same.
          missing.add(change.path());
        }
        continue;
      }
      some.add(change);
      bytes += weight(change);
    }
    return some;
  }

  private boolean isHeld(Change change, Set<String> missing) {
    if (change instanceof Delete && !facts.mayDelete()) {
      refuseDelete();
      return true;
    }
    if (held.isEmpty()) {
      return missing.contains(change.path());
    }
    Held hold = held.get(change.path());
    Entry entry = change instanceof Put put ? put.entry() : null;
    if (hold != null && (entry == null || entry.equals(hold.entry))) {
      return true;
    }
    return missing.contains(change.path()) || missing.contains(parent(change.path()));
  }

  private void refuseDelete() {
    if (!deletesRefused) {
      deletesRefused = true;
      String why = Refusal.delete(facts.guard());
      console.error(
          Names.show(options.copy()) + " " + why + ": nothing is deleted there",
          Refusal.DELETE_HINT);
    }
  }

  private static Failure notSent() {
    return new Failure(
        Exit.CONNECTION,
        "the target answers to what was not sent",
        "--debugging shows all that it says");
  }

  private void acknowledge(Ok ok) throws Failure {
    Sent sent = inFlight.poll();
    if (sent == null || sent.number != ok.set()) {
      throw notSent();
    }
    pace.acknowledged(sent.trip);
    limit = Math.min(SET_CHANGES, limit * 2);
    failures = 0;
    ours = sent.result;
    told = null;
    news = true;
    midway = true;
    summary.add(sent.changes, sent.bytes);
    if (!complained.isEmpty()) {
      sent.changes.forEach(change -> complained.remove(change.path()));
    }
    console.tell(new Event.Applied(Summary.named(sent.changes)));
    if (firstCopyTold) {
      console.tell(Summary.of(sent.changes, sent.bytes, sent.trip.begun()));
    }
  }

  /** A set failed: asks what is there, and tries in smaller steps to find the path that fails. */
  private Folder recover(Link link, Err err) throws Failure, InterruptedException, IOException {
    Sent failed = inFlight.poll();
    if (failed == null || failed.number != err.set()) {
      throw notSent();
    }
    unsure.add(failed.result); // Some of it may be there.
    for (; !inFlight.isEmpty(); unsure.add(inFlight.poll().result)) {
      await(link, Answer.class);
    }
    progress.restart();
    List<Change> changes = failed.changes.stream().filter(Target::standsAlone).toList();
    limit = Math.max(1, changes.size() / 2);
    failures = changes.size() > 1 ? failures : failures + 1;
    if (changes.size() <= 1) {
      boolean again = options.watch(); // Else it would not end while one of them fails.
      long pause = RETRY.toNanos() * Math.min(failures, MOST_RETRY_PAUSES);
      long until = again ? System.nanoTime() + pause : Long.MAX_VALUE;
      for (Change change : failed.changes) {
        Entry entry = change instanceof Put put ? put.entry() : null;
        held.put(change.path(), new Held(entry, until));
        String why = Refusal.gist(err.why());
        if ((standsAlone(change) || changes.isEmpty())
            && !why.equals(complained.put(change.path(), why))) {
          console.tell(
              new Event.Problem(
                  change.path().isEmpty() ? options.name() : change.path(),
                  "cannot be put there: " + Refusal.gist(err.why()),
                  Refusal.hintFor(err.why()) + (again ? "; it is tried again" : "")));
        }
      }
      if (again && failures > 2) { // Not one path's matter: a full disk need not be asked often.
        restUntil = until;
      } else if (failures >= MOST_FAILURES) {
        throw new Failure(
            Exit.TARGET,
            failures + " paths in a row cannot be put there: " + Refusal.gist(err.why()),
            Refusal.hintFor(err.why()));
      }
    }
    known = Digest.NONE; // Nothing is.
    return learn(link);
  }

  /** Neither what comes along with a change in a folder, nor what makes room for one. */
  private static boolean standsAlone(Change change) {
    return !Summary.isUpdate(change) && !(change instanceof Delete delete && delete.first());
  }

  private static final Duration RETRY = Duration.ofSeconds(2);
  private static final int MOST_RETRY_PAUSES = 5;

  /** With --once, so many show that the rest need not be tried one by one. */
  private static final int MOST_FAILURES = 100;
}
