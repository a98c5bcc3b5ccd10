package dev.frep;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Events as lines of text: news on stdout, problems with their hints on stderr, these coloured. */
final class Lines implements Display {
  private final Consumer<String> out;
  private final Consumer<String> err;
  private final Detail detail;
  private final Palette palette;

  Lines(Consumer<String> out, Consumer<String> err, Detail detail, Palette palette) {
    this.out = out;
    this.err = err;
    this.detail = detail;
    this.palette = palette;
  }

  @Override
  public void show(Subject subject, Event event) {
    if (event instanceof Event.Problem problem) {
      String path = problem.path() == null ? "" : Names.show(problem.path()) + " ";
      complain(subject, path + problem.message(), problem.hint());
    } else if (event instanceof Event.Disconnected lost) {
      complain(subject, lost.message(), lost.hint());
      say(subject, "connecting again in " + Text.seconds(lost.pause()));
    } else if (event instanceof Event.SourceLost lost) {
      complain(subject, lost.message(), lost.hint());
    } else if (event instanceof Event.Difference difference) { // What was asked for is no news.
      answer(subject, Names.show(difference.path()) + ": " + difference.how());
    } else if (event instanceof Event.Answer answer) {
      answer(subject, answer.text());
    } else if (event instanceof Event.Debug debug) {
      debug
          .text()
          .replace("\t", "    ")
          .lines()
          .map(line -> Names.harmless("debug: " + subject.prefix() + line))
          .forEach(line -> err.accept(palette.dim(line)));
    } else if (event instanceof Event.Applied applied) {
      if (detail == Detail.VERBOSE) {
        for (Change change : applied.changes()) {
          say(subject, verb(change) + " " + Names.show(shown(change)));
        }
      }
    } else {
      say(subject, news(event));
    }
  }

  /** What there is to say of an event; empty if nothing. */
  private static String news(Event event) {
    if (event instanceof Event.Started started) {
      return Names.show(started.source()) + " → " + Names.show(started.copy());
    } else if (event instanceof Event.Connected) {
      return "connected again";
    } else if (event instanceof Event.Synced synced) {
      return synced.first() ? firstCopy(synced) : changeSet(synced);
    } else if (event instanceof Event.SourceBack back) {
      return Names.show(back.source()) + " is back";
    } else if (event instanceof Event.Compared compared) {
      String paths = Text.count(compared.paths(), "path");
      return paths + " compared, " + compared.differences() + " differ";
    } else if (event instanceof Event.Note note) {
      return note.text();
    }
    return "";
  }

  private static String firstCopy(Event.Synced copy) {
    String time = Text.seconds(copy.time());
    String more = copy.inStep() ? "" : "; not in step, see above";
    if (copy.files() + copy.folders() + copy.deleted() == 0) {
      return "nothing to copy (" + time + ")" + more;
    }
    return "copied "
        + Text.count(copy.files(), "file")
        + ", "
        + Text.bytes(copy.bytes())
        + (copy.deleted() == 0 ? "" : ", deleted " + copy.deleted())
        + " in "
        + time
        + more;
  }

  private static String changeSet(Event.Synced set) {
    List<String> parts = new ArrayList<>();
    if (set.files() > 0) {
      String size = " (" + Text.bytes(set.bytes()) + ")";
      parts.add("sent " + Text.count(set.files(), "file") + size);
    }
    if (set.folders() > 0) {
      parts.add("made " + Text.count(set.folders(), "folder"));
    }
    if (set.deleted() > 0) {
      parts.add("deleted " + set.deleted());
    }
    if (parts.isEmpty()) {
      parts.add("updated " + Text.count(set.updated(), "folder"));
    }
    return String.join(", ", parts) + " in " + Text.seconds(set.time());
  }

  /** What was done at a path. */
  static String verb(Change change) {
    if (change instanceof Delete) {
      return "deleted";
    } else if (change instanceof Put put) {
      return !(put.entry() instanceof Folder) ? "sent" : put.fresh() ? "made" : "updated";
    }
    throw new AssertionError(change);
  }

  /** A path as it is written: folders end in a slash, the source itself is a dot. */
  static String shown(Change change) {
    boolean folder =
        change instanceof Delete delete
            ? delete.folder()
            : change instanceof Put put && put.entry() instanceof Folder;
    return (change.path().isEmpty() ? "." : change.path()) + (folder ? "/" : "");
  }

  private void answer(Subject subject, String line) {
    out.accept(Names.harmless(subject.prefix() + line));
  }

  private void say(Subject subject, String line) {
    if (detail != Detail.QUIET && !line.isEmpty()) {
      out.accept(harmless(subject.prefix() + line));
    }
  }

  /** A tab does no harm here: the output of commands is full of them. */
  private static String harmless(String line) {
    return Arrays.stream(line.split("\t", -1)).map(Names::harmless).collect(joining("\t"));
  }

  private void complain(Subject subject, String message, String hint) {
    String about = subject.label() == null ? "" : subject.label().get() + ": ";
    err.accept(palette.red("frep: ") + Names.harmless(about + message));
    if (hint != null && !hint.isEmpty()) {
      err.accept(palette.yellow("hint: ") + Names.harmless(hint));
    }
  }
}
