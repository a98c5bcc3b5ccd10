///usr/bin/env jbang "$0" "$@" ; exit $?
// SPDX-License-Identifier: MIT
// Copyright (c) 2026 frep contributors
//DESCRIPTION Keeps a copy of a folder wherever a shell can be reached: one way, at once
//JAVA 17+
//DEPS info.picocli:picocli:4.7.7
//DEPS org.eclipse.jgit:org.eclipse.jgit:7.8.1.202611041320-r
//DEPS org.apache.commons:commons-compress:1.28.0
//DEPS org.slf4j:slf4j-nop:2.0.18
//SOURCES support/Arguments.java support/Chmod.java support/Hints.java support/Ignored.java support/OptionGroups.java support/Options.java support/Parts.java support/Plan.java support/Sweep.java
//SOURCES support/Tar.java support/Tree.java support/Usage.java support/Young.java support/console/Console.java support/console/Event.java support/console/Json.java support/console/Lines.java
//SOURCES support/console/Meter.java support/console/Problems.java support/console/Row.java support/console/Screen.java support/console/Terminal.java support/git/GitCommand.java
//SOURCES support/git/GitIndex.java support/git/GitPause.java support/git/GitRepository.java support/git/GitSettings.java support/git/IgnorePattern.java support/git/IgnoreRules.java
//SOURCES support/link/Chunks.java support/link/Facts.java support/link/Flight.java support/link/Inbox.java support/link/Intake.java support/link/Journal.java support/link/Known.java
//SOURCES support/link/Link.java support/link/Listing.java support/link/Outbox.java support/link/Pace.java support/link/Record.java support/link/Refusal.java support/link/Reply.java
//SOURCES support/link/Report.java support/link/Retry.java support/link/Route.java support/link/Routes.java support/link/Shell.java support/system/Cookie.java support/system/Names.java
//SOURCES support/system/Processes.java support/system/SmallFile.java support/system/SourceFile.java support/system/Stat.java support/system/Stop.java support/system/Text.java
//SOURCES support/system/WatchKeys.java support/tasks/About.java support/tasks/Ask.java support/tasks/Command.java support/tasks/Compare.java support/tasks/Completion.java support/tasks/Hooks.java
//SOURCES support/tasks/Scripts.java support/tasks/SingleFile.java transports/Docker.java transports/DockerCompose.java transports/Engine.java transports/Kubectl.java transports/Local.java
//SOURCES transports/Podman.java transports/Ssh.java transports/Transport.java transports/Transports.java
//FILES frep.java receiver.sh support/link/errand.sh support/link/trash.sh support/Arguments.java support/Chmod.java support/Hints.java support/Ignored.java support/OptionGroups.java
//FILES support/Options.java support/Parts.java support/Plan.java support/Sweep.java support/Tar.java support/Tree.java support/Usage.java support/Young.java support/console/Console.java
//FILES support/console/Event.java support/console/Json.java support/console/Lines.java support/console/Meter.java support/console/Problems.java support/console/Row.java support/console/Screen.java
//FILES support/console/Terminal.java support/git/GitCommand.java support/git/GitIndex.java support/git/GitPause.java support/git/GitRepository.java support/git/GitSettings.java
//FILES support/git/IgnorePattern.java support/git/IgnoreRules.java support/link/Chunks.java support/link/Facts.java support/link/Flight.java support/link/Inbox.java support/link/Intake.java
//FILES support/link/Journal.java support/link/Known.java support/link/Link.java support/link/Listing.java support/link/Outbox.java support/link/Pace.java support/link/Record.java
//FILES support/link/Refusal.java support/link/Reply.java support/link/Report.java support/link/Retry.java support/link/Route.java support/link/Routes.java support/link/Shell.java
//FILES support/system/Cookie.java support/system/Names.java support/system/Processes.java support/system/SmallFile.java support/system/SourceFile.java support/system/Stat.java
//FILES support/system/Stop.java support/system/Text.java support/system/WatchKeys.java support/tasks/About.java support/tasks/Ask.java support/tasks/Command.java support/tasks/Compare.java
//FILES support/tasks/Completion.java support/tasks/Hooks.java support/tasks/Scripts.java support/tasks/SingleFile.java transports/Docker.java transports/DockerCompose.java transports/Engine.java
//FILES transports/Kubectl.java transports/Local.java transports/Podman.java transports/Ssh.java transports/Transport.java transports/Transports.java
//FILES META-INF/services/dev.frep.BuiltIn=transports/dev.frep.BuiltIn
//COMPILE_OPTIONS -encoding UTF-8 -XDstringConcat=inline -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC
//RUNTIME_OPTIONS -XX:InitialHeapSize=64m -XX:MinHeapSize=16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30 -Xss16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData

package dev.frep;

import static dev.frep.Tree.join;
import static dev.frep.Tree.name;
import static dev.frep.Tree.parent;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.*;
import java.util.zip.CRC32C;

/**
 * frep keeps DEST_PARENT_DIR/basename(SRC_DIR) at each target a copy of SRC_DIR, one way.
 *
 * <p>The story is in {@link #replicate}. The {@link Watcher} hints at dirty paths, the {@link
 * Scanner} reads them from the disk and makes a snapshot, and each {@link Target} sends the {@link
 * Diff} between the copy that its other end has acknowledged and that snapshot, as an {@link
 * Archive} over its {@link Link}, until both are the same. The classes below stand in this order.
 */
public final class frep {
  private final Options options;
  private final Routes routes;
  private final Console console;
  private final Dirty dirty = new Dirty();
  private final List<Target> targets = new CopyOnWriteArrayList<>(); // The targets count it.
  private final Stop stop = new Stop(this::askToStop, this::endAtOnce);

  private frep(Options options, Routes routes, Console console) {
    this.options = options;
    this.routes = routes;
    this.console = console;
  }

  public static void main(String... args) {
    System.exit(Arguments.execute(Names.arguments(args), frep::perform));
  }

  /** Does what was asked for; returns the exit code. */
  private static int perform(Options options, Routes routes, Console console) throws Exception {
    if (options.task() instanceof Task.Check) {
      return Ask.check(options, routes.first(), console).code;
    } else if (options.task() instanceof Task.Undo) {
      return Ask.undo(options, routes.first(), console).code;
    } else if (options.looks()) {
      return compare(options, routes.first(), console).code;
    }
    Exit copied = new frep(options, routes, console).replicate();
    return options.task() instanceof Task.Run run
        ? Command.run(options, routes.one(), run.command(), console, copied)
        : copied.code;
  }

  /** Scans what is dirty and sends what differs, until told to stop. */
  private Exit replicate() throws Exception {
    try (routes;
        Hooks hooks = new Hooks(options, console);
        Watcher watcher = options.watch() ? new Watcher(dirty, console) : null) {
      Scanner scanner = new Scanner(options, watcher, console);
      boolean grows = routes.canGrow() && options.waits(Duration.ZERO);
      boolean several = grows || routes.first().size() > 1;
      Function<Route, Target> make =
          route -> {
            Console its = console.of(route::label, several);
            return new Target(
                options, route, scanner, dirty, its, hooks.of(route), stop, this::unsettled);
          };
      routes.first().forEach(route -> targets.add(make.apply(route)));
      targets.forEach(Target::start); // They connect and list while the source is scanned.
      Folder first = scanner.scan(part -> offer(new Snapshot(part, false)));
      offer(new Snapshot(first, true));
      if (grows) {
        routes.lookOut(dirty::wake);
      }
      boolean seen = follow(scanner, watcher, first, make);
      targets.forEach(Target::stop); // Together: a silent one holds up no other's goodbye.
      Exit exit = seen ? scanner.verdict() : Exit.INTERRUPTED;
      for (Target target : targets) {
        exit = Exit.worse(exit, target.join());
      }
      boolean runs = options.task() instanceof Task.Run; // Its command must not begin any more.
      return options.watch()
          ? exit
          : runs && stop.asked() ? Exit.INTERRUPTED : Exit.worse(exit, hooks.drain(stop::asked));
    } finally {
      targets.forEach(Target::stop);
    }
  }

