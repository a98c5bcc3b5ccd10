package dev.frep;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A connection for questions, one at a time; --check and --undo ask them. */
final class Ask implements AutoCloseable {
  private static final Duration TICK = Duration.ofMillis(100);

  private final Route route;
  private final Inbox inbox;
  private final Link link;

  Ask(Options options, Route route, Console console) throws Failure {
    inbox = new Inbox(options.connecting().timeout());
    this.route = route;
    link = new Link(options, route, inbox::add, console, new Meter(console), "", false);
    inbox.from(link);
  }

  /** Returns the target's first reply: Ready or Refused. */
  private Reply hear() throws Failure, InterruptedException {
    Reply first = inbox.await(Reply.class, Duration.ZERO, TICK, () -> {}, () -> false);
    if (first instanceof Ready || first instanceof Refused) {
      return first;
    }
    link.refuse(first);
    throw new Failure(
        Exit.CONNECTION,
        "the target says something else before it is ready",
        "--debugging shows everything that it says");
  }

  /** The target's first reply, unless it refuses. */
  Facts ready() throws Failure, InterruptedException {
    Reply first = hear();
    if (first instanceof Ready ready) {
      return ready.facts();
    }
    throw explain((Refused) first);
  }

  /**
   * Asks and waits for the answer.
   *
   * @throws IOException if the connection is broken
   */
  <T extends Reply> T ask(String words, Class<T> type)
      throws Failure, IOException, InterruptedException {
    return ask(words, type, Duration.ZERO);
  }

  /** The same, where the target may need so much more time than it may be silent. */
  <T extends Reply> T ask(String words, Class<T> type, Duration more)
      throws Failure, IOException, InterruptedException {
    link.command(words);
    return inbox.await(type, more, TICK, () -> {}, () -> false);
  }

  private Failure explain(Refused refused) {
    return Refusal.explain(refused.reason(), refused.detail(), route);
  }

  @Override
  public void close() {
    link.close();
  }

  /** Checks all targets at once and prints one table after the other; returns the worst result. */
  static Exit check(Options options, List<Route> routes, Console console) {
    List<CompletableFuture<Check>> checks = new ArrayList<>();
    for (Route route : routes) {
      CompletableFuture<Check> checked = new CompletableFuture<>();
      Check check = new Check(options, route, console);
      Processes.thread("check", () -> checked.complete(check.run()));
      checks.add(checked);
    }
    Exit worst = Exit.IN_STEP;
    for (CompletableFuture<Check> each : checks) {
      Check check = each.join();
      check.lines.forEach(console::answer);
      worst = Exit.worse(worst, check.exit);
    }
    return worst;
  }

  /** The table of one target: a row for each fact, and a hint where something is wrong. */
  private static final class Check {
    /** The median of so many round trips is shown. */
    private static final int PINGS = 5;

    /** The target tells its time in whole seconds. */
    private static final Duration SAME_TIME = Duration.ofMillis(1500);

    /** With less free space than this, not even a small copy is possible. */
    private static final long LITTLE = 1 << 20;

    private final Options options;
    private final Route route;
    private final Console console;
    private final List<String> lines = new ArrayList<>();
    private Exit exit = Exit.IN_STEP;

    Check(Options options, Route route, Console console) {
      this.options = options;
      this.route = route;
      this.console = console;
    }

    private Check run() {
      lines.add(route.label() + " → " + Names.show(options.copy()));
      long started = System.nanoTime();
      try (Ask target = new Ask(options, route, console)) {
        Reply first = target.hear();
        Duration after = Duration.ofNanos(System.nanoTime() - started);
        row("reach", "after " + Text.seconds(after), "");
        if (first instanceof Refused refused) {
          wrong(rowOf(refused.reason()), target.explain(refused));
        } else if (first instanceof Ready ready) {
          rows(target, ready.facts());
        }
      } catch (Failure failure) {
        wrong("reach", failure);
      } catch (IOException broken) {
        console.debug(broken);
        wrong("reach", new Failure(Exit.CONNECTION, "the connection was lost", "try again"));
      } catch (InterruptedException stop) {
        exit = Exit.INTERRUPTED;
      } catch (RuntimeException bug) {
        console.debug(bug);
        String hint = "run it with --debugging, and report the output";
        wrong("reach", new Failure(Exit.INTERNAL, "this is a defect of frep", hint));
      }
      return this;
    }

    /** Returns the row that a reason for a refusal belongs to. */
    private static String rowOf(String reason) {
      return switch (reason) {
        case "terminal" -> "shell";
        case "tar" -> "tar";
        case "missing", "dd" -> "tools";
        default -> "writable";
      };
    }

    private void rows(Ask target, Facts ready) throws Failure, IOException, InterruptedException {
      long asked = System.currentTimeMillis();
      Map<String, String> more = target.ask("facts", Details.class).facts();
      long answered = System.currentTimeMillis();
      row("shell", text(more, "shell"), "");
      row("tar", ready.tar(), "");
      row("user", text(more, "user"), "");
      boolean exists = "yes".equals(more.get("there"));
      row("writable", exists ? "the copy exists" : "the copy can be created", "");
      if (!ready.mayDelete()) {
        row("deletes", "nothing: it " + Refusal.delete(ready.guard()), Refusal.DELETE_HINT);
      }
      free(ready.free());
      roundTrip(target);
      clock(more.getOrDefault("clock", ""), asked, answered);
    }

