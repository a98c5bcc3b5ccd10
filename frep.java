///usr/bin/env jbang "$0" "$@" ; exit $?
//DESCRIPTION Keeps a copy of a folder wherever a shell can be reached: one way, at once
//JAVA 17+
//DEPS info.picocli:picocli:4.7.7
//DEPS org.eclipse.jgit:org.eclipse.jgit:7.8.1.202611041320-r
//DEPS org.slf4j:slf4j-nop:2.0.18
//SOURCES support/About.java
//SOURCES support/Arguments.java
//SOURCES support/Check.java
//SOURCES support/Chmod.java
//SOURCES support/Console.java
//SOURCES support/Digest.java
//SOURCES support/Display.java
//SOURCES support/Draft.java
//SOURCES support/Errand.java
//SOURCES support/Event.java
//SOURCES support/GitIndex.java
//SOURCES support/GitPause.java
//SOURCES support/GitRepository.java
//SOURCES support/Hook.java
//SOURCES support/Hooks.java
//SOURCES support/IgnorePattern.java
//SOURCES support/IgnoreRules.java
//SOURCES support/Inquiry.java
//SOURCES support/Intake.java
//SOURCES support/Json.java
//SOURCES support/Lines.java
//SOURCES support/Link.java
//SOURCES support/ManPage.java
//SOURCES support/Manifest.java
//SOURCES support/Memory.java
//SOURCES support/Names.java
//SOURCES support/OutputLines.java
//SOURCES support/Pace.java
//SOURCES support/Palette.java
//SOURCES support/Preview.java
//SOURCES support/Progress.java
//SOURCES support/Refusal.java
//SOURCES support/Route.java
//SOURCES support/Row.java
//SOURCES support/Run.java
//SOURCES support/Screen.java
//SOURCES support/Scripts.java
//SOURCES support/SmallFile.java
//SOURCES support/Stat.java
//SOURCES support/Stop.java
//SOURCES support/Strip.java
//SOURCES support/Summary.java
//SOURCES support/Sweep.java
//SOURCES support/Tar.java
//SOURCES support/Target.java
//SOURCES support/Terminal.java
//SOURCES support/Undo.java
//SOURCES support/Verify.java
//SOURCES transports/Docker.java
//SOURCES transports/DockerCompose.java
//SOURCES transports/Engine.java
//SOURCES transports/Kubectl.java
//SOURCES transports/Local.java
//SOURCES transports/Podman.java
//SOURCES transports/Ssh.java
//SOURCES transports/Transport.java
//SOURCES transports/Transports.java
//FILES frep.java jbang LICENSE receiver.sh support/errand.sh support/trash.sh support/About.java
//FILES support/Arguments.java support/Check.java support/Chmod.java support/Console.java
//FILES support/Digest.java support/Display.java support/Draft.java support/Errand.java
//FILES support/Event.java support/GitIndex.java support/GitPause.java support/GitRepository.java
//FILES support/Hook.java support/Hooks.java support/IgnorePattern.java support/IgnoreRules.java
//FILES support/Inquiry.java support/Intake.java support/Json.java support/Lines.java
//FILES support/Link.java support/ManPage.java support/Manifest.java support/Memory.java
//FILES support/Names.java support/OutputLines.java support/Pace.java support/Palette.java
//FILES support/Preview.java support/Progress.java support/Refusal.java support/Route.java
//FILES support/Row.java support/Run.java support/Screen.java support/Scripts.java
//FILES support/SmallFile.java support/Stat.java support/Stop.java support/Strip.java
//FILES support/Summary.java support/Sweep.java support/Tar.java support/Target.java
//FILES support/Terminal.java support/Undo.java support/Verify.java transports/Docker.java
//FILES transports/DockerCompose.java transports/Engine.java transports/Kubectl.java
//FILES transports/Local.java transports/Podman.java transports/Ssh.java transports/Transport.java
//FILES transports/Transports.java
//COMPILE_OPTIONS -encoding UTF-8 -XDstringConcat=inline -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC
//RUNTIME_OPTIONS -XX:InitialHeapSize=64m -XX:MinHeapSize=16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30 -Xss16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData

