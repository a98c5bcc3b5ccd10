///usr/bin/env jbang "$0" "$@" ; exit $?
// SPDX-License-Identifier: MIT
// Copyright (c) 2026 frep contributors
//DESCRIPTION Keeps a copy of a folder wherever a shell can be reached: one way, at once
//JAVA 17+
//DEPS info.picocli:picocli:4.7.7
//DEPS org.eclipse.jgit:org.eclipse.jgit:7.8.1.202611041320-r
//DEPS org.apache.commons:commons-compress:1.28.0
//DEPS org.slf4j:slf4j-nop:2.0.18
//SOURCES support/Arguments.java support/Chmod.java support/Options.java support/Sweep.java
//SOURCES support/Tar.java support/Tree.java support/console/Console.java
//SOURCES support/console/Display.java support/console/Event.java support/console/Json.java
//SOURCES support/console/Lines.java support/console/Meter.java support/console/Palette.java
//SOURCES support/console/Row.java support/console/Screen.java support/console/Strip.java
//SOURCES support/console/Summary.java support/console/Terminal.java support/git/GitIndex.java
//SOURCES support/git/GitPause.java support/git/GitRepository.java support/git/IgnorePattern.java
//SOURCES support/git/IgnoreRules.java support/link/Digest.java support/link/Facts.java
//SOURCES support/link/Intake.java support/link/Link.java support/link/Listing.java
//SOURCES support/link/Memory.java support/link/Pace.java support/link/Refusal.java
//SOURCES support/link/Reply.java support/link/Route.java support/link/Shell.java
//SOURCES support/system/Names.java support/system/Processes.java support/system/SmallFile.java
//SOURCES support/system/Stat.java support/system/Stop.java support/system/Text.java
//SOURCES support/tasks/About.java support/tasks/Check.java support/tasks/Completion.java
//SOURCES support/tasks/Errand.java support/tasks/Hook.java support/tasks/Hooks.java
//SOURCES support/tasks/Inquiry.java support/tasks/OutputLines.java support/tasks/Preview.java
//SOURCES support/tasks/Run.java support/tasks/Scripts.java support/tasks/SingleFile.java
//SOURCES support/tasks/Undo.java support/tasks/Verify.java transports/Docker.java
//SOURCES transports/DockerCompose.java transports/Engine.java transports/Kubectl.java
//SOURCES transports/Local.java transports/Podman.java transports/Ssh.java transports/Transport.java
//SOURCES transports/Transports.java
//FILES frep.java receiver.sh support/link/errand.sh support/link/trash.sh support/Arguments.java
//FILES support/Chmod.java support/Options.java support/Sweep.java support/Tar.java
//FILES support/Tree.java support/console/Console.java support/console/Display.java
//FILES support/console/Event.java support/console/Json.java support/console/Lines.java
//FILES support/console/Meter.java support/console/Palette.java support/console/Row.java
//FILES support/console/Screen.java support/console/Strip.java support/console/Summary.java
//FILES support/console/Terminal.java support/git/GitIndex.java support/git/GitPause.java
//FILES support/git/GitRepository.java support/git/IgnorePattern.java support/git/IgnoreRules.java
//FILES support/link/Digest.java support/link/Facts.java support/link/Intake.java
//FILES support/link/Link.java support/link/Listing.java support/link/Memory.java
//FILES support/link/Pace.java support/link/Refusal.java support/link/Reply.java
//FILES support/link/Route.java support/link/Shell.java support/system/Names.java
//FILES support/system/Processes.java support/system/SmallFile.java support/system/Stat.java
//FILES support/system/Stop.java support/system/Text.java support/tasks/About.java
//FILES support/tasks/Check.java support/tasks/Completion.java support/tasks/Errand.java
//FILES support/tasks/Hook.java support/tasks/Hooks.java support/tasks/Inquiry.java
//FILES support/tasks/OutputLines.java support/tasks/Preview.java support/tasks/Run.java
//FILES support/tasks/Scripts.java support/tasks/SingleFile.java support/tasks/Undo.java
//FILES support/tasks/Verify.java transports/Docker.java transports/DockerCompose.java
//FILES transports/Engine.java transports/Kubectl.java transports/Local.java transports/Podman.java
//FILES transports/Ssh.java transports/Transport.java transports/Transports.java
//COMPILE_OPTIONS -encoding UTF-8 -XDstringConcat=inline
//RUNTIME_OPTIONS -XX:InitialHeapSize=64m -XX:MinHeapSize=16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30 -Xss16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto

package dev.frep;

import static dev.frep.Tree.find;
import static dev.frep.Tree.join;
import static dev.frep.Tree.name;
import static dev.frep.Tree.parent;
import static dev.frep.Tree.seconds;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * frep keeps DEST_PARENT_DIR/basename(SRC_DIR) on a target a copy of SRC_DIR, one way.
 *
 * <p>The story is in {@link #replicate}: the {@link Watcher} hints at what is dirty, the {@link
 * Scanner} looks at the disk and makes a snapshot, and each {@link Target} sends the {@link Diff}
 * between what its other end has acknowledged and that snapshot, as an {@link Archive} over its
 * {@link Link}, until the two are the same. The rooms below stand in this order.
 */
public final class frep {
  private frep() {}

  public static void main(String... args) {
    System.exit(Arguments.execute(Names.arguments(args), frep::perform));
  }

  /** Does what was asked for; returns the exit code. */
  private static int perform(Options options, List<Route> routes, Console console)
      throws Exception {
    if (options.task() instanceof Task.Check) {
      return Check.all(options, routes, console).code;
    } else if (options.task() instanceof Task.Undo) {
      return Undo.all(options, routes, console).code;
    } else if (options.task() instanceof Task.Run run) {
      Exit copied = replicate(options, routes, console);
      return Run.after(options, routes, run.command(), console, copied);
    }
    return replicate(options, routes, console).code;
  }

