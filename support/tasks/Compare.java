package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Looks at copies and changes nothing: --verify prints how each differs from its source, --dry-run
 * what a run would do.
 *
 * @param source the tree that a copy should be
 * @param local finds a path of the source
 * @param diff finds what makes one tree of another
 * @param belongs whether the rules would send what only the target has
 */
record Compare(
    Options options,
    Folder source,
    Function<String, Path> local,
    BiFunction<Folder, Folder, List<Change>> diff,
    Tree.Belongs belongs) {
  /** Bytes and files that the slowest of targets hashes in a second. */
  private static final long SLOW_HASH = 5_000_000;

  private static final long SLOW_FILES = 100;

  /** Looks at all targets at once; returns the worst that came of it. */
  Exit with(List<Route> routes, Console console) {
    List<CompletableFuture<Exit>> exits = new ArrayList<>();
    for (Route route : routes) {
      Console its = console.of(route::label, routes.size() > 1);
      CompletableFuture<Exit> exit = new CompletableFuture<>();
      Processes.thread("compare", () -> exit.complete(with(route, its)));
      exits.add(exit);
    }
    return exits.stream().map(CompletableFuture::join).reduce(Exit.IN_STEP, Exit::worse);
  }

  private Exit with(Route route, Console console) {
    console.tell(new Event.Connecting());
    Exit exit;
    try (Ask target = new Ask(options, route, console)) {
      Facts facts = target.ready();
      Report report = new Report(options, console);
      report.started(facts);
      Folder listed = target.ask("list", Listed.class).tree();
      exit =
          options.task() instanceof Task.Verify
              ? verify(target, listed, route, console)
              : preview(listed, facts, route, report, console);
    } catch (Failure failure) {
      console.error(failure.getMessage(), failure.hint);
      exit = failure.exit;
    } catch (IOException broken) {
      console.debug(broken);
      console.error("the connection was lost", "try again");
      exit = Exit.CONNECTION;
    } catch (InterruptedException stop) {
      exit = Exit.INTERRUPTED;
    }
    console.tell(new Event.Ended(exit));
    return exit;
  }

  private Exit verify(Ask target, Folder listed, Route route, Console console)
      throws Failure, IOException, InterruptedException {
    long time = Tree.contentBytes(listed) / SLOW_HASH + Tree.count(listed) / SLOW_FILES;
    var sums = target.ask("sums", Sums.class, Duration.ofSeconds(time)).sums();
    List<Event.Difference> differences = differences(source, listed, sums, local);
    for (Change change : diff.apply(known(listed, route, console), source)) {
      if (change instanceof Delete delete && !delete.first()) {
        differences.add(new Event.Difference(change.path(), "deleted at the source"));
      }
    }
    differences.forEach(console::tell);
    console.tell(new Event.Compared(Tree.count(source), differences.size()));
    return differences.isEmpty() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  private Exit preview(Folder listed, Facts facts, Route route, Report report, Console console)
      throws Failure {
    Folder copy = known(listed, route, console);
    List<Change> changes = new ArrayList<>(diff.apply(copy, source));
    if (!facts.mayDelete() && changes.removeIf(Delete.class::isInstance)) {
      report.refusesDeletes(facts.guard());
    }
    lines(changes, copy).forEach(console::answer);
    report.needs(source, copy, facts.free());
    Failure slip = Outbox.slip(options.copying(), changes, copy);
    if (slip != null) {
      throw slip;
    }
    return Exit.IN_STEP;
  }

  /** What of a listing counts as the copy. */
  private Folder known(Folder listed, Route route, Console console) {
    try (Known known = new Known(Journal.of(route.identity(options), console))) {
      known.recall();
      return known.confirm(listed, source, options.copying().cleanOutFirst() ? belongs : null);
    }
  }

  // ---- --verify ----

  /**
   * Returns each path that differs, and how; contents count.
   *
   * @param sums the SHA-256 of the copy's files in hexadecimal, by path
   * @param local finds a path of the source
   */
  static List<Event.Difference> differences(
      Folder source, Folder copy, Map<String, String> sums, Function<String, Path> local) {
    List<Event.Difference> differences = new ArrayList<>();
    verify("", source, copy, sums, local, differences);
    return differences;
  }

  private static void verify(
      String path,
      Folder source,
      Folder copy,
      Map<String, String> sums,
      Function<String, Path> local,
      List<Event.Difference> differences) {
    for (Map.Entry<String, Entry> child : source.children().entrySet()) {
      String name = Tree.join(path, child.getKey());
      Entry here = child.getValue();
      Entry there = copy.children().get(child.getKey());
      String how = difference(here, there, () -> sum(local.apply(name)).equals(sums.get(name)));
      if (!how.isEmpty()) {
        differences.add(new Event.Difference(name, how));
      }
      if (here instanceof Folder a && there instanceof Folder b) {
        verify(name, a, b, sums, local, differences);
      }
    }
  }

  private static String difference(Entry source, Entry copy, BooleanSupplier isSameContent) {
    if (source instanceof Closed closed && closed.ignored()) {
      return "";
    } else if (source instanceof Closed) {
      return "cannot be read at the source";
    } else if (copy == null) {
      return "missing";
    } else if (source instanceof Folder a && copy instanceof Folder b) {
      return a.mode() != b.mode() ? "mode" : "";
    } else if (source instanceof Symlink a && copy instanceof Symlink b) {
      return a.target().equals(b.target()) ? "" : "link target";
    } else if (source instanceof RegularFile a && copy instanceof RegularFile b) {
      return a.size() != b.size()
          ? "size"
          : !isSameContent.getAsBoolean()
              ? "content"
              : a.mode() != b.mode()
                  ? "mode"
                  : Tree.seconds(a.modified()) != Tree.seconds(b.modified()) ? "time" : "";
    }
    return "kind";
  }

  /** Returns the SHA-256 of a file; a text that is none, if it cannot be read. */
  private static String sum(Path file) {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return "no file any more"; // A FIFO would block whoever opens it.
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      MessageDigest digest = Record.sha256();
      byte[] buffer = new byte[1 << 16];
      for (int n; (n = in.read(buffer)) > 0; ) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException unreadable) {
      return "unreadable";
    }
  }

  // ---- --dry-run ----

  /**
   * Returns a line for each change, with its reason, and one for the sum of them.
   *
   * @param copy the tree that the changes apply to
   */
  static List<String> lines(List<Change> changes, Folder copy) {
    Set<String> put = new HashSet<>();
    long bytes = 0;
    for (Change change : changes) {
      if (change instanceof Put some) {
        put.add(some.path());
        bytes += some.entry() instanceof RegularFile file ? file.size() : 0;
      }
    }
    Set<String> replaced = new HashSet<>();
    List<String> lines = new ArrayList<>();
    for (Change change : changes) {
      if (change instanceof Put some) {
        lines.add(line(replaced.contains(some.path()) ? "kind" : reason(some, copy), some));
      } else if (change instanceof Delete && put.contains(change.path())) {
        replaced.add(change.path()); // The new entry of this path has a line.
      } else {
        lines.add(line("deleted", change));
      }
    }
    lines.add(Summary.planned(changes, bytes));
    return lines;
  }

  private static String line(String reason, Change change) {
    String size =
        change instanceof Put put && put.entry() instanceof RegularFile file
            ? " (" + Text.bytes(file.size()) + ")"
            : "";
    return String.format("%-8s", reason) + Names.show(Lines.shown(change)) + size;
  }

  private static String reason(Put put, Folder copy) {
    Entry before = Tree.find(copy, put.path());
    boolean none = before == copy && copy.mode() < 0; // As in Folder.NONE.
    if (put.fresh() || none) {
      return "new";
    } else if (put.entry() instanceof RegularFile now && before instanceof RegularFile was) {
      return now.size() != was.size() ? "size" : now.mode() == was.mode() ? "time" : "mode";
    } else if (put.entry() instanceof Folder now && before instanceof Folder was) {
      return now.mode() == was.mode() ? "time" : "mode";
    }
    return put.entry() instanceof Symlink && before instanceof Symlink ? "target" : "kind";
  }
}