package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
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
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.zip.CRC32C;

/**
 * frep keeps DEST_PARENT_DIR/basename(SRC_DIR) on a target a copy of SRC_DIR, one way.
 *
 * <p>The story is in {@link #replicate}: the {@link Watcher} hints at what is dirty, the {@link
 * Scanner} looks at the disk and makes a snapshot, and each {@link Target} sends the {@link Diff}
 * between what its other end has acknowledged and that snapshot, as an {@link Archive} over its
 * {@link Link}, until the two are the same. The rooms below stand in this order.
 */
public final class frep {
  static final String VERSION = "0.1.0";

  private frep() {}

  public static void main(String... args) {
    System.exit(Arguments.execute(Names.arguments(args)));
  }

  /** The flow: what is dirty is scanned, what differs is sent, until told to stop. */
  static Exit replicate(Options options, List<Route> routes, Console console) throws Exception {
    Dirty dirty = new Dirty();
    Stop stop = new Stop(() -> askToStop(dirty, console), () -> endAtOnce(console));
    GitPause git = GitPause.of(options.source);
    List<Target> targets = new ArrayList<>();
    try (Hooks hooks = new Hooks(options, console);
        Watcher watcher = options.watch ? new Watcher(dirty, console) : null) {
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
        Sweep.start(options.source, scanner, snapshot::get, dirty);
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
      hooks.drain(() -> options.watch || stop.asked());
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
        || !options.watch
            && dirty.isClean()
            && targets.stream().allMatch(target -> target.ended() || target.settled());
  }

  /** What the program ends with, the worst last; the README has the same table. */
  enum Exit {
    IN_STEP(0, "in step"),
    PROBLEMS(1, "problems with some paths"),
    USAGE(2, "wrong options or arguments"),
    SOURCE(3, "SRC_DIR is missing, vanished, or cannot be read or watched"),
    CONNECTION(4, "the target could not be reached, or the connection was lost"),
    TARGET(5, "the target lacks a tool, or may not be written"),
    SUPERSEDED(6, "another frep has taken over this copy"),
    DELETES(7, "so many deletes that they look like a slip"),
    INTERNAL(70, "a defect of frep"),
    INTERRUPTED(130, "stopped before the copy was in step");

    final int code;
    final String meaning;

    Exit(int code, String meaning) {
      this.code = code;
      this.meaning = meaning;
    }

    /** Their meanings by their codes, for the help. */
    static Map<String, String> list() {
      Map<String, String> list = new LinkedHashMap<>();
      for (Exit exit : values()) {
        list.put(Integer.toString(exit.code), exit.meaning);
      }
      return list;
    }

    /** What to end with when two things ended: that one was in step says least. */
    static Exit worse(Exit a, Exit b) {
      return a.compareTo(b) > 0 ? a : b;
    }
  }

  /** What was asked for, checked. */
  record Options(
      Path source,
      String name,
      String destination,
      boolean cleanOutFirst,
      boolean initial,
      boolean watch,
      Duration timeout,
      Boolean compress,
      boolean verify,
      boolean dryRun,
      boolean check,
      boolean trash,
      boolean undo,
      String owner,
      Chmod chmod,
      boolean heal,
      String exec,
      String execLocal,
      int maxDelete,
      IgnoreRules.Options ignore) {
    /** Whether nothing shall happen at the target. */
    boolean looks() {
      return verify || dryRun || check;
    }

    /** The mode there of what has this one here. */
    int mode(int here, boolean folder) {
      int mode = chmod.apply(here, folder);
      return folder ? mode : mode & 0777; // A program would run as whoever owns the copy.
    }

    /** Where the copy is, for people. */
    String copy() {
      return destination + (destination.endsWith("/") ? "" : "/") + name;
    }
  }

  /** The run cannot go on: what happened, what helps, and what the program ends with. */
  static final class Failure extends Exception {
    private static final long serialVersionUID = 1;
    final transient Exit exit;
    final String hint;

    Failure(Exit exit, String message, String hint) {
      super(message);
      this.exit = exit;
      this.hint = hint;
    }
  }

  /** Memory ran out: said like any other failure, since some sizes are chosen by others. */
  static Failure tooMuch(VirtualMachineError error) {
    return new Failure(
        Exit.INTERNAL,
        "more than fits into memory (" + error.getClass().getSimpleName() + ")",
        "give it more, jbang run -R-Xmx8g frep ..., or leave something out with --exclude");
  }

  // ---- the values ----

  /**
   * What a path is. Two entries are equal when frep would not tell them apart; children do not
   * count for that, see {@link Diff}.
   */
  sealed interface Entry permits RegularFile, Symlink, Folder, Closed {}

  /**
   * A file. Times are in nanoseconds since 1970; edition grows when the content was seen to change
   * without any of these.
   */
  record RegularFile(int mode, long size, long modified, long changed, int edition)
      implements Entry {}

  /** A symlink: its target as bytes. */
  record Symlink(String target, long modified) implements Entry {}

  /** A folder and all that is in it, by name; inode tells it from a later one of its name. */
  record Folder(int mode, long modified, long inode, SortedMap<String, Entry> children)
      implements Entry {
    Folder {
      children = Collections.unmodifiableSortedMap(children);
    }

    Folder with(SortedMap<String, Entry> other) {
      return new Folder(mode, modified, inode, other);
    }

    /** The older object if it says the same: then nobody need compare what is in it. */
    Folder orBefore(Folder before) {
      boolean same = mode == before.mode && modified == before.modified && inode == before.inode;
      if (!same || children.size() != before.children.size()) {
        return this;
      }
      for (Map.Entry<String, Entry> child : children.entrySet()) {
        if (child.getValue() != before.children.get(child.getKey())) {
          return this;
        }
      }
      return before;
    }

    static final Folder NONE = new Folder(-1, -1, -1, new TreeMap<>());
  }

  /** Something of which no one knows what is in it: neither sent nor taken for deleted. */
  record Closed() implements Entry {}

  /** What is to be done at a path of the target. A path is "" for the source folder itself. */
  sealed interface Change {
    String path();
  }

  /** There shall be this; fresh: nothing was there. */
  record Put(String path, Entry entry, boolean fresh) implements Change {}

  /**
   * There shall be nothing; first: since something of another kind comes in its place; locked: a
   * folder that its owner may not write in.
   */
  record Delete(String path, boolean folder, boolean first, boolean locked) implements Change {}

  static String join(String folder, String name) {
    return folder.isEmpty() ? name : folder.concat("/").concat(name);
  }

  static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  static long seconds(long nanos) {
    return Math.max(0, Math.floorDiv(nanos, 1_000_000_000L)); // tar knows no time before 1970
  }

  // ---- hints: what may be different ----

  /** The paths that something may have happened to; everything that may know of one adds to it. */
  static final class Dirty {
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
      paths.looks.add(path);
      hints++;
      notifyAll();
    }

    synchronized void whole(String path) {
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
      more.looks.addAll(paths.looks);
      more.wholes.addAll(paths.wholes);
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
  static final class Watcher implements AutoCloseable {
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
     * Waits until every event of before this call has been turned into dirty paths: a cookie file,
     * in a folder of our own that the same queue tells of, comes after them.
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
  static final class Scanner {
    static final String LEAVE_OUT = "to hear no more of it, leave it out: --exclude";
    static final String UNREADABLE = "make it readable, or leave it out: --exclude";

    private final Path root;
    private final Options options;
    private final Watcher watcher;
    private final Console console;
    private final Map<String, IgnoreRules.Folder> rules = new ConcurrentHashMap<>();
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
      this.root = options.source;
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
        IgnoreRules.Folder rule = rulesIn(parent(path));
        return rule != null && rule.sends(name(path), entry instanceof Folder);
      } catch (IOException unreadable) {
        return false; // What is not known to be ours stays.
      }
    }

    /** The rules in a folder, be it there or not; null if it is left out itself. */
    private IgnoreRules.Folder rulesIn(String path) throws IOException {
      IgnoreRules.Folder known = path.isEmpty() ? ignore.root() : rules.get(path);
      if (known != null) {
        return known;
      }
      IgnoreRules.Folder around = rulesIn(parent(path));
      return around != null && around.sends(name(path), true) ? around.child(name(path)) : null;
    }

    /**
     * The whole source, for the first time.
     *
     * @param parts gets what is known by then now and then, the rest as {@link Closed}
     */
    Folder scan(Consumer<Folder> parts) throws IOException {
      return scan(
          parts, Duration.ofMillis(100)); // A short scan is one set, if there is room in it.
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
      synchronized (folder.children) {
        children = new TreeMap<>(folder.children);
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
      ignore = IgnoreRules.load(root, this::local, options.ignore);
      rules.clear();
      IgnoreRules.Reason whole = ignore.why("", true);
      if (before == Folder.NONE && !whole.sent()) {
        console.error(
            Names.show(options.name + " is in what Git ignores (" + whole + "): ")
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
        boolean another = found.inode() != before.inode; // The root moved tells nothing.
        Folder now = lost || another ? scan(before) : rescan(before, dirty);
        ofAge.clear();
        if (!now.children.isEmpty() || before.children.isEmpty()) {
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
        what = "cannot be read (" + Arguments.trouble(broken) + ")";
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
      if (ignore.stale() || dirty.wholes.contains("") || concernsRules(dirty)) {
        return scan(before);
      }
      if (dirty.isEmpty()) {
        return before;
      }
      return (Folder) update("", root, ignore.root(), before, dirty);
    }

    private boolean concernsRules(Dirty.Paths dirty) {
      return dirty.looks.stream().anyMatch(ignore::isRuleFile)
          || dirty.wholes.stream().anyMatch(ignore::isRuleFile);
    }

    /** A folder that is there as before, but for the dirty paths in it. */
    private Entry update(
        String path, Path folder, IgnoreRules.Folder rule, Folder before, Dirty.Paths dirty)
        throws IOException {
      TreeMap<String, Entry> children = new TreeMap<>(before.children);
      boolean listed = false;
      for (String name : namesBelow(path, dirty)) {
        String childPath = join(path, name);
        Entry old = before.children.get(name);
        boolean whole = dirty.wholes.contains(childPath);
        Path child = Names.in(folder, name);
        Entry now;
        if (!whole && !dirty.looks.contains(childPath)) {
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
      for (TreeSet<String> paths : List.of(dirty.looks, dirty.wholes)) {
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
     * What is at a path now; null if nothing that is to be sent. The rules are those of the folder
     * it is in; of what is below a folder, all is read if it is new or whole, else what is dirty.
     */
    private Entry look(
        String path,
        Path file,
        IgnoreRules.Folder rule,
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
        IgnoreRules.Folder rule,
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
        IgnoreRules.Folder rule,
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
        boolean same = known.inode == found.inode() && !whole;
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
      return inside instanceof Folder kept ? folder(found, kept.children).orBefore(kept) : inside;
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
      gone.children.forEach(
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
      return same ? old : edition(old, old.edition + 1);
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
      return new RegularFile(file.mode, file.size, file.modified, file.changed, edition);
    }

    /** A folder and all that is in it. The rule is the one of the folder around it. */
    private Entry folder(String path, Path folder, IgnoreRules.Folder around, Folder before)
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
      IgnoreRules.Folder rule;
      try {
        rule = path.isEmpty() ? around : around.child(name(path), names.keySet());
      } catch (IOException broken) {
        problem(
            path,
            "has Git data that cannot be read (" + reason(broken) + "): left as it is there",
            "see what git status says there");
        return new Closed();
      }
      rules.put(path, rule);
      before.children.forEach(
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
            Entry old = before.children.get(name);
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

    /**
     * What could not be read; nothing if it is gone or of another kind by now: that is an event.
     */
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
      problem(path, "cannot be read (" + reason(why) + "): left as it is there", UNREADABLE);
      return new Closed();
    }

    /** A folder that is only there for what Git tracks in it is nothing without that. */
    private Folder kept(String path, IgnoreRules.Folder rule, Folder folder) {
      boolean keep = path.isEmpty() || !folder.children.isEmpty() || rule.keepsEmpty();
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
      return isYoung(file.modified);
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
        console.tell(new Event.Problem(path.isEmpty() ? options.name : path, what, hint));
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
    private Stat found(String path, Path file, IgnoreRules.Folder rule) {
      try {
        return stat(file);
      } catch (IOException hidden) { // Its folder may not be entered, or its path is too long.
        if (isGone(file, hidden)) {
          return null;
        }
        if (rule.sends(name(path), false) || rule.sends(name(path), true)) {
          problem(path, "cannot be seen (" + reason(hidden) + "): left as it is there", UNREADABLE);
        }
        return HIDDEN;
      }
    }

    /**
     * Whether nothing is there: not even if a folder on the way, which cannot be entered, could.
     */
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

  /** Why a file could not be read, in plain words. */
  static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NoSuchFileException) {
      return "it is gone";
    }
    if (e instanceof FileSystemException file && file.getReason() != null) {
      return file.getReason();
    }
    return e.getMessage() == null ? "input/output error" : e.getMessage();
  }

  // ---- diff: what is to be done ----

  /** What makes one snapshot of another. Parts that both share are not looked at. */
  static final class Diff {
    private final List<Change> puts = new ArrayList<>();
    private final List<Change> deletes = new ArrayList<>();
    private final Manifest.Belongs belongs;

    private Diff(Manifest.Belongs belongs) {
      this.belongs = belongs;
    }

    /**
     * In the order of work: folders before what is in them, what is to go last.
     *
     * @param belongs what would belong to the copy: the rest is not deleted, ignored as it is
     */
    static List<Change> between(Folder there, Folder here, Manifest.Belongs belongs) {
      Diff diff = new Diff(belongs);
      if (!sameAttributes(there, here)) {
        diff.puts.add(new Put("", here, false));
      }
      diff.children("", there, here);
      diff.puts.addAll(diff.deletes);
      return diff.puts;
    }

    private void children(String path, Folder there, Folder here) {
      if (there.children == here.children) {
        return;
      }
      if (there.children.isEmpty()) {
        here.children.forEach((name, child) -> compare(join(path, name), null, child));
        return;
      }
      Set<String> names = new TreeSet<>(there.children.keySet());
      names.addAll(here.children.keySet());
      for (String name : names) {
        compare(join(path, name), there.children.get(name), here.children.get(name));
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
        folder.children.forEach((name, child) -> delete(join(path, name), child, to, first));
      }
      if (!first && !belongs.test(path, there)) {
        return;
      }
      boolean locked = there instanceof Folder folder && isLocked(folder);
      to.add(new Delete(path, there instanceof Folder, first, locked));
    }

    static boolean isLocked(Folder folder) {
      return (folder.mode & 0300) != 0300;
    }

    static boolean sameAttributes(Folder a, Folder b) {
      return a.mode == b.mode && seconds(a.modified) == seconds(b.modified);
    }
  }

  // ---- archive: what travels ----

  /**
   * One change set as the receiver wants it: a tar archive with a plan in it, see receiver.sh. A
   * file is in it whole and as it was at one moment, or it is not in it.
   */
  static final class Archive {
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
    private final Progress progress;
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

    /** What the target can do, as it said itself. */
    record Facts(
        boolean gnuTar,
        boolean records,
        boolean unzips,
        boolean links,
        boolean ownsRoot,
        boolean mounts,
        boolean superuser,
        String guard) {
      boolean mayDelete() {
        return guard.isEmpty();
      }

      /** BusyBox's tar changes the mode of a folder that it has made before for root alone. */
      boolean changesModes() {
        return gnuTar || superuser;
      }
    }

    /**
     * What came of it: the changes that are in the archive, with the folders whose times follow;
     * the files that changed while they were read; those that could not be read; bytes of content.
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
        Progress progress) {
      this.scanner = scanner;
      this.buffer = buffer;
      this.there = there;
      this.now = now;
      this.facts = facts;
      tar = new Tar(out);
      this.progress = progress;
    }

    Written write(List<Change> changes) throws IOException {
      asTree = facts.links && !facts.mounts && foldersOf(changes) > FEW_FOLDERS;
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
          if (put.entry instanceof Folder && put.fresh) {
            created.add(put.path);
          } else if (!(put.entry instanceof Folder) && !created.contains(parent(put.path))) {
            folders.add(parent(put.path));
          }
        }
      }
      return folders.size();
    }

    private void put(Put put) throws IOException {
      if (put.entry instanceof Folder) {
        if (put.fresh) {
          fresh.put(put.path, place(put.path, true));
          open.push(put);
          if (!facts.changesModes()) {
            folder(fresh.get(put.path), (Folder) put.entry, 0700);
          }
        } else {
          touched.add(put.path);
        }
        applied.add(put);
        return;
      }
      boolean written;
      if (put.entry instanceof RegularFile file) {
        written = file(put, file);
      } else if (put.entry instanceof Symlink link) {
        String place = place(put.path, false);
        tar.entry(Tar.LINK, place, link.target, 0777, 0, seconds(link.modified));
        stampedLater.add(parent(put.path)); // GNU tar makes links to elsewhere at the very end.
        written = true;
      } else {
        throw new AssertionError(put);
      }
      if (written) {
        progress.fileRead();
        applied.add(put);
        touch(put.path);
      }
    }

    private void delete(Delete delete) {
      String list = delete.first ? "clear" : "deletes";
      lists
          .computeIfAbsent(delete.folder ? list + "-folders" : list, none -> new ArrayList<>())
          .add("./" + delete.path);
      if (delete.locked) {
        locked.add(delete.path);
      }
      applied.add(delete);
      touch(delete.path);
      stampedLater.add(parent(delete.path));
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
      while (!open.isEmpty() && (path == null || !path.startsWith(open.peek().path + "/"))) {
        Put put = open.pop();
        Folder folder = (Folder) put.entry;
        boolean locked = !facts.superuser && Diff.isLocked(folder);
        boolean top = !fresh.containsKey(parent(put.path));
        if (top) {
          touch(put.path);
        }
        boolean late =
            !facts.gnuTar && folder.children.values().stream().anyMatch(Symlink.class::isInstance);
        if (locked && (top || !facts.changesModes()) || late) {
          touched.add(put.path); // Its mode follows, or its time: other tars make links at the end.
        }
        folder(fresh.get(put.path), folder, locked && top ? 0700 : 0);
      }
    }

    private void folder(String place, Folder folder, int more) throws IOException {
      int mode = folder.mode & 07777 | more;
      tar.entry(Tar.FOLDER, place + "/", "", mode, 0, seconds(folder.modified));
    }

    private boolean file(Put put, RegularFile file) throws IOException {
      Path path =
          Names.in(folders.computeIfAbsent(parent(put.path), scanner::local), name(put.path));
      try (Source in = new Source(path)) {
        return file.size <= SMALL ? small(put, file, in) : large(put, file, in);
      } catch (Unreadable broken) {
        if (isThere(path, file)) {
          scanner.problem(
              put.path,
              "cannot be read (" + reason(broken.why) + "): not sent",
              Scanner.UNREADABLE);
          unreadable.add(put.path);
        } else {
          stale.add(put.path);
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
            && now.size() == file.size
            && now.lastModifiedTime().to(TimeUnit.NANOSECONDS) == file.modified;
      } catch (IOException gone) {
        return false;
      }
    }

    private boolean small(Put put, RegularFile file, Source in) throws IOException {
      int length = in.read(buffer, (int) file.size + 1);
      if (length != file.size || !isThere(in.path, file)) {
        stale.add(put.path);
        return false;
      }
      header(place(put.path, false), file);
      tar.write(buffer, length);
      tar.pad(length);
      progress.read(length);
      if (Scanner.isRacy(file)) {
        CRC32C checksum = new CRC32C();
        checksum.update(buffer, 0, length);
        scanner.sent(put.path, file, checksum.getValue());
      }
      bytes += length;
      return true;
    }

    /** Its header is on the way before it is read: if it changes, what came of it is dropped. */
    private boolean large(Put put, RegularFile file, Source in) throws IOException {
      String place = place(put.path, false);
      CRC32C checksum = new CRC32C();
      header(place, file);
      boolean whole = true;
      for (long left = file.size; left > 0; ) {
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
      tar.pad(file.size);
      if (!whole || in.readOrEnd(buffer, 1) > 0 || !isThere(in.path, file)) {
        torn.add(place);
        stale.add(put.path);
        touched.add(parent(put.path)); // Its folder came with it, and changes when it goes.
        stampedLater.add(parent(put.path));
        return false;
      }
      if (Scanner.isRacy(file)) {
        scanner.sent(put.path, file, checksum.getValue());
      }
      bytes += file.size;
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
      tar.entry(Tar.FILE, place, "", file.mode, file.size, seconds(file.modified));
    }

    /**
     * The folders to be stamped. Their modes and times come with the tree if there is one, and for
     * those where something is deleted after that, in a skeleton of their own.
     */
    private List<String> stamps() throws IOException {
      if (!facts.ownsRoot) {
        touched.remove("");
      }
      List<String> stamped = new ArrayList<>();
      for (String path : touched) {
        if (find(now, path) instanceof Folder folder) {
          stamped.add(path);
          applied.add(new Put(path, folder, false));
          if (!inTree() || hasSpecialBitsBeyond(path, folder.mode)) {
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
      return facts.links && facts.ownsRoot && facts.changesModes();
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
      if (!facts.superuser) {
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
        int mode = ((Folder) find(now, path)).mode & 07777;
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
      return find(there, path) instanceof Folder folder && (folder.mode & 07000 & ~mode) != 0;
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

  /** What a snapshot says of a path; null if nothing. */
  static Entry find(Folder root, String path) {
    Entry entry = root;
    for (String name : path.isEmpty() ? new String[0] : path.split("/")) {
      entry = entry instanceof Folder folder ? folder.children.get(name) : null;
    }
    return entry;
  }

  // ---- link: what a receiver says over it, see support/Link.java ----

  /** What the receiver says, parsed once. */
  sealed interface Reply {}

  record Ready(Map<String, String> facts) implements Reply {}

  record Refused(String reason, String detail) implements Reply {}

  record Listing(Folder there) implements Reply {}

  /** SHA-256 by path. */
  record Sums(Map<String, String> sums) implements Reply {}

  /** What came of what was kept of a change; its name is empty if there is none. */
  record Undone(String name, List<Kept> paths) implements Reply {
    /**
     * @param way back: it is where it was; stays: something else is there now; fails: it could not
     *     be put there
     */
    record Kept(String way, String path) {}
  }

  /** What only people want to know. */
  record Facts(Map<String, String> facts) implements Reply {}

  /** What became of a set. */
  sealed interface Answer extends Reply {}

  record Ok(long set) implements Answer {}

  /** why: what the target's tools said. */
  record Err(long set, List<String> why) implements Answer {}

  record Pong(long number) implements Reply {}

  record Gone() implements Reply {}

  /** What no receiver says; after it there is nothing more. */
  record Nonsense(String what) implements Reply {}

  /** The receiver's output has ended. */
  record Ended() implements Reply {}
}