    /** Returns a fact; the target writes a blank as an underscore. */
    private static String text(Map<String, String> facts, String key) {
      return Names.show(facts.getOrDefault(key, "")).replace('_', ' ');
    }

    private void free(long bytes) {
      if (bytes < LITTLE) {
        String hint = "make room at the target";
        wrong("free space", new Failure(Exit.TARGET, "only " + Text.bytes(bytes), hint));
      } else {
        row("free space", bytes == Long.MAX_VALUE ? "not known" : Text.bytes(bytes), "");
      }
    }

    private void roundTrip(Ask target) throws Failure, IOException, InterruptedException {
      List<Duration> trips = new ArrayList<>();
      for (int number = 1; number <= PINGS; number++) {
        long sent = System.nanoTime();
        target.ask("ping " + number, Pong.class);
        trips.add(Duration.ofNanos(System.nanoTime() - sent));
      }
      Collections.sort(trips);
      double millis = trips.get(PINGS / 2).toNanos() / 1e6;
      row("round trip", String.format(Locale.ROOT, "%.1f ms", millis), "");
    }

    /**
     * Compares the target's clock with ours.
     *
     * @param seconds the target's time at some moment between asked and answered
     */
    private void clock(String seconds, long asked, long answered) {
      if (!seconds.matches("[0-9]{1,12}")) {
        row("clock", "not known", "");
        return;
      }
      long time = Long.parseLong(seconds) * 1000 + 500;
      Duration late = Duration.ofMillis((asked + answered) / 2 - time);
      Duration unknown = SAME_TIME.plusMillis((answered - asked) / 2);
      if (late.abs().compareTo(unknown) <= 0) {
        row("clock", "the same", "");
      } else {
        String how = Text.seconds(late.abs()) + (late.isNegative() ? " fast" : " slow");
        row("clock", how, "set it by NTP: make, for one, compares times");
      }
    }

    private void wrong(String name, Failure failure) {
      row(name, "NO: " + failure.getMessage(), failure.hint);
      exit = Exit.worse(exit, failure.exit);
    }

    private void row(String name, String value, String hint) {
      lines.add(String.format("  %-11s %s", name, value));
      if (hint != null && !hint.isEmpty()) {
        lines.add("  hint: " + hint);
      }
    }
  }

  /** Puts back what the last change replaced or deleted, at one target after the other. */
  static Exit undo(Options options, List<Route> routes, Console console)
      throws InterruptedException {
    Exit worst = Exit.IN_STEP;
    for (Route route : routes) {
      Console its = console.of(route::label, routes.size() > 1);
      worst = Exit.worse(worst, undo(options, route, its));
    }
    return worst;
  }

  private static Exit undo(Options options, Route route, Console console)
      throws InterruptedException {
    try (Ask target = new Ask(options, route, console)) {
      target.ready();
      return report(undoOne(target, trash(options)), options, console);
    } catch (Failure failure) {
      console.error(failure.getMessage(), failure.hint);
      return failure.exit;
    } catch (IOException broken) {
      console.debug(broken);
      console.error("the connection was lost", "try again");
      return Exit.CONNECTION;
    }
  }

  /** Undoes the last change that replaced anything: a change that failed keeps an empty folder. */
  private static Undone undoOne(Ask target, String trash)
      throws Failure, IOException, InterruptedException {
    String before = "";
    while (true) {
      Undone undone = target.ask("undo", Undone.class);
      if (undone.name().isEmpty() || !undone.paths().isEmpty()) {
        return undone;
      } else if (undone.name().equals(before)) {
        throw new Failure(
            Exit.TARGET,
            Names.show(trash + "/" + undone.name()) + " cannot be removed",
            "it holds nothing to put back: remove it by hand");
      }
      before = undone.name();
    }
  }

  private static Exit report(Undone undone, Options options, Console console) {
    if (undone.name().isEmpty()) {
      console.error("nothing to put back", "only a run with --trash keeps what it replaces");
      return Exit.PROBLEMS;
    }
    long back = 0;
    for (Undone.Kept kept : undone.paths()) {
      String path = Names.show(kept.path().equals("/") ? options.name() + "/" : kept.path());
      String again = ", then --undo again; the old one is kept in " + Names.show(trash(options));
      switch (kept.way()) {
        case "back" -> {
          console.answer("back " + path);
          back++;
        }
        case "stays" ->
            console.error(
                path + " cannot be put back: something else is in its place",
                "move that away" + again);
        default ->
            console.error(
                path + " cannot be put back: its folder cannot be written",
                "see who owns the folder" + again);
      }
    }
    String time = Names.show(undone.name()).replaceFirst("^[0-9]+-", "").replaceFirst("T", " ");
    console.answer(Text.count(back, "path") + " as before the change of " + time);
    return back == undone.paths().size() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  /** Returns the folder beside the copy in which trash.sh keeps old files. */
  private static String trash(Options options) {
    String copy = options.copy();
    String parent = copy.substring(0, copy.length() - options.name().length());
    return parent + ".frep-trash-" + options.name();
  }
}