  /** The flow: what is dirty is scanned, what differs is sent, until told to stop. */
  static Exit replicate(Options options, List<Route> routes, Console console) throws Exception {
    Dirty dirty = new Dirty();
    Stop stop = new Stop(() -> askToStop(dirty, console), () -> endAtOnce(console));
    GitPause git = GitPause.of(options.source());
    List<Target> targets = new ArrayList<>();
    try (Hooks hooks = new Hooks(options, console);
        Watcher watcher = options.watch() ? new Watcher(dirty, console) : null) {
      Scanner scanner = new Scanner(options, watcher, console);
      for (Route route : routes) {
        Console its = console.of(route::label, routes.size() > 1);
        targets.add(
            new Target(options, route, scanner, dirty, its, hooks.of(route), () -> busy(targets)));
      }
      targets.forEach(Target::start); // They connect and list while the source is scanned.
      Folder first = scanner.scan(part -> targets.forEach(target -> target.offerPart(part)));
      AtomicReference<Folder> snapshot = new AtomicReference<>(first);
      targets.forEach(target -> target.offer(snapshot.get()));
      if (watcher != null) {
        Sweep.start(options.source(), scanner, snapshot::get, dirty);
      }
      boolean seen = true;
      while (!done(options, dirty, targets)) {
        scanner.hint(dirty);
        Dirty.Paths paths = dirty.await(Watcher.SETTLE, () -> !stop.asked() && git.busy());
        boolean last = stop.asked();
        if (last || git.hasPaused()) { // All that happened before, not only what is heard by now.
          boolean all = watcher == null || watcher.catchUp();
          seen = all || !last;
          paths = dirty.take(paths);
        }
        Folder now = scanner.next(snapshot.get(), paths);
        if (now != null && now != snapshot.get()) {
          snapshot.set(now);
          targets.forEach(target -> target.offer(now));
        }
        if (last) {
          break;
        }
      }
      Exit exit = seen ? scanner.verdict() : Exit.INTERRUPTED;
      for (Target target : targets) {
        exit = Exit.worse(exit, target.finish());
      }
      hooks.drain(() -> options.watch() || stop.asked());
      return exit;
    } finally {
      targets.forEach(Target::abandon);
    }
  }

  private static int busy(List<Target> targets) {
    return (int) targets.stream().filter(target -> !target.ended() && !target.settled()).count();
  }

  private static void askToStop(Dirty dirty, Console console) {
    dirty.wake();
    console.tell(new Event.Stopping());
  }

  private static void endAtOnce(Console console) {
    console.close();
    console.tell(new Event.Stopped(Exit.INTERRUPTED.code));
  }

  /** No target is left; or, if only one copy was asked for, all have it. */
  private static boolean done(Options options, Dirty dirty, List<Target> targets) {
    return targets.stream().allMatch(Target::ended)
        || !options.watch()
            && dirty.isClean()
            && targets.stream().allMatch(target -> target.ended() || target.settled());
  }
}

// ---- hints: what may be different ----

/** The paths that something may have happened to; everything that may know of one adds to it. */
final class Dirty {
  /** Paths to look at again, paths to look at with all that is below them. */
  record Paths(TreeSet<String> looks, TreeSet<String> wholes) {
    boolean isEmpty() {
      return looks.isEmpty() && wholes.isEmpty();
    }
  }

  private Paths paths = new Paths(new TreeSet<>(), new TreeSet<>());
  private boolean woken;
  private long hints;

  synchronized void look(String path) {
    paths.looks().add(path);
    hints++;
    notifyAll();
  }

  synchronized void whole(String path) {
    paths.wholes().add(path);
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

  /** Waits for a path, then until none has come for a while, and hands them over. */
  synchronized Paths await(Duration settle, BooleanSupplier busy) throws InterruptedException {
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
    latest = System.nanoTime() + LONGEST_PAUSE.toNanos();
    while (!paths.isEmpty() && remaining(latest) > 0 && busy.getAsBoolean()) {
      TimeUnit.NANOSECONDS.timedWait(this, settle.toNanos());
    }
    woken = false;
    return take(new Paths(new TreeSet<>(), new TreeSet<>()));
  }

  /** Adds what there is to what was taken before. */
  synchronized Paths take(Paths more) {
    more.looks().addAll(paths.looks());
    more.wholes().addAll(paths.wholes());
    paths = new Paths(new TreeSet<>(), new TreeSet<>());
    return more;
  }

  private static long remaining(long deadline) {
    return deadline - System.nanoTime();
  }

  /** How often the loop goes round when nothing happens. */
  private static final Duration TICK = Duration.ofSeconds(1);

  /** A lock that Git has left behind does not hold up more than this. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** In a storm of changes, what there is goes after this time. */
  private static final Duration PATIENCE = Duration.ofMillis(50);
}

/**
 * Turns the file system's events into dirty paths. It is asked for folders before they are read.
 */
final class Watcher implements AutoCloseable {
  /** Longer than a write after a truncate, too short to be felt. */
  static final Duration SETTLE = Duration.ofMillis(2);

  private final Dirty dirty;
  private final Console console;
  private final WatchService service;
  private final TreeMap<String, WatchKey> keys = new TreeMap<>();
  private final Map<WatchKey, Set<String>> names = new HashMap<>();
  private final Set<String> polled = ConcurrentHashMap.newKeySet();
  private final Path cookies;
  private final Semaphore cookieSeen = new Semaphore(0);
  private boolean limitTold;
  private long nextPoll = System.nanoTime();