  /** Offers every change to the targets; returns whether all that happened was seen. */
  private boolean follow(
      Scanner scanner, Watcher watcher, Folder first, Function<Route, Target> make)
      throws Exception {
    AtomicReference<Folder> source = new AtomicReference<>(first);
    GitPause git = GitPause.of(options.source());
    if (watcher != null) {
      Sweep.start(options.source(), source::get, scanner::folderNow, scanner::isAsKnown, dirty);
    }
    boolean seen = true;
    while (!isDone() || routes.hasArrivals()) {
      join(make, first, source.get());
      scanner.hint(dirty);
      dirty.await(Watcher.SETTLE);
      boolean paused = git.await(() -> stop.asked() || dirty.isClean());
      git.staleLock().ifPresent(this::tellLock);
      boolean last = stop.asked();
      if (last && watcher != null) {
        watcher.lookAtPolled();
      }
      if (last || paused) { // All that happened before, not only what was heard of by now.
        seen = watcher == null || watcher.catchUp() || !last;
      }
      Folder before = source.get();
      Folder now = scanner.next(before, dirty.take());
      if (now != null && now != before) {
        source.set(now);
        offer(new Snapshot(now, true));
      }
      if (last) {
        break;
      }
    }
    return seen;
  }

  /** Adds the targets that were found since; each gets the snapshots that the others have had. */
  private void join(Function<Route, Target> make, Folder first, Folder now) {
    targets.removeIf(Target::hasLeft);
    for (Route route : routes.arrivals()) {
      Target target = make.apply(route);
      target.offer(new Snapshot(first, true));
      target.offer(new Snapshot(now, true));
      targets.add(target);
      target.start();
    }
  }

  private void offer(Snapshot snapshot) {
    targets.forEach(target -> target.offer(snapshot));
  }

  private int unsettled() {
    return (int)
        targets.stream().filter(target -> !target.hasEnded() && !target.isSettled()).count();
  }

  /** Whether no target is left, or all have the only copy that was asked for. */
  private boolean isDone() {
    return targets.stream().allMatch(Target::hasEnded)
        || !options.watch() && dirty.isClean() && unsettled() == 0;
  }

  private void tellLock(Path lock) {
    console.error(
        Names.show(Names.ofAll(lock)) + " has not changed for 2 s: frep does not wait for it",
        "if no Git is at work, remove it");
  }

  private void askToStop() {
    dirty.wake();
    console.tell(new Event.Stopping());
  }

  private void endAtOnce() {
    console.close();
    console.tell(new Event.Stopped(Exit.INTERRUPTED.code));
  }

  /** Prints how each copy differs from the source. */
  private static Exit compare(Options options, List<Route> routes, Console console)
      throws Exception {
    Scanner scanner = new Scanner(options, null, console);
    Folder source = scanner.scan(part -> {});
    Compare compare = new Compare(options, source, scanner::local, Diff::between, scanner::belongs);
    return Exit.worse(scanner.verdict(), compare.with(routes, console));
  }
}

// ---- hints: what may be different ----

/** Collects the paths that something may have happened to. */
final class Dirty implements Hints {
  /** How often the loop goes round when nothing happens. */
  private static final Duration TICK = Duration.ofSeconds(1);

  /** In a storm of changes frep does not wait longer than this for a quiet moment. */
  private static final Duration PATIENCE = Duration.ofMillis(50);

  /**
   * Dirty paths.
   *
   * @param looks paths to look at, each alone
   * @param wholes paths to look at with everything below them
   */
  record Paths(TreeSet<String> looks, TreeSet<String> wholes) {
    boolean isEmpty() {
      return looks.isEmpty() && wholes.isEmpty();
    }
  }

  private Paths paths = new Paths(new TreeSet<>(), new TreeSet<>());
  private boolean woken;
  private long hints;

  @Override
  public synchronized void look(String path) {
    paths.looks.add(path);
    hints++;
    notifyAll();
  }

  @Override
  public synchronized void whole(String path) {
    paths.wholes.add(path);
    hints++;
    notifyAll();
  }

  /** Ends the wait of await, with or without a path. */
  synchronized void wake() {
    woken = true;
    notifyAll();
  }

  synchronized boolean isClean() {
    return paths.isEmpty();
  }

  /** Waits for a path, then until no other has come for a while. */
  synchronized void await(Duration settle) throws InterruptedException {
    long tick = System.nanoTime() + TICK.toNanos();
    while (paths.isEmpty() && !woken && remaining(tick) > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, remaining(tick));
    }
    long latest = System.nanoTime() + PATIENCE.toNanos();
    long seen = -1;
    while (seen != hints && !paths.isEmpty() && !woken && remaining(latest) > 0) {
      seen = hints;
      long quiet = System.nanoTime() + settle.toNanos();
      while (seen == hints && remaining(quiet) > 0) {
        TimeUnit.NANOSECONDS.timedWait(this, remaining(quiet));
      }
    }
    woken = false;
  }

  /** Hands the paths over. */
  synchronized Paths take() {
    Paths taken = paths;
    paths = new Paths(new TreeSet<>(), new TreeSet<>());
    return taken;
  }

  private static long remaining(long deadline) {
    return deadline - System.nanoTime();
  }
}

/** Turns the file system's events into dirty paths. */
final class Watcher implements AutoCloseable {
  /** Longer than a write after a truncate, too short to be felt. */
  static final Duration SETTLE = Duration.ofMillis(2);

  private final Dirty dirty;
  private final Console console;
  private final WatchService service;
  private final WatchKeys keys = new WatchKeys();
  private final Set<String> polled = ConcurrentHashMap.newKeySet();
  private final Cookie cookie;
  private boolean limitTold;
  private long nextPoll = System.nanoTime();

  Watcher(Dirty dirty, Console console) throws IOException {
    this.dirty = dirty;
    this.console = console;
    service = FileSystems.getDefault().newWatchService();
    cookie = new Cookie(service);
    Processes.thread("watcher", this::run);
  }

