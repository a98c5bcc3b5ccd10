package dev.frep;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What --check finds out of one target: a table, with what helps where something is wrong. */
final class Check {
  /** The middle one of so many round trips is told. */
  private static final int PINGS = 5;

  /** Clocks are asked for whole seconds. */
  private static final Duration SAME_TIME = Duration.ofMillis(1500);

  /** Less room than this is none. */
  private static final long LITTLE = 1 << 20;

  private final Options options;
  private final Route route;
  private final Console console;
  private final List<String> lines = new ArrayList<>();
  private Exit exit = Exit.IN_STEP;

  private Check(Options options, Route route, Console console) {
    this.options = options;
    this.route = route;
    this.console = console;
  }

  /** Looks at all targets at once and prints one table after the other. */
  static Exit all(Options options, List<Route> routes, Console console) {
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

  private Check run() {
    lines.add(route.label() + " → " + Names.show(options.copy()));
    long started = System.nanoTime();
    try (Inquiry inquiry = new Inquiry(options, route, console)) {
      Reply first = inquiry.hear();
      Duration after = Duration.ofNanos(System.nanoTime() - started);
      row("reach", "after " + Text.seconds(after), "");
      if (first instanceof Refused refused) {
        Failure why = Refusal.explain(refused.reason(), refused.detail(), route);
        wrong(rowOf(refused.reason()), why);
      } else if (first instanceof Ready ready) {
        look(inquiry, ready.facts());
      }
    } catch (Failure failure) {
      wrong("reach", failure);
    } catch (IOException broken) {
      wrong("reach", new Failure(Exit.CONNECTION, "the connection was lost", "try it again"));
    } catch (InterruptedException stop) {
      exit = Exit.INTERRUPTED;
    } catch (RuntimeException bug) {
      console.debug(bug);
      wrong(
          "reach",
          new Failure(
              Exit.INTERNAL,
              "this is a defect of frep",
              "run it with --debugging, and report what it says"));
    }
    return this;
  }

  /** What a refusal is about. */
  private static String rowOf(String reason) {
    return switch (reason) {
      case "terminal" -> "shell";
      case "tar" -> "tar";
      case "missing", "dd" -> "tools";
      default -> "writable";
    };
  }

  private void look(Inquiry inquiry, Facts ready)
      throws Failure, IOException, InterruptedException {
    long asked = System.currentTimeMillis();
    Map<String, String> more = inquiry.ask("facts", Details.class).facts();
    long answered = System.currentTimeMillis();
    row("shell", text(more, "shell"), "");
    row("tar", ready.tar(), "");
    row("user", text(more, "user"), "");
    boolean there = "yes".equals(more.get("there"));
    row("writable", there ? "the copy is there" : "the copy can be made", "");
    if (!ready.mayDelete()) {
      String why = "nothing: it " + Refusal.delete(ready.guard());
      row("deletes", why, Refusal.DELETE_HINT);
    }
    free(ready.free());
    roundTrip(inquiry);
    clock(more.getOrDefault("clock", ""), asked, answered);
  }

  /** What the target says, which writes no blanks. */
  private static String text(Map<String, String> facts, String key) {
    return Names.show(facts.getOrDefault(key, "")).replace('_', ' ');
  }

  private void free(long bytes) {
    if (bytes < LITTLE) {
      String hint = "make room there";
      wrong("free space", new Failure(Exit.TARGET, "only " + Text.bytes(bytes), hint));
    } else {
      row("free space", bytes == Long.MAX_VALUE ? "not known" : Text.bytes(bytes), "");
    }
  }

  private void roundTrip(Inquiry inquiry) throws Failure, IOException, InterruptedException {
    List<Duration> trips = new ArrayList<>();
    for (int number = 1; number <= PINGS; number++) {
      long sent = System.nanoTime();
      inquiry.ask("ping " + number, Pong.class);
      trips.add(Duration.ofNanos(System.nanoTime() - sent));
    }
    Collections.sort(trips);
    double millis = trips.get(PINGS / 2).toNanos() / 1e6;
    row("round trip", String.format(Locale.ROOT, "%.1f ms", millis), "");
  }

  /**
   * @param seconds the time there, at a moment between the other two
   */
  private void clock(String seconds, long asked, long answered) {
    if (!seconds.matches("[0-9]{1,12}")) {
      row("clock", "not known", "");
      return;
    }
    long there = Long.parseLong(seconds) * 1000 + 500;
    Duration late = Duration.ofMillis((asked + answered) / 2 - there);
    Duration unknown = SAME_TIME.plusMillis((answered - asked) / 2);
    if (late.abs().compareTo(unknown) <= 0) {
      row("clock", "the same", "");
    } else {
      String how = Text.seconds(late.abs()) + (late.isNegative() ? " fast" : " slow");
      row("clock", how, "what compares times there, as make does, is misled: set it by NTP");
    }
  }

  private void wrong(String name, Failure failure) {
    row(name, "NO: " + failure.getMessage(), failure.hint);
    exit = Exit.worse(exit, failure.exit);
  }

  private void row(String name, String what, String hint) {
    lines.add(String.format("  %-11s %s", name, what));
    if (hint != null && !hint.isEmpty()) {
      lines.add("  hint: " + hint);
    }
  }
}