  Watcher(Dirty dirty, Console console) throws IOException {
    this.dirty = dirty;
    this.console = console;
    service = FileSystems.getDefault().newWatchService();
    cookies = Files.createTempDirectory("frep-cookies-");
    cookies.register(service, StandardWatchEventKinds.ENTRY_CREATE);
    Thread thread = new Thread(this::run, "watcher");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Watches a folder; to be called before it is listed, so that nothing falls between.
   *
   * <p>A folder has one key, and may have several names for a while: it was renamed, or a symlink
   * came where another was, which the system follows. What is told of it counts for each.
   */
  synchronized void register(String path, Path folder) throws IOException {
    try {
      WatchKey key =
          folder.register(
              service,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_DELETE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.OVERFLOW);
      WatchKey before = keys.put(path, key);
      if (before != key) {
        names.merge(key, Set.of(path), Watcher::both);
        unname(before, path);
      }
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

  private static Set<String> both(Set<String> some, Set<String> others) {
    Set<String> all = new HashSet<>(some);
    all.addAll(others);
    return all;
  }

  private void unname(WatchKey key, String path) {
    Set<String> known = new HashSet<>(names.getOrDefault(key, Set.of()));
    if (!known.remove(path)) {
      return;
    }
    if (known.isEmpty()) {
      names.remove(key);
      key.cancel();
    } else {
      names.put(key, known);
    }
  }

  /** Stops watching a folder that is gone, and what was below it. */
  synchronized void forget(String path) {
    Map<String, WatchKey> below = keys.subMap(path + "/", path + (char) ('/' + 1));
    below.forEach((name, key) -> unname(key, name));
    below.clear();
    unname(keys.remove(path), path);
    polled.removeIf(known -> known.equals(path) || known.startsWith(path + "/"));
  }

  private synchronized Set<String> namesOf(WatchKey key) {
    return names.getOrDefault(key, Set.of());
  }

  /** Its folder is gone, or was forgotten. */
  private synchronized Set<String> dropped(WatchKey key) {
    Set<String> known = names.remove(key);
    known = known == null ? Set.of() : known;
    known.forEach(path -> keys.remove(path, key));
    return known;
  }

  /**
   * Waits until every event of before this call has been turned into dirty paths: a cookie file, in
   * a folder of our own that the same queue tells of, comes after them.
   */
  boolean catchUp() throws InterruptedException {
    try {
      cookieSeen.drainPermits();
      Files.delete(Files.createTempFile(cookies, "cookie", ""));
      return cookieSeen.tryAcquire(5, TimeUnit.SECONDS);
    } catch (IOException full) {
      console.debug(full);
      return false;
    }
  }

  /** Marks dirty what the system would not watch for us. */
  void poll() {
    if (System.nanoTime() > nextPoll) {
      nextPoll = System.nanoTime() + POLL.toNanos();
      polled.forEach(dirty::whole);
    }
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
        if (key.watchable().equals(cookies)) {
          for (WatchEvent<?> event : key.pollEvents()) {
            if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
              dirty.whole(""); // The others will be told as well, perhaps after this one.
            }
          }
          cookieSeen.release();
          key.reset();
          continue;
        }
        List<WatchEvent<?>> events = key.pollEvents();
        // Asked for only now: a folder that still has no name here has not been listed yet, and
        // the listing will have it all. Or it was moved out of the source and goes on telling.
        for (String folder : namesOf(key)) {
          events.forEach(event -> mark(folder, event));
        }
        if (!key.reset()) {
          dropped(key).forEach(dirty::whole);
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
    Files.deleteIfExists(cookies);
  }
}

// ---- truth: what is on the disk ----

/** Reads the source: whole, or what is dirty of it. A snapshot shares what did not change. */
final class Scanner {
  static final String LEAVE_OUT = "to hear no more of it, leave it out: --exclude";
  static final String UNREADABLE = "make it readable, or leave it out: --exclude";

  private final Path root;
  private final Options options;
  private final Watcher watcher;
  private final Console console;
  private final Map<String, IgnoreRules.InFolder> rules = new ConcurrentHashMap<>();
  private final Map<String, Glance> racy = new ConcurrentHashMap<>();
  private final Map<String, Glance> ofAge = new HashMap<>();
  private final Set<String> problems = ConcurrentHashMap.newKeySet();
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private final Map<String, Unfinished> unfinished = new ConcurrentHashMap<>();
  private final AtomicLong nextPart = new AtomicLong();
  private volatile Consumer<Folder> parts; // As long as the first scan takes.
  private volatile long pause;
  private volatile IgnoreRules ignore;
  private boolean lost;

  /** A part of a scan that others may do. */
  private static final class Work extends RecursiveAction {
    private static final long serialVersionUID = 1;
    private final transient Runnable work;

    Work(Runnable work) {
      this.work = work;
    }

    @Override
    protected void compute() {
      work.run();
    }
  }

  /** A folder while those in it are scanned; children are what is known by now. */
  private record Unfinished(Stat own, TreeMap<String, Entry> children, List<String> folders) {}

  /** What was sent of a file so young that a change of it might leave no trace. */
  private record Glance(RegularFile file, long checksum) {}

  Scanner(Options options, Watcher watcher, Console console) {
    this.root = options.source();
    this.options = options;
    this.watcher = watcher;
    this.console = console;
  }

  Path local(String path) {
    return Names.below(root, path);
  }

  /** Whether something of the target would belong to the copy if it were here. */
  boolean belongs(String path, Entry entry) {
    try {
      IgnoreRules.InFolder rule = rulesIn(parent(path));
      return rule != null && rule.sends(name(path), entry instanceof Folder);
    } catch (IOException unreadable) {
      return false; // What is not known to be ours stays.
    }
  }

  /** The rules in a folder, be it there or not; null if it is left out itself. */
  private IgnoreRules.InFolder rulesIn(String path) throws IOException {
    IgnoreRules.InFolder known = path.isEmpty() ? ignore.root() : rules.get(path);
    if (known != null) {
      return known;
    }
    IgnoreRules.InFolder around = rulesIn(parent(path));
    return around != null && around.sends(name(path), true) ? around.child(name(path)) : null;
  }

  /**
   * The whole source, for the first time.
   *
   * @param parts gets what is known by then now and then, the rest as {@link Closed}
   */
  Folder scan(Consumer<Folder> parts) throws IOException {
    return scan(parts, Duration.ofMillis(100)); // A short scan is one set, if there is room in it.
  }

  /** The same, with that time before each part. */
  Folder scan(Consumer<Folder> parts, Duration pause) throws IOException {
    this.pause = pause.toNanos();
    nextPart.set(System.nanoTime() + this.pause);
    this.parts = parts;
    Folder whole = scan(Folder.NONE);
    this.parts = null;
    return whole;
  }

  /** Hands on what is known by now, if that was not done just before. */
  private void handOn() {
    Consumer<Folder> parts = this.parts;
    long due = nextPart.get();
    long now = System.nanoTime();
    if (parts != null
        && now - due > 0
        && nextPart.compareAndSet(due, now + pause)
        && soFar("") instanceof Folder part) {
      parts.accept(part);
    }
  }

  /** What is known by now of a folder that is being scanned. */
  private Entry soFar(String path) {
    Unfinished folder = unfinished.get(path);
    if (folder == null) {
      return new Closed(); // Not begun; or just finished, which the next part will have.
    }
    TreeMap<String, Entry> children;
    synchronized (folder.children()) {
      children = new TreeMap<>(folder.children());
    }
    boolean any = !children.isEmpty();
    for (String name : folder.folders) {
      if (!children.containsKey(name)) {
        Entry inner = soFar(join(path, name));
        any |= inner instanceof Folder;
        children.put(name, inner);
      }
    }
    return any ? folder(folder.own, children) : new Closed(); // Git may not want it empty.
  }

  /** The whole source; what is as it was before is the same object. */
  Folder scan(Folder before) throws IOException {
    ignore = IgnoreRules.load(root, this::local, options.selection());
    rules.clear();
    IgnoreRules.Reason whole = ignore.why("", true);
    if (before == Folder.NONE && !whole.sent()) {
      console.error(
          Names.show(options.name() + " is in what Git ignores (" + whole + "): ")
              + "only what Git tracks is sent",
          "--no-gitignore sends all that is in it");
    }
    Entry entry = look("", root, ignore.root(), before, true, null);
    if (entry instanceof Folder folder) {
      return folder;
    }
    throw new NoSuchFileException(root.toString()); // Or closed to us since we began.
  }

  /**
   * The source after something happened to the given paths; null while it is gone or suddenly
   * empty: a slip must not empty the copy as well.
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
      ofAge.clear();
      if (!now.children().isEmpty() || before.children().isEmpty()) {
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
              "if that is meant, end frep and empty the copies by hand"));
    }
    return null;
  }

  /** The source after something happened to the given paths. */
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

  /** A folder that is there as before, but for the dirty paths in it. */
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
        now = look(childPath, child, rule, old, whole, dirty);
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

  /**
   * What is at a path now; null if nothing that is to be sent. The rules are those of the folder it
   * is in; of what is below a folder, all is read if it is new or whole, else what is dirty.
   */
  private Entry look(
      String path,
      Path file,
      IgnoreRules.InFolder rule,
      Entry before,
      boolean whole,
      Dirty.Paths dirty) {
    Stat found = found(path, file, rule);
    return found == null
        ? drop(path, before)
        : known(path, file, found, rule, before, whole, dirty);
  }

  /** The same, of what is known to be there. */
  private Entry known(
      String path,
      Path file,
      Stat found,
      IgnoreRules.InFolder rule,
      Entry before,
      boolean whole,
      Dirty.Paths dirty) {
    try {
      return found == HIDDEN ? new Closed() : kind(path, file, found, rule, before, whole, dirty);
    } catch (IOException broken) {
      return closed(path, file, found::isLike, broken);
    }
  }

  private Entry kind(
      String path,
      Path file,
      Stat found,
      IgnoreRules.InFolder rule,
      Entry before,
      boolean whole,
      Dirty.Paths dirty)
      throws IOException {
    problems.remove(path);
    if (!path.isEmpty() && !rule.sends(name(path), found.isFolder())) {
      return drop(path, before);
    }
    if (found.isFolder()) {
      Folder known = before instanceof Folder folder ? folder : Folder.NONE;
      boolean same = known.inode() == found.inode() && !whole;
      return same ? changed(path, file, found, known, dirty) : folder(path, file, rule, known);
    }
    if (before instanceof Folder) {
      drop(path, before);
    }
    if (found.isFile()) {
      return file(path, file, found, before);
    }
    if (found.isLink()) {
      return link(path, file, found, before);
    }
    problem(path, "is neither a file nor a folder nor a symlink: left out", LEAVE_OUT);
    return null;
  }

  /** A folder that is known, itself and what is dirty in it. */
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

  private Entry link(String path, Path file, Stat found, Entry before) {
    try {
      Symlink now = new Symlink(Names.ofLink(Files.readSymbolicLink(file)), found.modified());
      return now.equals(before) ? before : now;
    } catch (IOException broken) {
      return closed(path, file, found::isLike, broken);
    }
  }

  private Entry drop(String path, Entry before) {
    if (!problems.isEmpty()) {
      problems.removeIf(known -> known.equals(path) || known.startsWith(path + "/"));
    }
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
    if (!(before instanceof RegularFile old) || !sameStat(old, now)) {
      return now;
    }
    Glance glance = ofAge.getOrDefault(path, racy.get(path));
    if (glance == null || !glance.file.equals(old)) {
      return old;
    }
    boolean same = look(file) == glance.checksum;
    return same ? old : edition(old, old.edition() + 1);
  }

  /** A folder's own attributes as they are on the disk now. */
  Folder folderNow(Path folder) throws IOException {
    return folder(Stat.of(folder), new TreeMap<>());
  }

  private RegularFile file(Stat found) {
    return new RegularFile(modeThere(found), found.size(), found.modified(), found.changed(), 0);
  }

  static boolean sameStat(RegularFile a, RegularFile b) {
    return edition(a, 0).equals(edition(b, 0));
  }

  private static RegularFile edition(RegularFile file, int edition) {
    return new RegularFile(file.mode(), file.size(), file.modified(), file.changed(), edition);
  }

  /** A folder and all that is in it. The rule is the one of the folder around it. */
  private Entry folder(String path, Path folder, IgnoreRules.InFolder around, Folder before)
      throws IOException {
    TreeMap<String, Path> names = new TreeMap<>();
    TreeMap<String, Entry> children = new TreeMap<>();
    Stat own;
    try {
      if (watcher != null) {
        watcher.register(path, folder); // Register, then list: what comes later is told.
      }
      own = Stat.of(folder);
      if (!own.isFolder()) { // To list it could mean to list what a symlink leads to.
        throw new NotDirectoryException(path);
      }
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
        stream.forEach(child -> names.put(Names.of(child), child));
      } catch (DirectoryIteratorException broken) {
        throw broken.getCause();
      }
    } catch (NoSuchFileException | NotDirectoryException gone) {
      return drop(path, before); // Or another, of which its folder's event tells.
    } catch (IOException unreadable) {
      return closed(path, folder, Stat::isFolder, unreadable);
    }
    IgnoreRules.InFolder rule;
    try {
      rule = path.isEmpty() ? around : around.child(name(path), names.keySet());
    } catch (IOException broken) {
      problem(
          path,
          "has Git data that cannot be read (" + Failure.reason(broken) + "): left as it is there",
          "see what git status says there");
      return new Closed();
    }
    rules.put(path, rule);
    before
        .children()
        .forEach(
            (name, old) -> {
              if (!names.containsKey(name)) {
                drop(join(path, name), old);
              }
            });
    List<RecursiveAction> folders = new ArrayList<>();
    List<String> inner = new ArrayList<>();
    String below = join(path, "");
    names.forEach(
        (name, child) -> {
          String at = below.concat(name);
          Entry old = before.children().get(name);
          Stat found = found(at, child, rule);
          if (found == null) {
            drop(at, old);
          } else if (found.isFolder()) { // Much of a scan is waiting for answers: wait for many.
            inner.add(name);
            folders.add(
                new Work(
                    () -> put(children, name, known(at, child, found, rule, old, true, null))));
          } else {
            put(children, name, known(at, child, found, rule, old, true, null));
          }
        });
    unfinished.put(path, new Unfinished(own, children, inner));
    ForkJoinTask.invokeAll(folders);
    unfinished.remove(path);
    handOn();
    return kept(path, rule, folder(own, children).orBefore(before));
  }

  private static void put(Map<String, Entry> children, String name, Entry entry) {
    if (entry != null) {
      synchronized (children) {
        children.put(name, entry);
      }
    }
  }

  /** What could not be read; nothing if it is gone or of another kind by now: that is an event. */
  private Entry closed(String path, Path file, Predicate<Stat> same, IOException why) {
    try {
      if (!same.test(Stat.of(file))) {
        return null;
      }
    } catch (IOException hidden) {
      if (isGone(file, hidden)) {
        return null;
      }
    }
    problem(path, "cannot be read (" + Failure.reason(why) + "): left as it is there", UNREADABLE);
    return new Closed();
  }

  /** A folder that is only there for what Git tracks in it is nothing without that. */
  private Folder kept(String path, IgnoreRules.InFolder rule, Folder folder) {
    boolean keep = path.isEmpty() || !folder.children().isEmpty() || rule.keepsEmpty();
    return keep ? folder : null;
  }

  /** Remembers what was sent of a file whose time says little, since it is so young. */
  void sent(String path, RegularFile file, long checksum) {
    racy.put(path, new Glance(file, checksum));
  }

  /** What to look at without an event: files that have come of age, folders not watched. */
  void hint(Dirty dirty) {
    if (watcher == null) {
      return;
    }
    watcher.poll();
    racy.forEach(
        (path, glance) -> {
          if (!isRacy(glance.file) && racy.remove(path, glance)) {
            ofAge.put(path, glance);
            dirty.look(path);
          }
        });
  }

  /** A file younger than this may change again without a trace in its times: FAT has 2 s. */
  static final Duration RACY = Duration.ofSeconds(2);

  static boolean isRacy(RegularFile file) {
    return isYoung(file.modified());
  }

  /** Whether what has this time in nanoseconds may change again without another. */
  static boolean isYoung(long modified) {
    return System.currentTimeMillis() * 1_000_000 - modified < RACY.toNanos();
  }

  private static long look(Path file) {
    CRC32C checksum = new CRC32C();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n; (n = in.read(buffer)) > 0; ) {
        checksum.update(buffer, 0, n);
      }
    } catch (IOException gone) {
      return -1;
    }
    return checksum.getValue();
  }