  /** Watches a folder. Call it before listing the folder, so that no change falls between. */
  synchronized void register(String path, Path folder) throws IOException {
    try {
      WatchKey key =
          folder.register(
              service,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_DELETE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.OVERFLOW);
      keys.put(path, key);
      polled.remove(path);
    } catch (NoSuchFileException | NotDirectoryException gone) {
      throw gone;
    } catch (IOException limit) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        throw new NotDirectoryException(folder.toString()); // Something else by now.
      }
      polled.add(path);
      tellLimit(limit);
    }
  }

  /** Stops watching a folder that is gone, and what was below it. */
  synchronized void forget(String path) {
    keys.remove(path);
    polled.removeIf(known -> known.equals(path) || known.startsWith(path + "/"));
  }

  /** Waits until every event from before this call has become a dirty path. */
  boolean catchUp() throws InterruptedException {
    try {
      return cookie.await();
    } catch (IOException full) {
      console.debug(full);
      return false;
    }
  }

  /** Marks dirty what the system does not watch for us, now and then. */
  void poll() {
    if (System.nanoTime() > nextPoll) {
      nextPoll = System.nanoTime() + POLL.toNanos();
      lookAtPolled();
    }
  }

  void lookAtPolled() {
    polled.forEach(dirty::whole);
  }

  private static final Duration POLL = Duration.ofSeconds(2);

  private synchronized void tellLimit(IOException limit) {
    if (!limitTold) {
      limitTold = true;
      console.error(
          "the system watches no more folders (" + limit.getMessage() + "); polling the rest",
          "sudo sysctl fs.inotify.max_user_watches=1048576");
    }
  }

  private void run() {
    try {
      while (true) {
        WatchKey key = service.take();
        if (cookie.take(key, () -> dirty.whole(""))) {
          continue;
        }
        List<WatchEvent<?>> events = key.pollEvents();
        // Asked for only now: a folder that still has no name here has not been listed yet, and
        // the listing will have it all. Or it was moved out of the source and goes on telling.
        for (String folder : keys.names(key)) {
          events.forEach(event -> mark(folder, event));
        }
        if (!key.reset()) {
          keys.drop(key).forEach(dirty::whole);
        }
      }
    } catch (InterruptedException | ClosedWatchServiceException end) {
      // The program ends.
    }
  }

  private void mark(String folder, WatchEvent<?> event) {
    if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
      dirty.whole(folder);
      return;
    }
    String path = join(folder, Names.of((Path) event.context()));
    if (event.kind() == StandardWatchEventKinds.ENTRY_CREATE) {
      dirty.whole(path); // A new folder may have the inode of the one before.
    } else {
      dirty.look(path);
    }
  }

  @Override
  public void close() throws IOException {
    service.close();
    cookie.close();
  }
}

// ---- truth: what is on the disk ----

/**
 * Reads the source, whole or only its dirty paths. A snapshot shares the objects of the one before
 * wherever nothing has changed.
 */
final class Scanner {
  static final String LEAVE_OUT = "to silence this, exclude it: --exclude";
  private static final String LEFT = ": left unchanged in the copy";
  static final String UNREADABLE = "make it readable, or leave it out: --exclude";

  private final Path root;
  private final Options options;
  private final Watcher watcher;
  private final Console console;
  private final Map<String, IgnoreRules.InFolder> rules = new ConcurrentHashMap<>();
  private final Young young = new Young();
  private final Ignored ignored = new Ignored();
  private final Problems problems;
  private volatile Parts parts; // As long as the first scan takes.
  private volatile IgnoreRules ignore;
  private volatile boolean lost;

  /**
   * A path to look at.
   *
   * @param rule of the folder around it
   * @param before what was known of it
   * @param whole whether to look at all below it; else only a new folder is read whole
   * @param dirty what else may be different; null if all below is looked at
   */
  private record Place(
      String path,
      Path file,
      IgnoreRules.InFolder rule,
      Entry before,
      boolean whole,
      Dirty.Paths dirty) {}

  Scanner(Options options, Watcher watcher, Console console) {
    this.root = options.source();
    this.options = options;
    this.watcher = watcher;
    this.console = console;
    problems = new Problems(console, options.name());
  }

  Path local(String path) {
    return Names.below(root, path);
  }

  /** Whether an entry that only the target has would be sent if the source had it. */
  boolean belongs(String path, Entry entry) {
    try {
      return ignore.why(path, entry instanceof Folder).sent();
    } catch (IOException unreadable) {
      return false; // What frep does not know to be its own stays.
    }
  }

  /**
   * Reads the whole source for the first time.
   *
   * @param parts gets, now and then, what was read so far; the rest of it is {@link Closed}
   */
  Folder scan(Consumer<Folder> parts) throws IOException {
    return scan(parts, Duration.ofMillis(100)); // A short scan is one set, if there is room in it.
  }

  /** The same with another time before each part. */
  Folder scan(Consumer<Folder> to, Duration pause) throws IOException {
    parts = new Parts(to, pause);
    Folder whole = scan(Folder.NONE);
    parts = null;
    return whole;
  }

  /** Reads the whole source; an unchanged entry stays the same object. */
  Folder scan(Folder before) throws IOException {
    ignore = IgnoreRules.load(root, this::local, options.selection());
    rules.clear();
    IgnoreRules.Reason whole = ignore.why("", true);
    if (before == Folder.NONE && !whole.sent()) {
      console.error(
          Names.show(options.name() + " is ignored by Git (" + whole + "): ")
              + "only tracked files are sent",
          "--no-gitignore sends everything in it");
    }
    Entry entry = look(new Place("", root, ignore.root(), before, true, null));
    if (entry instanceof Folder folder) {
      return folder;
    }
    throw new NoSuchFileException(root.toString()); // Or closed to us since we began.
  }

  /**
   * Returns the source after a change of some paths; null while it is gone or suddenly empty, since
   * a slip must not empty the copy as well.
   */
  Folder next(Folder before, Dirty.Paths dirty) throws IOException {
    String what = "is gone";
    try {
      Stat found = Stat.of(root);
      if (!found.isFolder()) { // Perhaps with the inode of the folder that it has replaced.
        throw new NotDirectoryException(root.toString());
      }
      boolean another = found.inode() != before.inode(); // The root moved tells nothing.
      Folder now = lost || another ? scan(before) : rescan(before, dirty);
      young.looked();
      if (Tree.holdsSent(now.children()) || !Tree.holdsSent(before.children())) {
        if (lost) {
          console.tell(new Event.SourceBack(Names.ofAll(root)));
        }
        lost = false;
        return now;
      }
      what = "is empty now";
    } catch (NoSuchFileException | NotDirectoryException gone) {
      console.debug(gone);
    } catch (IOException broken) {
      console.debug(broken);
      what = "cannot be read (" + Failure.trouble(broken) + ")";
    }
    if (!lost) {
      lost = true;
      String message = Names.show(Names.ofAll(root)) + " " + what;
      console.tell(
          new Event.SourceLost(
              message + ": nothing is sent until it is back",
              "if that is intended, stop frep and empty the copies by hand"));
    }
    return null;
  }

  /** Reads again what the dirty paths concern. */
  private Folder rescan(Folder before, Dirty.Paths dirty) throws IOException {
    if (ignore.stale() || dirty.wholes().contains("") || concernsRules(dirty)) {
      return scan(before);
    }
    if (dirty.isEmpty()) {
      return before;
    }
    return (Folder) update("", root, ignore.root(), before, dirty);
  }

  private boolean concernsRules(Dirty.Paths dirty) {
    return dirty.looks().stream().anyMatch(ignore::isRuleFile)
        || dirty.wholes().stream().anyMatch(ignore::isRuleFile);
  }

