package dev.frep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Looks at copies and changes nothing: what --verify and --dry-run ask for.
 *
 * @param source the tree that a copy should be
 * @param local where a path of the source is
 * @param diff what makes one tree of another
 * @param belongs whether the rules would send what only the target has
 */
record Look(
    Options options,
    Folder source,
    Function<String, Path> local,
    BiFunction<Folder, Folder, List<Change>> diff,
    Tree.Belongs belongs) {

  /** Looks at all targets at once; returns the worst that came of it. */
  Exit at(List<Route> routes, Console console) {
    List<CompletableFuture<Exit>> looks = new ArrayList<>();
    for (Route route : routes) {
      Console its = console.of(route::label, routes.size() > 1);
      CompletableFuture<Exit> look = new CompletableFuture<>();
      Processes.thread("look", () -> look.complete(at(route, its)));
      looks.add(look);
    }
    return looks.stream().map(CompletableFuture::join).reduce(Exit.IN_STEP, Exit::worse);
  }

  private Exit at(Route route, Console console) {
    console.tell(new Event.Connecting());
    Exit exit;
    try (Inquiry inquiry = new Inquiry(options, route, console)) {
      Reply first = inquiry.hear();
      if (first instanceof Refused refused) {
        throw Refusal.explain(refused.reason(), refused.detail(), route);
      }
      Facts facts = ((Ready) first).facts();
      Report report = new Report(options, console);
      report.started(facts);
      Folder listed = inquiry.ask("list", Listed.class).tree();
      exit =
          options.task() instanceof Task.Verify
              ? verify(inquiry, listed, console)
              : preview(listed, facts, route, report, console);
    } catch (Failure failure) {
      console.error(failure.getMessage(), failure.hint);
      exit = failure.exit;
    } catch (IOException broken) {
      console.debug(broken);
      console.error("the connection was lost", "try it again");
      exit = Exit.CONNECTION;
    } catch (InterruptedException stop) {
      exit = Exit.INTERRUPTED;
    }
    console.tell(new Event.Ended(exit));
    return exit;
  }

  private Exit verify(Inquiry inquiry, Folder listed, Console console)
      throws Failure, IOException, InterruptedException {
    var sums = inquiry.ask("sums", Sums.class).sums();
    List<Event.Difference> differences = Verify.differences(source, listed, sums, local);
    differences.forEach(console::tell);
    console.tell(new Event.Compared(Tree.count(source), differences.size()));
    return differences.isEmpty() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  private Exit preview(Folder listed, Facts facts, Route route, Report report, Console console)
      throws Failure {
    try (Known known = new Known(Journal.of(route.identity(options), console))) {
      known.recall();
      boolean clean = options.copying().cleanOutFirst();
      Folder copy = known.confirm(listed, source, clean ? belongs : null);
      List<Change> changes = new ArrayList<>(diff.apply(copy, source));
      if (!facts.mayDelete() && changes.removeIf(Delete.class::isInstance)) {
        report.refusesDeletes(facts.guard());
      }
      Preview.lines(changes, copy).forEach(console::answer);
      report.needs(source, copy, facts.free());
      Outbox.guard(options.copying(), changes, copy);
      return Exit.IN_STEP;
    }
  }
}