  /** One bad file is told once and does not end the run. */
  void problem(String path, String what, String hint) {
    problems.add(path);
    if (told.add(path + "\0" + what)) {
      console.tell(new Event.Problem(path.isEmpty() ? options.name() : path, what, hint));
    }
  }

  Exit verdict() {
    return lost ? Exit.SOURCE : problems.isEmpty() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  /** If nothing is watched, no one will ask how what is known has changed. */
  private Stat stat(Path file) throws IOException {
    return watcher == null ? Stat.quick(file) : Stat.of(file);
  }

  /** The attributes; null if there is nothing. */
  private Stat found(String path, Path file, IgnoreRules.InFolder rule) {
    try {
      return stat(file);
    } catch (IOException hidden) { // Its folder may not be entered, or its path is too long.
      if (isGone(file, hidden)) {
        return null;
      }
      if (rule.sends(name(path), false) || rule.sends(name(path), true)) {
        problem(
            path,
            "cannot be seen (" + Failure.reason(hidden) + "): left as it is there",
            UNREADABLE);
      }
      return HIDDEN;
    }
  }

  /** Whether nothing is there: not even if a folder on the way, which cannot be entered, could. */
  private boolean isGone(Path file, IOException why) {
    if (why instanceof NoSuchFileException || why instanceof NotDirectoryException) {
      return true;
    }
    for (Path up = file.getParent(); up != null && up.startsWith(root); up = up.getParent()) {
      try { // Java does not tell by the kind of an exception that a folder has become a file.
        return !Stat.of(up).isFolder();
      } catch (NoSuchFileException gone) {
        return true;
      } catch (IOException hidden) {
        continue; // Who is above may say more.
      }
    }
    return false;
  }

  /** In place of the attributes of what is there, and no one knows what it is. */
  private static final Stat HIDDEN = new Stat(0, 0, 0, 0, 0);

  /** What is here counts with the mode that it shall have there. */
  private int modeThere(Stat found) {
    return options.mode(found.mode() & 07777, found.isFolder());
  }

  /** The entry as it is on the disk now, to be held against the one of a snapshot. */
  RegularFile now(Path file) throws IOException {
    Stat found = stat(file);
    if (!found.isFile()) {
      throw new NoSuchFileException(file.toString());
    }
    return file(found);
  }
}

// ---- diff: what is to be done ----

/** What makes one snapshot of another. Parts that both share are not looked at. */
final class Diff {
  private final List<Change> puts = new ArrayList<>();
  private final List<Change> deletes = new ArrayList<>();
  private final Tree.Belongs belongs;