  /** Updates a known folder at the dirty paths below it. */
  private Entry update(
      String path, Path folder, IgnoreRules.InFolder rule, Folder before, Dirty.Paths dirty)
      throws IOException {
    TreeMap<String, Entry> children = new TreeMap<>(before.children());
    boolean listed = false;
    for (String name : namesBelow(path, dirty)) {
      String childPath = join(path, name);
      Entry old = before.children().get(name);
      boolean whole = dirty.wholes().contains(childPath);
      Path child = Names.in(folder, name);
      Entry now;
      if (!whole && !dirty.looks().contains(childPath)) {
        if (!(old instanceof Folder)) {
          continue; // Its folder was dropped before; that one's event tells.
        }
        now = update(childPath, child, rules.get(childPath), (Folder) old, dirty);
      } else {
        listed = true;
        now = look(new Place(childPath, child, rule, old, whole, dirty));
      }
      if (now == null) {
        children.remove(name);
      } else {
        children.put(name, now);
      }
    }
    Folder after = before.with(children);
    try { // The folder's own time has changed with what it holds.
      after = listed ? folder(Stat.of(folder), children) : after;
    } catch (IOException gone) {
      return after; // Its own event tells.
    }
    return kept(path, rule, after.orBefore(before));
  }

  private static Set<String> namesBelow(String path, Dirty.Paths dirty) {
    Set<String> names = new TreeSet<>();
    String prefix = path.isEmpty() ? "" : path + "/";
    for (TreeSet<String> paths : List.of(dirty.looks(), dirty.wholes())) {
      for (String below : paths.tailSet(prefix)) {
        if (!below.startsWith(prefix)) {
          break;
        }
        String rest = below.substring(prefix.length());
        int slash = rest.indexOf('/');
        if (!rest.isEmpty()) {
          names.add(slash < 0 ? rest : rest.substring(0, slash));
        }
      }
    }
    return names;
  }

  /** Returns the entry at a path; null if there is none, or none that can be sent. */
  private Entry look(Place place) {
    Stat found = found(place.path, place.file, place.rule);
    return found == null ? drop(place.path, place.before) : look(place, found);
  }

  private Entry look(Place place, Stat found) {
    try {
      return found == HIDDEN ? Closed.UNREADABLE : entry(place, found);
    } catch (IOException broken) {
      return closed(place.path, place.file, found::isLike, broken);
    }
  }

  private Entry entry(Place place, Stat found) throws IOException {
    String path = place.path;
    problems.remove(path);
    if (!path.isEmpty() && !place.rule.sends(name(path), found.isFolder())) {
      drop(path, place.before);
      return found.isFolder() ? ignored.of(path, place.file, place.before) : Closed.IGNORED;
    } else if (found.isFolder()) {
      Folder known = place.before instanceof Folder folder ? folder : Folder.NONE;
      boolean same = known.inode() == found.inode() && !place.whole;
      return same
          ? changed(path, place.file, found, known, place.dirty)
          : folder(path, place.file, place.rule, known);
    } else if (place.before instanceof Folder) {
      drop(path, place.before);
    }
    if (found.isFile()) {
      return file(path, place.file, found, place.before);
    } else if (found.isLink()) {
      Symlink now = new Symlink(Names.ofLink(Files.readSymbolicLink(place.file)), found.modified());
      return now.equals(place.before) ? place.before : now;
    }
    problem(path, "is neither a file nor a folder nor a symlink: left out", LEAVE_OUT);
    return null;
  }

  /** A target has this copy from a former run: parts of it may be ignored by now. */
  void known(Folder copy, Dirty dirty) {
    ignored.sentBefore(copy);
    dirty.whole("");
  }

  /** Updates a known folder: its own attributes, and the dirty paths below it. */
  private Entry changed(String path, Path folder, Stat found, Folder before, Dirty.Paths dirty)
      throws IOException {
    if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
      throw new AccessDeniedException(path); // From now on, no one knows what is in it.
    }
    Entry inside = update(path, folder, rules.get(path), before, dirty);
    return inside instanceof Folder kept ? folder(found, kept.children()).orBefore(kept) : inside;
  }

  private Folder folder(Stat own, SortedMap<String, Entry> children) {
    return new Folder(modeThere(own), own.modified(), own.inode(), children);
  }

  private Entry drop(String path, Entry before) {
    problems.removeBelow(path);
    if (before instanceof Folder folder) {
      forget(path, folder);
      if (watcher != null) {
        watcher.forget(path);
      }
    }
    return null;
  }

  private void forget(String path, Folder gone) {
    rules.remove(path);
    gone.children()
        .forEach(
            (name, child) -> {
              if (child instanceof Folder folder) {
                forget(join(path, name), folder);
              }
            });
  }

  private Entry file(String path, Path file, Stat found, Entry before) {
    RegularFile now = file(found);
    if (!(before instanceof RegularFile old) || !old.isLike(now)) {
      return now;
    }
    return young.hasChanged(path, file, old) ? old.edition(old.edition() + 1) : old;
  }

  /** Returns a folder's own attributes as they are on the disk now. */
  Folder folderNow(Path folder) throws IOException {
    return folder(Stat.of(folder), new TreeMap<>());
  }

  private RegularFile file(Stat found) {
    return new RegularFile(
        modeThere(found), found.size(), found.modified(), found.changed(), found.inode(), 0);
  }

  /** Whether a file of the source is as it is known. */
  boolean isAsKnown(RegularFile known, Path file) throws IOException {
    return known.isLike(now(file));
  }

  /** Reads a folder and everything in it; the rule is that of the folder around it. */
  private Entry folder(String path, Path folder, IgnoreRules.InFolder around, Folder before) {
    SortedMap<String, Path> names;
    Stat own;
    try {
      if (watcher != null) {
        watcher.register(path, folder); // Register, then list: what comes later is told.
      }
      own = Stat.of(folder);
      if (!own.isFolder()) { // To list it could mean to list what a symlink leads to.
        throw new NotDirectoryException(path);
      }
      names = Names.list(folder);
    } catch (NoSuchFileException | NotDirectoryException gone) {
      return drop(path, before); // Or another, of which its folder's event tells.
    } catch (IOException unreadable) {
      return closed(path, folder, Stat::isFolder, unreadable);
    }
    IgnoreRules.InFolder rule;
    try {
      rule = path.isEmpty() ? around : around.child(name(path), names.keySet());
    } catch (IOException broken) {
      String why = "has Git data that cannot be read (" + Failure.reason(broken) + ")";
      problem(path, why + LEFT, "run git status in it");
      return Closed.UNREADABLE;
    }
    rules.put(path, rule);
    for (Map.Entry<String, Entry> known : before.children().entrySet()) {
      if (!names.containsKey(known.getKey())) {
        drop(join(path, known.getKey()), known.getValue());
      }
    }
    SortedMap<String, Entry> children = children(path, own, names, rule, before);
    return kept(path, rule, folder(own, children).orBefore(before));
  }

  /** Much of a scan is waiting for the disk: so the folders in a folder are read side by side. */
  private SortedMap<String, Entry> children(
      String path,
      Stat own,
      SortedMap<String, Path> names,
      IgnoreRules.InFolder rule,
      Folder before) {
    TreeMap<String, Entry> children = new TreeMap<>();
    List<ForkJoinTask<?>> folders = new ArrayList<>();
    List<String> inner = new ArrayList<>();
    names.forEach(
        (name, file) -> {
          String at = join(path, name);
          Entry old = before.children().get(name);
          Place place = new Place(at, file, rule, old, true, null);
          Stat found = found(at, file, rule);
          if (found == null) {
            drop(at, old);
          } else if (found.isFolder()) {
            inner.add(name);
            folders.add(ForkJoinTask.adapt(() -> put(children, name, look(place, found))));
          } else {
            put(children, name, look(place, found));
          }
        });
    Parts parts = this.parts;
    if (parts != null) {
      parts.begin(path, folder(own, Folder.NO_CHILDREN), children, inner);
    }
    ForkJoinTask.invokeAll(folders);
    if (parts != null) {
      parts.end(path);
    }
    return children;
  }

  private static void put(Map<String, Entry> children, String name, Entry entry) {
    if (entry != null) {
      synchronized (children) {
        children.put(name, entry);
      }
    }
  }

  /** Reports a path that cannot be read; one that is gone or of another kind has its event. */
  private Entry closed(String path, Path file, Predicate<Stat> same, IOException why) {
    try {
      if (!same.test(Stat.of(file))) {
        return null;
      }
    } catch (IOException hidden) {
      if (Stat.isGone(root, file, hidden)) {
        return null;
      }
    }
    problem(path, "cannot be read (" + Failure.reason(why) + ")" + LEFT, UNREADABLE);
    return Closed.UNREADABLE;
  }

  /** Keeps an ignored folder only while it contains tracked files. */
  private Entry kept(String path, IgnoreRules.InFolder rule, Folder folder) {
    boolean keep = path.isEmpty() || Tree.holdsSent(folder.children()) || rule.keepsEmpty();
    return keep ? folder : Closed.IGNORED;
  }

  /** A file was sent with this content. */
  void sent(String path, RegularFile file, long checksum) {
    young.sent(path, file, checksum);
  }

  /** Hints at paths that need a look without an event. */
  void hint(Dirty dirty) {
    if (watcher != null) {
      watcher.poll();
      young.comeOfAge(dirty);
    }
  }

  void problem(String path, String what, String hint) {
    problems.add(path, what, hint);
  }

  Exit verdict() {
    return lost ? Exit.SOURCE : problems.isEmpty() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  /** Without a watch nobody compares snapshots, so the quick look is enough. */
  private Stat stat(Path file) throws IOException {
    return watcher == null ? Stat.quick(file) : Stat.of(file);
  }

  /** Returns the attributes of a path; null if it does not exist. */
  private Stat found(String path, Path file, IgnoreRules.InFolder rule) {
    try {
      return stat(file);
    } catch (IOException hidden) { // Its folder may not be entered, or its path is too long.
      if (Stat.isGone(root, file, hidden)) {
        return null;
      }
      if (rule.sends(name(path), false) || rule.sends(name(path), true)) {
        problem(path, "cannot be seen (" + Failure.reason(hidden) + ")" + LEFT, UNREADABLE);
      }
      return HIDDEN;
    }
  }

  /** Stands for the attributes of a path that exists but cannot be seen. */
  private static final Stat HIDDEN = new Stat(0, 0, 0, 0, 0);

  /** Returns the mode that an entry has in the copy. */
  private int modeThere(Stat found) {
    return options.mode(found.mode() & 07777, found.isFolder());
  }

  /** Returns a file as it is on the disk now, to be compared with a snapshot. */
  RegularFile now(Path file) throws IOException {
    Stat found = stat(file);
    if (!found.isFile()) {
      throw new NoSuchFileException(file.toString());
    }
    return file(found);
  }
}

