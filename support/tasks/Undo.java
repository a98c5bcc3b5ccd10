package dev.frep;

import java.io.IOException;
import java.util.List;

/** What --undo does: what was kept of the last change of a target comes back. */
final class Undo {
  private final Options options;
  private final Route route;
  private final Console console;

  private Undo(Options options, Route route, Console console) {
    this.options = options;
    this.route = route;
    this.console = console;
  }

  /** At one target after the other; returns the worst that came of it. */
  static Exit all(Options options, List<Route> routes, Console console)
      throws InterruptedException {
    Exit worst = Exit.IN_STEP;
    for (Route route : routes) {
      Console its = console.of(route::label, routes.size() > 1);
      worst = Exit.worse(worst, new Undo(options, route, its).run());
    }
    return worst;
  }

  private Exit run() throws InterruptedException {
    try (Inquiry inquiry = new Inquiry(options, route, console)) {
      Reply first = inquiry.hear();
      if (first instanceof Refused refused) {
        throw Refusal.explain(refused.reason(), refused.detail(), route);
      }
      return tell(undo(inquiry));
    } catch (Failure failure) {
      console.error(failure.getMessage(), failure.hint);
      return failure.exit;
    } catch (IOException broken) {
      console.debug(broken);
      console.error("the connection was lost", "try it again");
      return Exit.CONNECTION;
    }
  }

  /** Passes over what was kept and then not replaced: its set had failed. */
  private Undone undo(Inquiry inquiry) throws Failure, IOException, InterruptedException {
    String before = "";
    while (true) {
      Undone undone = inquiry.ask("undo", Undone.class);
      if (undone.name().isEmpty() || !undone.paths().isEmpty()) {
        return undone;
      } else if (undone.name().equals(before)) {
        throw new Failure(
            Exit.TARGET,
            Names.show(trash() + "/" + undone.name()) + " cannot be removed",
            "there is nothing to be put back in it: remove it by hand");
      }
      before = undone.name();
    }
  }

  private Exit tell(Undone undone) {
    if (undone.name().isEmpty()) {
      console.error(
          "there is nothing to put back",
          "--trash keeps what a run replaces or deletes from then on");
      return Exit.PROBLEMS;
    }
    long back = 0;
    for (Undone.Kept kept : undone.paths()) {
      String path = kept.path().equals("/") ? options.name() + "/" : kept.path();
      if (kept.way().equals("back")) {
        console.answer("back " + Names.show(path));
        back++;
      } else if (kept.way().equals("stays")) {
        console.error(
            Names.show(path) + " cannot come back: something else is in its place",
            "move that away, then --undo once more; it is kept in " + Names.show(trash()));
      } else {
        console.error(
            Names.show(path) + " cannot come back: it may not be written there",
            "see who owns its folder, then --undo once more; it is kept in " + Names.show(trash()));
      }
    }
    String time = Names.show(undone.name()).replaceFirst("^[0-9]+-", "").replaceFirst("T", " ");
    console.answer(Text.count(back, "path") + " as before the change of " + time);
    return back == undone.paths().size() ? Exit.IN_STEP : Exit.PROBLEMS;
  }

  /** Where receiver.sh keeps things. */
  private String trash() {
    String around = options.copy().substring(0, options.copy().length() - options.name().length());
    return around + ".frep-trash-" + options.name();
  }
}