  private Diff(Tree.Belongs belongs) {
    this.belongs = belongs;
  }

  /**
   * In the order of work: folders before what is in them, what is to go last.
   *
   * @param belongs what would belong to the copy: the rest is not deleted, ignored as it is
   */
  static List<Change> between(Folder there, Folder here, Tree.Belongs belongs) {
    Diff diff = new Diff(belongs);
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
    if (there == here || here instanceof Closed) {
      return;
    }
    if (here == null) {
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

  private void put(String path, Entry here, boolean fresh) {
    puts.add(new Put(path, here, fresh));
    if (here instanceof Folder folder) {
      children(path, Folder.NONE, folder);
    }
  }

  /** Each by its name, and what is in a folder first: what others put there stays. */
  private void delete(String path, Entry there, List<Change> to, boolean first) {
    if (there instanceof Folder folder) {
      folder.children().forEach((name, child) -> delete(join(path, name), child, to, first));
    }
    if (!first && !belongs.test(path, there)) {
      return;
    }
    boolean locked = there instanceof Folder folder && isLocked(folder);
    to.add(new Delete(path, there instanceof Folder, first, locked));
  }

  static boolean isLocked(Folder folder) {
    return (folder.mode() & 0300) != 0300;
  }

  static boolean sameAttributes(Folder a, Folder b) {
    return a.mode() == b.mode() && seconds(a.modified()) == seconds(b.modified());
  }
}

// ---- archive: what travels ----
/**
 * One change set as the receiver wants it: a tar archive with a plan in it, see receiver.sh. A file
 * is in it whole and as it was at one moment, or it is not in it.
 */
final class Archive {
  /** Files up to this size are read before their header is written, so that none is torn. */
  private static final int SMALL = 1 << 20;

  /** One byte more than expected is read, to see whether there are more. */
  static final int BUFFER = SMALL + 1;

  /** In so few folders files are renamed folder by folder; in more, linked in one go. */
  private static final int FEW_FOLDERS = 4;

  /** So many names go to one command: their paths fit into its arguments. */
  private static final int NAMES_AT_ONCE = 400;

  private final Scanner scanner;
  private final Folder there;
  private final Folder now;
  private final Facts facts;
  private final Tar tar;
  private final Meter progress;
  private final byte[] buffer;

  private final Map<String, Path> folders = new HashMap<>();
  private final Map<String, String> fresh = new HashMap<>();
  private final Deque<Put> open = new ArrayDeque<>();
  private final List<String> groups = new ArrayList<>();
  private final Map<String, Integer> groupOf = new HashMap<>();
  private final Map<String, Integer> groupSize = new HashMap<>();
  private final TreeSet<String> touched = new TreeSet<>();
  private final TreeSet<String> locked = new TreeSet<>();
  private final Set<String> stampedLater = new HashSet<>();
  private final List<String> torn = new ArrayList<>();
  private final Map<String, List<String>> lists = new LinkedHashMap<>();
  private final List<Change> applied = new ArrayList<>();
  private final List<String> stale = new ArrayList<>();
  private final List<String> unreadable = new ArrayList<>();
  private boolean asTree;
  private long bytes;

  /**
   * What came of it: the changes that are in the archive, with the folders whose times follow; the
   * files that changed while they were read; those that could not be read; bytes of content.
   */
  record Written(List<Change> applied, List<String> stale, List<String> unreadable, long bytes) {}

  /**
   * @param buffer of BUFFER bytes, nobody else's meanwhile
   */
  Archive(
      Scanner scanner,
      Folder there,
      Folder now,
      Facts facts,
      byte[] buffer,
      OutputStream out,
      Meter progress) {
    this.scanner = scanner;
    this.buffer = buffer;
    this.there = there;
    this.now = now;
    this.facts = facts;
    tar = new Tar(out);
    this.progress = progress;
  }

  Written write(List<Change> changes) throws IOException {
    asTree = facts.links() && !facts.mounts() && foldersOf(changes) > FEW_FOLDERS;
    for (Change change : changes) {
      closeFolders(change.path());
      if (change instanceof Put put) {
        put(put);
      } else if (change instanceof Delete delete) {
        delete(delete);
      } else {
        throw new AssertionError(change);
      }
    }
    closeFolders(null);
    List<String> stamped = stamps();
    plan(stamped);
    tar.finish();
    return new Written(applied, stale, unreadable, bytes);
  }

  private static long foldersOf(List<Change> changes) {
    Set<String> created = new HashSet<>();
    Set<String> folders = new HashSet<>();
    for (Change change : changes) {
      if (change instanceof Put put) {
        if (put.entry() instanceof Folder && put.fresh()) {
          created.add(put.path());
        } else if (!(put.entry() instanceof Folder) && !created.contains(parent(put.path()))) {
          folders.add(parent(put.path()));
        }
      }
    }
    return folders.size();
  }

  private void put(Put put) throws IOException {
    if (put.entry() instanceof Folder) {
      if (put.fresh()) {
        fresh.put(put.path(), place(put.path(), true));
        open.push(put);
        if (!facts.changesModes()) {
          folder(fresh.get(put.path()), (Folder) put.entry(), 0700);
        }
      } else {
        touched.add(put.path());
      }
      applied.add(put);
      return;
    }
    boolean written;
    if (put.entry() instanceof RegularFile file) {
      written = file(put, file);
    } else if (put.entry() instanceof Symlink link) {
      String place = place(put.path(), false);
      tar.entry(Tar.LINK, place, link.target(), 0777, 0, seconds(link.modified()));
      stampedLater.add(parent(put.path())); // GNU tar makes links to elsewhere at the very end.
      written = true;
    } else {
      throw new AssertionError(put);
    }
    if (written) {
      progress.fileRead();
      applied.add(put);
      touch(put.path());
    }
  }

  private void delete(Delete delete) {
    String list = delete.first() ? "clear" : "deletes";
    lists
        .computeIfAbsent(delete.folder() ? list + "-folders" : list, none -> new ArrayList<>())
        .add("./" + delete.path());
    if (delete.locked()) {
      locked.add(delete.path());
    }
    applied.add(delete);
    touch(delete.path());
    stampedLater.add(parent(delete.path()));
  }

  /** The time of the folder that holds this path changes with it, and is to be set again. */
  private void touch(String path) {
    if (!fresh.containsKey(parent(path))) {
      touched.add(parent(path));
    }
  }

  /** Where in the archive a path goes. */
  private String place(String path, boolean folder) {
    String inFresh = fresh.get(parent(path));
    if (inFresh != null && !path.isEmpty()) {
      return inFresh + "/" + name(path);
    }
    return asTree && !folder ? "./t/" + path : "./n/" + group(parent(path)) + "/" + name(path);
  }

  private int group(String folder) {
    int size = groupSize.merge(folder, 1, Integer::sum);
    if (size % NAMES_AT_ONCE == 1) {
      groups.add(folder);
      groupOf.put(folder, groups.size() - 1);
    }
    return groupOf.get(folder);
  }

  /** A new folder's own entry comes after what is in it: then no tar spoils its time and mode. */
  private void closeFolders(String path) throws IOException {
    while (!open.isEmpty() && (path == null || !path.startsWith(open.peek().path() + "/"))) {
      Put put = open.pop();
      Folder folder = (Folder) put.entry();
      boolean locked = !facts.superuser() && Diff.isLocked(folder);
      boolean top = !fresh.containsKey(parent(put.path()));
      if (top) {
        touch(put.path());
      }
      boolean late =
          !facts.gnuTar()
              && folder.children().values().stream().anyMatch(Symlink.class::isInstance);
      if (locked && (top || !facts.changesModes()) || late) {
        touched.add(put.path()); // Its mode follows, or its time: other tars make links at the end.
      }
      folder(fresh.get(put.path()), folder, locked && top ? 0700 : 0);
    }
  }

  private void folder(String place, Folder folder, int more) throws IOException {
    int mode = folder.mode() & 07777 | more;
    tar.entry(Tar.FOLDER, place + "/", "", mode, 0, seconds(folder.modified()));
  }

  private boolean file(Put put, RegularFile file) throws IOException {
    Path path =
        Names.in(folders.computeIfAbsent(parent(put.path()), scanner::local), name(put.path()));
    try (Source in = new Source(path)) {
      return file.size() <= SMALL ? small(put, file, in) : large(put, file, in);
    } catch (Unreadable broken) {
      if (isThere(path, file)) {
        scanner.problem(
            put.path(),
            "cannot be read (" + Failure.reason(broken.why) + "): not sent",
            Scanner.UNREADABLE);
        unreadable.add(put.path());
      } else {
        stale.add(put.path());
      }
      return false;
    }
  }

  /** Whether it is still the file that the snapshot knows, by what is quickly asked. */
  private static boolean isThere(Path path, RegularFile file) {
    try {
      BasicFileAttributes now =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return now.isRegularFile()
          && now.size() == file.size()
          && now.lastModifiedTime().to(TimeUnit.NANOSECONDS) == file.modified();
    } catch (IOException gone) {
      return false;
    }
  }

  private boolean small(Put put, RegularFile file, Source in) throws IOException {
    int length = in.read(buffer, (int) file.size() + 1);
    if (length != file.size() || !isThere(in.path, file)) {
      stale.add(put.path());
      return false;
    }
    header(place(put.path(), false), file);
    tar.write(buffer, length);
    tar.pad(length);
    progress.read(length);
    if (Scanner.isRacy(file)) {
      CRC32C checksum = new CRC32C();
      checksum.update(buffer, 0, length);
      scanner.sent(put.path(), file, checksum.getValue());
    }
    bytes += length;
    return true;
  }

  /** Its header is on the way before it is read: if it changes, what came of it is dropped. */
  private boolean large(Put put, RegularFile file, Source in) throws IOException {
    String place = place(put.path(), false);
    CRC32C checksum = new CRC32C();
    header(place, file);
    boolean whole = true;
    for (long left = file.size(); left > 0; ) {
      int wanted = (int) Math.min(left, SMALL);
      int length = whole ? in.readOrEnd(buffer, wanted) : 0;
      if (length < wanted) { // It shrank, or broke: zeros keep the archive readable.
        whole = false;
        Arrays.fill(buffer, length, wanted, (byte) 0);
      }
      checksum.update(buffer, 0, wanted);
      tar.write(buffer, wanted);
      progress.read(wanted);
      left -= wanted;
    }
    tar.pad(file.size());
    if (!whole || in.readOrEnd(buffer, 1) > 0 || !isThere(in.path, file)) {
      torn.add(place);
      stale.add(put.path());
      touched.add(parent(put.path())); // Its folder came with it, and changes when it goes.
      stampedLater.add(parent(put.path()));
      return false;
    }
    if (Scanner.isRacy(file)) {
      scanner.sent(put.path(), file, checksum.getValue());
    }
    bytes += file.size();
    return true;
  }

  /** Reading failed, which is the matter of one file; when writing fails, the link is broken. */
  private static final class Unreadable extends IOException {
    private static final long serialVersionUID = 1;
    private final IOException why;

    Unreadable(IOException why) {
      super(why);
      this.why = why;
    }
  }

  /** A file of the source while it is read. */
  private static final class Source implements AutoCloseable {
    private final Path path;
    private final InputStream in;

    Source(Path path) throws Unreadable {
      this.path = path;
      try {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          throw new NoSuchFileException(path.toString()); // To open a FIFO would take for ever.
        }
        in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS);
      } catch (IOException broken) {
        throw new Unreadable(broken);
      }
    }

    /** As many bytes as there are, up to length. */
    int read(byte[] to, int length) throws Unreadable {
      try {
        return in.readNBytes(to, 0, length);
      } catch (IOException broken) {
        throw new Unreadable(broken);
      }
    }

    /** The same, where an error is as good as the end. */
    int readOrEnd(byte[] to, int length) {
      try {
        return read(to, length);
      } catch (Unreadable broken) {
        return 0;
      }
    }

    @Override
    public void close() throws Unreadable {
      try {
        in.close();
      } catch (IOException broken) {
        throw new Unreadable(broken);
      }
    }
  }