// ---- diff: what is to be done ----

/** Finds the changes that make one tree of another; it skips parts that both share. */
final class Diff {
  private final List<Change> puts = new ArrayList<>();
  private final List<Change> deletes = new ArrayList<>();

  private Diff() {}

  /** Returns the changes in the order of work: folders before their children, deletes last. */
  static List<Change> between(Folder there, Folder here) {
    Diff diff = new Diff();
    if (!sameAttributes(there, here)) {
      diff.puts.add(new Put("", here, false));
    }
    diff.children("", there, here);
    diff.puts.addAll(diff.deletes);
    return diff.puts;
  }

  private void children(String path, Folder there, Folder here) {
    if (there.children() == here.children()) {
      return;
    }
    if (there.children().isEmpty()) {
      here.children().forEach((name, child) -> compare(join(path, name), null, child));
      return;
    }
    Set<String> names = new TreeSet<>(there.children().keySet());
    names.addAll(here.children().keySet());
    for (String name : names) {
      compare(join(path, name), there.children().get(name), here.children().get(name));
    }
  }

  private void compare(String path, Entry there, Entry here) {
    if (there == here) {
      return;
    } else if (here instanceof Closed closed) {
      if (there instanceof Folder sent && closed.inside() != null) {
        closed(path, sent, closed.inside());
      }
    } else if (there instanceof Closed) {
      compare(path, null, here);
    } else if (here == null) {
      delete(path, there, deletes, false);
    } else if (there == null) {
      put(path, here, true);
    } else if (there instanceof Folder before && here instanceof Folder now) {
      if (!sameAttributes(before, now)) {
        puts.add(new Put(path, now, false));
      }
      children(path, before, now);
    } else if (there instanceof Folder || here instanceof Folder) {
      delete(path, there, puts, true);
      put(path, here, true);
    } else if (!there.equals(here)) {
      put(path, here, false);
    }
  }

  /** Deletes of a folder that is ignored by now only what the source has deleted in it. */
  private void closed(String path, Folder there, Folder here) {
    there
        .children()
        .forEach(
            (name, child) -> {
              Entry kept = here.children().get(name);
              if (kept == null) {
                delete(join(path, name), child, deletes, false);
              } else if (child instanceof Folder sent && kept instanceof Folder folder) {
                closed(join(path, name), sent, folder);
              }
            });
  }

  private void put(String path, Entry here, boolean fresh) {
    puts.add(new Put(path, here, fresh));
    if (here instanceof Folder folder) {
      children(path, Folder.NONE, folder);
    }
  }

  /**
   * Deletes children before their folder, each by name, so that files put there by others survive.
   */
  private void delete(String path, Entry there, List<Change> to, boolean first) {
    if (there instanceof Folder folder) {
      folder.children().forEach((name, child) -> delete(join(path, name), child, to, first));
    }
    if (there instanceof Closed) {
      return; // Nothing of ours stands at this path.
    }
    boolean locked = there instanceof Folder folder && folder.isLocked();
    to.add(new Delete(path, there instanceof Folder, first, locked));
  }

  static boolean sameAttributes(Folder a, Folder b) {
    return a.mode() == b.mode() && Tree.seconds(a.modified()) == Tree.seconds(b.modified());
  }
}

// ---- archive: what travels ----

/**
 * Writes one change set as the receiver wants it: a tar archive laid out by a {@link Plan}. The
 * copy gets a file whole and as it was at one moment, or not at all.
 */
final class Archive {
  /** Files up to this size are read before their header is written, so that none is torn. */
  private static final int SMALL = 1 << 20;

  /** One byte more than expected is read, to notice a file that has grown. */
  static final int BUFFER = SMALL + 1;

  private final Scanner scanner;
  private final Plan plan;
  private final Tar tar;
  private final Meter progress;
  private final byte[] buffer;

  private final Map<String, Path> folders = new HashMap<>();
  private final Set<String> torn = new HashSet<>();
  private final List<String> stale = new ArrayList<>();
  private final List<String> unreadable = new ArrayList<>();
  private CRC32C checksum; // Of a racy file while it is written; else null.
  private long bytes;

  /**
   * The result.
   *
   * @param applied changes in the archive, and folders that get their mode and time after them
   * @param stale files left out since they changed after the scan
   * @param unreadable files left out since they could not be read
   * @param bytes of content
   */
  record Written(List<Change> applied, List<String> stale, List<String> unreadable, long bytes) {}