  private void header(String place, RegularFile file) throws IOException {
    tar.entry(Tar.FILE, place, "", file.mode(), file.size(), seconds(file.modified()));
  }

  /**
   * The folders to be stamped. Their modes and times come with the tree if there is one, and for
   * those where something is deleted after that, in a skeleton of their own.
   */
  private List<String> stamps() throws IOException {
    if (!facts.ownsRoot()) {
      touched.remove("");
    }
    List<String> stamped = new ArrayList<>();
    for (String path : touched) {
      if (find(now, path) instanceof Folder folder) {
        stamped.add(path);
        applied.add(new Put(path, folder, false));
        if (!inTree() || hasSpecialBitsBeyond(path, folder.mode())) {
          stampedLater.add(path);
        }
      }
    }
    stampedLater.retainAll(stamped);
    if (inTree()) {
      skeleton("./t", stamped, stampedLater);
    }
    skeleton("./d", stampedLater, Set.of());
    return stamped;
  }

  /** Whether what is put as a tree brings the modes and times of folders, too. */
  private boolean inTree() {
    return asTree && atOnce();
  }

  /** Whether many folders are given their modes and times by one command. */
  private boolean atOnce() {
    return facts.links() && facts.ownsRoot() && facts.changesModes();
  }

  /**
   * These folders and those they are in.
   *
   * @param writable those that have to stay so for a while
   */
  private void skeleton(String place, Collection<String> paths, Set<String> writable)
      throws IOException {
    TreeSet<String> folders = new TreeSet<>(Collections.reverseOrder());
    for (String path : paths) {
      for (String up = path; !up.isEmpty(); up = parent(up)) {
        folders.add(up);
      }
    }
    if (!paths.isEmpty()) {
      for (String path : folders) { // In reverse order a folder comes after what is in it.
        folder(place + "/" + path, (Folder) find(now, path), writable.contains(path) ? 0700 : 0);
      }
      folder(place, now, writable.contains("") ? 0700 : 0);
    }
  }