  /**
   * Prepares an archive.
   *
   * @param buffer of BUFFER bytes, which nobody else uses meanwhile
   */
  Archive(
      Scanner scanner, Plan plan, Facts facts, byte[] buffer, OutputStream out, Meter progress) {
    this.scanner = scanner;
    this.plan = plan;
    this.buffer = buffer;
    tar = new Tar(out, facts.paxTimes());
    this.progress = progress;
  }

  /** Writes the set; fails only if the link does. */
  Written write() throws IOException {
    for (Plan.Item item : plan.items()) {
      write(item);
    }
    Set<String> missing = new HashSet<>(stale);
    missing.addAll(unreadable);
    missing.removeAll(torn);
    Plan.Trailer trailer = plan.trailer(torn, missing);
    for (Plan.Item folder : trailer.folders()) {
      write(folder);
    }
    for (Map.Entry<String, String> text : trailer.texts().entrySet()) {
      tar.text("./" + text.getKey(), text.getValue());
    }
    tar.finish();
    return new Written(trailer.applied(), stale, unreadable, bytes);
  }

  private void write(Plan.Item item) throws IOException {
    if (item.entry() instanceof RegularFile file) {
      file(item, file);
    } else if (item.entry() instanceof Symlink link) {
      tar.link(item.place(), link.target(), link.modified());
      progress.fileRead();
    } else if (item.entry() instanceof Folder folder) {
      tar.folder(item.place(), item.mode(), folder.modified());
    } else {
      throw new AssertionError(item);
    }
  }

  private void file(Plan.Item item, RegularFile file) throws IOException {
    Path folder = folders.computeIfAbsent(parent(item.path()), scanner::local);
    Path path = Names.in(folder, name(item.path()));
    checksum =
        Stat.isYoung(file.modified()) ? new CRC32C() : null; // Once it is sent, it may look old.
    try (SourceFile in = new SourceFile(path)) {
      if (!(file.size() <= SMALL ? small(item, file, in) : large(item, file, in))) {
        stale.add(item.path());
        return;
      }
      if (checksum != null) {
        scanner.sent(item.path(), file, checksum.getValue());
      }
      bytes += file.size();
      progress.fileRead();
    } catch (SourceFile.Unreadable broken) {
      if (broken.isGone() || !SourceFile.isStill(path, file)) {
        stale.add(item.path());
        return;
      }
      String reason = Failure.reason(broken.why);
      scanner.problem(item.path(), "cannot be read (" + reason + "): not sent", Scanner.UNREADABLE);
      unreadable.add(item.path());
    }
  }

  /** Writes a file, unless it has changed. */
  private boolean small(Plan.Item item, RegularFile file, SourceFile in) throws IOException {
    int length = in.read(buffer, (int) file.size() + 1);
    if (length != file.size() || !in.isStill(file)) {
      return false;
    }
    tar.file(item.place(), item.mode(), length, file.modified());
    content(length);
    tar.end();
    return true;
  }

  /** Writes a file while reading it. The receiver drops it if it changes meanwhile. */
  private boolean large(Plan.Item item, RegularFile file, SourceFile in) throws IOException {
    boolean whole = true;
    tar.file(item.place(), item.mode(), file.size(), file.modified());
    for (long left = file.size(); left > 0; ) {
      int wanted = (int) Math.min(left, SMALL);
      int length = whole ? in.readOrEnd(buffer, wanted) : 0;
      if (length < wanted) { // It has shrunk or cannot be read: zeros keep the archive in form.
        whole = false;
        Arrays.fill(buffer, length, wanted, (byte) 0);
      }
      content(wanted);
      left -= wanted;
    }
    tar.end();
    whole = whole && in.readOrEnd(buffer, 1) == 0 && in.isStill(file);
    if (!whole) {
      torn.add(item.path());
    }
    return whole;
  }

  /** Writes what the buffer holds. */
  private void content(int length) throws IOException {
    tar.write(buffer, length);
    progress.read(length);
    if (checksum != null) {
      checksum.update(buffer, 0, length);
    }
  }
}

// ---- target: what a copy lacks goes to it ----

/**
 * One copy. Its thread goes from state to state:
 *
 * <pre>
 *   CONNECTING ─ready─▶ LISTENING ─listing─▶ SENDING ⇄ AWAITING ─all ok─▶ SETTLED
 *       ▲                  ▲  ▲                 ▲          │                │  │
 *       │                  │  └── RECOVERING ◀──┼── err ───┘                │  │
 *       │                  │                    └────── a newer snapshot ───┘  │
 *       │                  └─────────────────────── a look, with --heal ───────┘
 *    RESTING ◀── from any state: the link breaks, or cannot be made yet
 *    ENDED ◀──── from any state: told to stop, or a failure that no new link mends
 * </pre>
 *
 * <p>What to send is always the difference between the copy that the target has confirmed and the
 * newest snapshot; so a lost connection loses nothing.
 */
final class Target {
  enum State {
    CONNECTING,
    LISTENING,
    SENDING,
    AWAITING,
    SETTLED,
    RECOVERING,
    RESTING,
    ENDED
  }

  /** How often an idle target checks its clocks. */
  private static final Duration TICK = Duration.ofSeconds(1);

  /** A target that needs longer to get ready is far: meanwhile there is time for a digest. */
  private static final Duration SOON = Duration.ofMillis(100);

  /** An idle target is asked for a sign so often before it counts as silent. */
  private static final int PINGS = 3;

  /** How often a target is asked what it has, if it is to be healed. */
  private static final Duration HEAL = Duration.ofSeconds(5);

  /** A target that computes a digest is silent: a cold disk needs at most this for one path. */
  private static final Duration LOOK = Duration.ofMillis(10);

  /** A file that cannot be read is tried again after this, should its event not tell. */
  private static final Duration UNREADABLE = Duration.ofSeconds(30);

  /** Without a watch, so many failures show that the rest need not be tried one by one. */
  private static final int MOST_FAILURES = 100;

  private final Options options;
  private final Route route;
  private final Scanner scanner;
  private final Dirty dirty;
  private final Console console;
  private final Runnable changed;
  private final Stop stop;
  private final Known known;
  private final Outbox outbox = new Outbox(Diff::between);
  private final Pace pace;
  private final Report report;
  private final Retry retry;
  private final Flight flight = new Flight();
  private final String run = Shell.random();
  private final byte[] buffer = new byte[Archive.BUFFER];
  private final CountDownLatch scanned = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "target");

  private volatile Inbox inbox;
  private volatile Snapshot first;
  private volatile Snapshot wanted;
  private volatile Folder settledAt;
  private volatile boolean stopping;
  private volatile Exit end;
  private State state = State.CONNECTING;
  private Link link;
  private Meter meter;
  private Facts facts;
  private String digest = "";
  private Snapshot seen;
  private Folder copy = Folder.NONE;
  private Flight.Sent failed;
  private List<String> why = List.of();
  private boolean connected;
  private boolean inStep;
  private boolean news;
  private boolean midway;
  private boolean guarded;
  private boolean doubts;
  private long numbers;
  private long pings;
  private long nextPing = System.nanoTime();
  private long nextLook = System.nanoTime();

  /**
   * @param changed runs whenever something new has arrived and nothing more is on its way
   * @param senders how many targets are not in step, this one among them
   */
  Target(
      Options options,
      Route route,
      Scanner scanner,
      Dirty dirty,
      Console console,
      Runnable changed,
      Stop stop,
      IntSupplier senders) {
    this.stop = stop;
    this.options = options;
    this.route = route;
    this.scanner = scanner;
    this.dirty = dirty;
    this.console = console;
    this.changed = changed;
    pace = new Pace(options.connecting().compress(), senders);
    report = new Report(options, console);
    retry = new Retry(options, route, console, stop);
    inbox = new Inbox(options.connecting().timeout());
    known = new Known(Journal.of(route.identity(options), console));
  }

  void start() {
    thread.start();
  }

  /** Hands over a newer snapshot. */
  void offer(Snapshot snapshot) {
    first = first == null && snapshot.whole() ? snapshot : first;
    wanted = snapshot;
    if (snapshot.whole()) {
      scanned.countDown();
    }
    inbox.wake();
  }

  boolean hasEnded() {
    return end != null;
  }

  /** Whether it has ended because its target is no more, which is no failure. */
  boolean hasLeft() {
    return retry.hasLeft() && hasEnded();
  }

  /** Whether the target has acknowledged the newest snapshot, except paths with a problem. */
  boolean isSettled() {
    Snapshot newest = wanted;
    return newest != null && newest.whole() && settledAt == newest.root();
  }

  /** Asks the target to end when the sets on their way have arrived; harmless after its end. */
  void stop() {
    stopping = true;
    scanned.countDown();
    inbox.wake();
  }

  /** Waits for the end. */
  Exit join() throws InterruptedException {
    thread.join();
    return end;
  }

  private void run() {
    while (state != State.ENDED) {
      state = step();
    }
    hangUp();
    if (connected) {
      known.save();
    }
    known.close();
    console.tell(new Event.Ended(end));
    dirty.wake();
  }

  private State step() {
    try {
      return switch (state) {
        case CONNECTING -> connect();
        case LISTENING -> listen();
        case SENDING -> send();
        case AWAITING, SETTLED -> hear();
        case RECOVERING -> recover();
        case RESTING -> rest();
        case ENDED -> throw new AssertionError(state);
      };
    } catch (Failure failure) {
      return lose(failure);
    } catch (IOException broken) {
      console.debug(broken);
      return lose(inbox.lastWords());
    } catch (VirtualMachineError tooMuch) {
      return lose(Failure.tooMuch(tooMuch));
    } catch (InterruptedException stop) {
      return end(Exit.INTERRUPTED);
    } catch (RuntimeException bug) {
      console.debug(bug);
      console.error("this is a defect of frep", "run it with --debugging, and report what it says");
      return end(Exit.INTERNAL);
    }
  }

  private State end(Exit exit) {
    end = exit;
    return State.ENDED;
  }

  // ---- a connection begins ----

  private State connect() throws Failure, IOException, InterruptedException {
    inbox = new Inbox(options.connecting().timeout()); // Replies of a former link do not count.
    if (!retry.isWaiting(connected)) {
      console.tell(new Event.Connecting());
    }
    known.recall();
    meter = new Meter(console);
    link = new Link(options, route, inbox::add, console, meter, run, connected);
    inbox.from(link);
    boolean looks = connected || options.copying().initial();
    digest = "";
    Runnable meanwhile = () -> digest = looks ? known.digest() : "";
    Ready ready = inbox.await(Ready.class, Duration.ZERO, SOON, meanwhile, this::isToldToStop);
    if (ready == null) {
      link.hurry();
      return end(retry.unconnected());
    }
    pace.begun(link.age());
    if (looks) {
      link.measure();
      link.list(digest, known.copy()); // It takes a while: the rest is done meanwhile.
    }
    greet(ready.facts());
    return looks ? State.LISTENING : assume();
  }

  private void greet(Facts now) throws Failure {
    if (facts != null) {
      console.tell(new Event.Connected());
    } else {
      Refusal.overlap(options, link.stageName());
      Refusal.cleanOut(options, now);
      report.started(now);
    }
    facts = now;
    outbox.mayDelete(facts.mayDelete());
  }

  /** Assumes that the copy is what the source was when frep began. */
  private State assume() throws InterruptedException {
    if (goal() == null) {
      return end(Exit.INTERRUPTED);
    }
    copy = first.root();
    known.assume(copy, true);
    known.save();
    report.assumed();
    connected = true;
    return State.SENDING;
  }

  private State listen() throws Failure, InterruptedException {
    Folder listed = hearListing();
    Snapshot newest = wanted;
    if (listed.children().isEmpty() && (newest == null || !newest.whole())) {
      known.assume(listed, true); // Parts of the source can be sent as they are found.
    } else if ((newest = goal()) == null) {
      return end(Exit.INTERRUPTED);
    } else {
      boolean clean = options.copying().cleanOutFirst();
      Folder all = facts.superuser() ? listed : Tree.withHidden(listed, known.copy());
      known.confirm(all, newest.root(), clean ? scanner::belongs : null);
      if (!connected && Ignored.touches(known.copy(), newest.root())) {
        scanner.known(known.copy(), dirty);
      }
    }
    copy = known.copy();
    connected = true;
    retry.connected();
    return State.SENDING;
  }

  /** Waits for the listing; the ping that was answered before it tells how far the target is. */
  private Folder hearListing() throws Failure, InterruptedException {
    Duration look = digest.isEmpty() ? Duration.ZERO : LOOK.multipliedBy(Tree.count(known.copy()));
    Folder listed = inbox.await(Listed.class, look, TICK, () -> {}, () -> false).tree();
    link.roundTrip().ifPresent(pace::roundTrip);
    return listed;
  }

  /** Waits for a whole snapshot; null if there will be none. */
  private Snapshot goal() throws InterruptedException {
    scanned.await();
    Snapshot newest = wanted;
    return newest != null && newest.whole() ? newest : null;
  }

  // ---- sets go ----

  private State send() throws Failure, IOException, InterruptedException {
    meter.tick();
    if (doubts && flight.isEmpty()) { // What failed may be there in another kind.
      return list("");
    }
    boolean last = stopping; // Read first: then what is wanted now is the last.
    Snapshot goal = wanted;
    seen = goal;
    if (goal == null) {
      return last ? end(Exit.INTERRUPTED) : State.AWAITING;
    } else if (goal.whole()) {
      report.needs(goal.root(), copy, facts.free());
    }
    if (flight.isFull()) {
      return State.AWAITING;
    }
    long now = System.nanoTime();
    Outbox.Batch batch = outbox.next(copy, goal, all -> pace.setBytes(isLittle(all)), now);
    if (!batch.continued() && guard(batch.all(), goal.whole())) {
      return State.SENDING; // Without the deletes that are held back, or with those let go.
    }
    boolean nothing = batch.changes().isEmpty();
    if (!nothing && (!last || batch.isAll())) {
      transmit(batch, goal);
      return State.SENDING;
    }
    return flight.isEmpty() ? arrived(goal, nothing && !outbox.rests(now), last) : State.AWAITING;
  }

  /**
   * Holds back deletes that look like a slip, and lets them go when they no longer do. A change
   * that frep has watched is no slip: the guard is for the first comparison, or for a given limit.
   *
   * @return whether another batch is to be chosen
   */
  private boolean guard(List<Change> missing, boolean whole) throws Failure {
    if (!facts.mayDelete() && missing.stream().anyMatch(Delete.class::isInstance)) {
      report.refusesDeletes(facts.guard());
    }
    boolean asked = !guarded || outbox.holdsDeletes() || options.copying().maxDelete() >= 0;
    Failure slip = asked ? Outbox.slip(options.copying(), missing, copy) : null;
    if (slip != null && !options.watch()) {
      throw slip;
    }
    guarded |= whole;
    if (slip == null && outbox.holdsDeletes()) {
      outbox.releaseDeletes();
      return true;
    } else if (slip != null && outbox.holdsDeletes(missing)) {
      report.holdsDeletes(slip);
      return true;
    }
    return false;
  }

  private void transmit(Outbox.Batch batch, Snapshot goal) throws IOException {
    if (!batch.continued()) {
      meter.remaining(batch.all(), outbox::isHeld, goal.whole());
    }
    long begun = System.nanoTime();
    long number = ++numbers;
    Chunks chunks = new Chunks(link, number, way(batch));
    Plan plan = Plan.of(batch.changes(), copy, goal.root(), facts);
    Archive.Written written;
    try (OutputStream body = chunks.body()) {
      written = new Archive(scanner, plan, facts, buffer, body, meter).write();
    }
    chunks.finish(!written.applied().isEmpty());
    for (String path : written.stale()) {
      outbox.holdRestless(path, Tree.find(goal.root(), path), begun);
      dirty.look(path);
    }
    for (String path : written.unreadable()) {
      outbox.hold(path, Tree.find(goal.root(), path), begun + UNREADABLE.toNanos());
    }
    if (written.applied().isEmpty()) {
      return;
    }
    Folder result = outbox.sent(batch, written.applied(), copy, goal.root());
    known.sending(number, written.applied());
    link.command("commit " + number);
    Pace.Trip trip = chunks.trip(Outbox.weight(batch.changes()));
    flight.add(new Flight.Sent(number, written.applied(), copy, result, written.bytes(), trip));
    copy = result;
  }

  private Chunks.Way way(Outbox.Batch batch) {
    long weight = Outbox.weight(batch.changes());
    boolean zip = facts.unzips() && pace.compresses(weight, isLittle(batch.all()));
    return zip ? Chunks.Way.GZIP : facts.records() ? Chunks.Way.RECORDS : Chunks.Way.CHUNKS;
  }

  private boolean isLittle(List<Change> missing) {
    return wanted.whole() && Outbox.isLighter(missing, Pace.LITTLE);
  }

  /** All that was sent has arrived. */
  private State arrived(Snapshot goal, boolean nothingLeft, boolean last) throws IOException {
    if (goal.whole() && nothingLeft) {
      if (news) {
        news = false;
        changed.run();
      }
      for (String path : outbox.neverQuiet(System.nanoTime())) {
        scanner.problem(path, "keeps changing: it is sent once it stops", Scanner.LEAVE_OUT);
      }
      if (last || !outbox.isRestless(System.nanoTime())) {
        settle(goal);
      }
    }
    if (last) {
      link.command("bye");
      return end(verdict());
    }
    return isSettled() ? State.SETTLED : State.AWAITING;
  }

  private Exit verdict() {
    Exit out = outbox.holdsDeletes() ? Exit.DELETES : Exit.PROBLEMS;
    return !isSettled() ? Exit.INTERRUPTED : inStep ? Exit.IN_STEP : out;
  }

  private void settle(Snapshot goal) throws IOException {
    List<Change> all = outbox.missing(copy, goal.root());
    long missing = all.stream().filter(change -> !outbox.isKept(change)).count();
    inStep = missing == 0;
    if (all.isEmpty()) {
      known.settled(goal.root());
      copy = known.copy();
    }
    if (report.settled(missing, meter.end()) && options.watch()) {
      known.save();
      System.gc(); // The memory of the first copy goes back while frep is idle.
    }
    if (midway && options.copying().trash()) { // What comes next is another change.
      link.command("settled");
    }
    midway = false;
    if (settledAt != goal.root()) {
      settledAt = goal.root();
      dirty.wake();
    }
  }

  // ---- and the target answers ----

  private State hear() throws Failure, IOException, InterruptedException {
    Reply reply = inbox.poll(TICK);
    if (reply instanceof Ok ok) {
      acknowledge(flight.take(ok));
      return State.SENDING;
    } else if (reply instanceof Part part) {
      acknowledge(flight.take(part), part);
      return State.SENDING;
    } else if (reply instanceof Err err) {
      failed = flight.take(err);
      why = err.why();
      return State.RECOVERING;
    } else if (reply != null) {
      link.refuse(reply);
    }
    long now = System.nanoTime();
    if (wanted != seen || stopping || outbox.isOver(now)) {
      return State.SENDING;
    } else if (flight.isEmpty() && options.watching().heal() && now - nextLook > 0) {
      nextLook = now + HEAL.toNanos();
      return list(known.digest());
    }
    askForSign(now);
    return state;
  }

  private void askForSign(long now) throws IOException {
    Duration quiet = options.connecting().timeout().dividedBy(PINGS);
    if (flight.isEmpty() && link.silence().compareTo(quiet) > 0 && now - nextPing > 0) {
      nextPing = now + TICK.toNanos();
      link.command("ping " + ++pings);
    }
  }

  private void acknowledge(Flight.Sent sent) {
    pace.acknowledged(sent.trip());
    outbox.acknowledged();
    known.acknowledged(sent.number(), sent.result());
    news = true;
    midway = true;
    report.acknowledged(sent.changes(), sent.bytes(), sent.trip().begun());
  }

  /** Some paths of a set have not arrived: they wait, and later sets no longer build on them. */
  private void acknowledge(Flight.Sent sent, Part part) {
    Flight.Sent arrived = sent.arrived(Outbox.without(sent.changes(), part.left()));
    acknowledge(sent.with(arrived.changes(), sent.before(), sent.result()));
    known.correct(arrived.result(), Diff.between(sent.result(), arrived.result()));
    copy = flight.rebase(arrived.result());
    List<Change> left = new ArrayList<>(sent.changes());
    left.removeAll(arrived.changes());
    for (Change change : outbox.left(left, System.nanoTime())) {
      doubts |= report.cannotPut(change.path(), part.why(), options.watch());
    }
  }

  /** A set failed: lists the copy, and tries smaller sets to find the path at fault. */
  private State recover() throws Failure, IOException, InterruptedException {
    known.unsure(failed.result()); // Some of it may have arrived.
    while (!flight.isEmpty()) {
      Outcome later = inbox.await(Outcome.class, Duration.ZERO, TICK, () -> {}, () -> false);
      known.unsure(flight.take(later).result());
    }
    meter.restart();
    boolean again = options.watch(); // Else frep would not end while one path fails.
    for (Change change : outbox.failed(failed.changes(), again, System.nanoTime())) {
      report.cannotPut(change.path(), why, again);
    }
    if (!again && outbox.failures() >= MOST_FAILURES) {
      throw new Failure(
          Exit.TARGET,
          outbox.failures()
              + " paths in a row cannot be written at the target: "
              + Refusal.gist(why),
          Refusal.hintFor(why));
    }
    return list("");
  }

  /** Asks what the target has, unless it comes to this digest. */
  private State list(String expected) throws IOException {
    digest = expected;
    doubts = false;
    link.list(digest, known.copy());
    return State.LISTENING;
  }

  private State lose(Failure failure) {
    hangUp();
    flight.takeAll().forEach(sent -> known.unsure(sent.result()));
    report.lost();
    return retry.after(failure, connected, verdict()).map(this::end).orElse(State.RESTING);
  }

  private State rest() {
    return retry.rest(connected).map(this::end).orElse(State.CONNECTING);
  }

  private void hangUp() {
    if (link != null) {
      link.close();
      link = null;
    }
  }

  private boolean isToldToStop() {
    return stopping || stop.asked();
  }
}