  private void plan(List<String> stamped) throws IOException {
    StringBuilder plan = new StringBuilder();
    if (!torn.isEmpty()) {
      list("drop", torn);
      plan.append("drop - -\n");
    }
    if (!facts.superuser()) {
      for (String path : stamped) {
        if (Diff.isLocked((Folder) find(now, path)) && !fresh.containsKey(path)) {
          locked.add(path);
        }
      }
      for (String path : locked) { // In order, so that the outer ones come first.
        plan.append("unlock - ").append(escape(path)).append('\n');
      }
    }
    if (lists.containsKey("clear") || lists.containsKey("clear-folders")) {
      plan.append("clear - -\n");
    }
    for (int key = 0; key < groups.size(); key++) {
      plan.append("into " + key + " ").append(escape(groups.get(key))).append('\n');
    }
    if (asTree) {
      plan.append(inTree() ? "tree stamped -\n" : "tree - -\n");
    }
    if (lists.containsKey("deletes") || lists.containsKey("deletes-folders")) {
      plan.append("delete - -\n");
    }
    if (!stampedLater.isEmpty() && atOnce()) {
      plan.append("stamp - -\n");
    }
    Collections.reverse(stamped); // What is in a folder comes before it is closed.
    for (String path : stamped) {
      int mode = ((Folder) find(now, path)).mode() & 07777;
      if (!atOnce() || hasSpecialBitsBeyond(path, mode)) {
        plan.append("attributes " + Integer.toOctalString(mode) + " ").append(escape(path));
        plan.append('\n');
      }
    }
    for (Map.Entry<String, List<String>> list : lists.entrySet()) {
      list(list.getKey(), list.getValue());
    }
    text("plan", plan.toString());
  }

  /** Set-id and sticky bits, which a stamp leaves where they are. */
  private boolean hasSpecialBitsBeyond(String path, int mode) {
    return find(there, path) instanceof Folder folder && (folder.mode() & 07000 & ~mode) != 0;
  }

  private void list(String name, List<String> paths) throws IOException {
    text(name, String.join("\0", paths) + "\0");
  }

  private void text(String name, String text) throws IOException {
    byte[] content = text.getBytes(StandardCharsets.ISO_8859_1);
    tar.entry(Tar.FILE, "./" + name, "", 0600, content.length, 0);
    tar.write(content);
    tar.pad(content.length);
  }

  /** A path as one word of the plan, that no shell can misread. */
  private static String escape(String path) {
    StringBuilder word = new StringBuilder();
    for (char c : (path.isEmpty() ? "." : path).toCharArray()) {
      if (c < 0x80 && (Character.isLetterOrDigit(c) || "/._-+,@=".indexOf(c) >= 0)) {
        word.append(c);
      } else {
        word.append(String.format("\\0%03o", (int) c));
      }
    }
    return word.toString();
  }
}

// ---- target: what a copy lacks goes to it ----

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
  private Facts facts;
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
  private Meter progress;
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
    this.pace = new Pace(options.connecting().compress(), senders);
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
      progress = new Meter(console);
      try (Link link =
          new Link(options, route, reply -> hear(connection, reply), console, progress)) {
        end = serve(link);
      } catch (Failure failure) {
        end = afterFailure(failure);
      } catch (InterruptedException stop) {
        end = Exit.INTERRUPTED;
      } catch (VirtualMachineError tooMuch) {
        end = afterFailure(Failure.tooMuch(tooMuch));
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
      boolean look =
          connected || options.copying().initial() || (options.task() instanceof Task.Verify);
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
      if ((options.task() instanceof Task.Verify)) {
        return verify(link);
      }
      Folder there = look ? listed(link) : taken();
      if ((options.task() instanceof Task.DryRun)) {
        return preview(there);
      }
      connected = true;
      pause = FIRST_PAUSE;
      converse(link, there);
      return !settled() ? Exit.INTERRUPTED : inStep ? Exit.IN_STEP : Exit.PROBLEMS;
    } catch (IOException broken) {
      console.debug(broken);
      for (Reply reply; (reply = inbox.poll(1, TimeUnit.SECONDS)) != null; ) {
        if (!(reply instanceof Outcome)) {
          unexpected(link, reply); // The receiver may have said why.
        }
      }
      throw link.epitaph();
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
        new Facts(
            ready.facts().getOrDefault("tar", "").contains("GNU"),
            "yes".equals(ready.facts().get("records")),
            "gzip".equals(ready.facts().get("zip")),
            "yes".equals(ready.facts().get("links")),
            "yes".equals(ready.facts().get("root")),
            !"".equals(ready.facts().get("mounts")),
            "0".equals(ready.facts().get("uid")),
            ready.facts().getOrDefault("guard", ""));
    if (options.copying().cleanOutFirst() && !facts.mayDelete()) {
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
          Text.bytes(needed) + " more are needed there, " + Text.bytes(free) + " are free",
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
    Folder there = ((Listed) await(link, Listed.class)).there();
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
    Folder there = ((Listed) await(link, Listed.class)).there();
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
    Tree.Belongs belongs =
        (path, entry) -> puts.stream().anyMatch(put -> Tree.isOurs(find(put, path), entry));
    return Tree.match(
        "", goal(), there, puts, options.copying().cleanOutFirst() ? scanner::belongs : belongs);
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
    boolean looks = type == Listed.class && known != Digest.NONE;
    return options
        .connecting()
        .timeout()
        .plus(looks ? LOOK.multipliedBy(count(known.there())) : Duration.ZERO);
  }

  /** The time that a disk with cold caches takes for one entry, at most. */
  private static final Duration LOOK = Duration.ofMillis(10);

  private Failure silent(Link link) {
    link.kill();
    return new Failure(
        Exit.CONNECTION,
        "the target has been silent for " + Text.seconds(options.connecting().timeout()),
        "the connection command must give a shell that reads commands: ssh host bash");
  }

  /** What ends a conversation whenever it comes. */
  private void unexpected(Link link, Reply reply) throws Failure, InterruptedException {
    if (reply instanceof Hangup) {
      throw link.epitaph();
    } else if (reply instanceof Refused refused) {
      throw Refusal.explain(refused.reason(), refused.detail(), route);
    } else if (reply instanceof Nonsense nonsense) {
      throw new Failure(
          Exit.CONNECTION,
          "the target's answer cannot be understood: " + nonsense.what(),
          "--debugging shows all that it says");
    } else if (reply instanceof Outcome) {
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
          if (midway && options.copying().trash()) { // What comes next is another change.
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
      } else if (link.silence().compareTo(options.connecting().timeout())
          > 0) { // However often it is woken.
        throw silent(link);
      } else if (options.watching().heal() && inFlight.isEmpty() && System.nanoTime() > nextLook) {
        recollect();
        expected = learn(link);
        nextLook = System.nanoTime() + HEAL.toNanos();
        tried = null;
      } else {
        boolean over = held.values().stream().anyMatch(hold -> hold.until < System.nanoTime());
        tried = reply == WAKE || over ? null : tried;
        Duration quiet = options.connecting().timeout().dividedBy(PINGS);
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
    ours = inStep ? Tree.settled(ours, goal) : ours;
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
            ? Tree.settled(expected, goal)
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
    boolean given = options.copying().maxDelete() >= 0;
    if (given
        ? deletes > options.copying().maxDelete()
        : deletes > 100 && deletes > count(there) / 2) {
      if (given || !options.copying().cleanOutFirst()) {
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
      await(link, Outcome.class);
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
