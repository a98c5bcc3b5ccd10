package dev.frep;

import static java.util.stream.Collectors.joining;

import dev.frep.Terminal.Colour;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Shows events as lines of text: news on stdout, problems and their hints on stderr. A copy that
 * takes long has a line of progress now and then, so that a log shows that frep is alive.
 */
final class Lines implements Display {
  /** Long enough not to fill a log, short enough for somebody who waits. */
  private static final Duration PERIOD = Duration.ofSeconds(10);

  private final Consumer<String> out;
  private final Consumer<String> err;
  private final Detail detail;
  private final Terminal.Style style;
  private final Map<Subject, Row> rows = new HashMap<>();

  /**
   * @param style of the lines for err; those for out have no colours
   */
  Lines(Consumer<String> out, Consumer<String> err, Detail detail, Terminal.Style style) {
    this.out = out;
    this.err = err;
    this.detail = detail;
    this.style = style;
  }

  @Override
  public void show(Subject subject, Event event) {
    if (event instanceof Event.Problem problem) {
      String path = problem.path() == null ? "" : Names.show(problem.path()) + " ";
      complain(subject, path + problem.message(), problem.hint());
    } else if (event instanceof Event.Disconnected lost) {
      complain(subject, lost.message(), lost.hint());
      say(subject, "connecting again in " + Text.seconds(lost.pause()));
    } else if (event instanceof Event.DeletesHeld held) {
      complain(subject, held.message(), held.hint());
    } else if (event instanceof Event.Waiting waiting) {
      complain(subject, "waiting: " + waiting.message(), waiting.hint());
    } else if (event instanceof Event.SourceLost lost) {
      complain(subject, lost.message(), lost.hint());
    } else if (event instanceof Event.Difference difference) {
      answer(subject, Names.show(difference.path()) + ": " + difference.how());
    } else if (event instanceof Event.Answer answer) {
      answer(subject, answer.text());
    } else if (event instanceof Event.Debug debug) {
      for (String line : debug.text().replace("\t", "    ").lines().toList()) {
        err.accept(style.paint(Colour.DIM, Names.harmless("debug: " + subject.brief() + line)));
      }
    } else if (event instanceof Event.Applied applied) {
      if (detail == Detail.VERBOSE) {
        for (Change change : applied.changes()) {
          say(subject, verb(change) + " " + Names.show(shown(change)));
        }
      }
    } else if (event instanceof Event.Progress progress) {
      progress(subject, progress);
    } else {
      say(subject, news(event));
    }
  }

  private void progress(Subject subject, Event.Progress progress) {
    Row row = rows.computeIfAbsent(subject, Row::new);
    long before = row.sendingFor().dividedBy(PERIOD);
    row.follow(progress);
    if (progress.time().dividedBy(PERIOD) > before) {
      say(subject, "sending: " + row.progress());
    }
  }

  /** Returns a line of news about an event; empty if the event is none. */
  private static String news(Event event) {
    if (event instanceof Event.Started started) {
      return Names.show(started.source()) + " → " + Names.show(started.copy());
    } else if (event instanceof Event.Connected) {
      return "connected again";
    } else if (event instanceof Event.Synced synced) {
      return synced(synced);
    } else if (event instanceof Event.Left left) {
      return left.message();
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

  private static String synced(Event.Synced set) {
    String time = Text.seconds(set.time());
    String more = set.inStep() ? "" : "; not in step, see above";
    if (set.first() && set.files() + set.folders() + set.deleted() == 0) {
      return "nothing to copy (" + time + ")" + more;
    } else if (set.first() && set.files() > 0) {
      String deleted = set.deleted() == 0 ? "" : ", deleted " + set.deleted();
      String files = Text.count(set.files(), "file") + ", " + Text.bytes(set.bytes());
      return "copied " + files + deleted + " in " + time + more;
    }
    String file = set.file() == null ? Text.count(set.files(), "file") : Names.show(set.file());
    return parts(set, "sent " + file, "made", "deleted", "updated") + " in " + time + more;
  }

  /** Returns a line about a change set that was not sent. */
  static String planned(Event.Synced set) {
    String send = "send " + Text.count(set.files(), "file");
    return "would " + parts(set, send, "make", "delete", "update");
  }

  private static String parts(
      Event.Synced set, String send, String make, String delete, String update) {
    List<String> parts = new ArrayList<>();
    if (set.files() > 0) {
      parts.add(send + " (" + Text.bytes(set.bytes()) + ")");
    }
    if (set.folders() > 0) {
      parts.add(make + " " + Text.count(set.folders(), "folder"));
    }
    if (set.deleted() > 0) {
      parts.add(delete + " " + set.deleted());
    }
    if (parts.isEmpty()) {
      parts.add(update + " " + Text.count(set.updated(), "folder"));
    }
    return String.join(", ", parts);
  }

  /** Returns the word for a change that was made. */
  static String verb(Change change) {
    if (change instanceof Delete) {
      return "deleted";
    } else if (change instanceof Put put) {
      return !(put.entry() instanceof Folder) ? "sent" : put.fresh() ? "made" : "updated";
    }
    throw new AssertionError(change);
  }

  /** Returns a path as frep writes it: a folder ends in a slash, the source itself is a dot. */
  static String shown(Change change) {
    boolean folder =
        change instanceof Delete delete
            ? delete.folder()
            : change instanceof Put put && put.entry() instanceof Folder;
    return (change.path().isEmpty() ? "." : change.path()) + (folder ? "/" : "");
  }

  /** Prints what the user asked for, with --quiet, too. */
  private void answer(Subject subject, String line) {
    out.accept(Names.harmless(subject.brief() + line));
  }

  /** Prints news. A tab stays: it is harmless, and the output of commands is full of tabs. */
  private void say(Subject subject, String line) {
    if (detail != Detail.QUIET && !line.isEmpty()) {
      String[] columns = (subject.brief() + line).split("\t", -1);
      out.accept(Arrays.stream(columns).map(Names::harmless).collect(joining("\t")));
    }
  }

  private void complain(Subject subject, String message, String hint) {
    err.accept(style.paint(Colour.RED, "frep: ") + Names.harmless(subject.full() + message));
    if (hint != null && !hint.isEmpty()) {
      err.accept(style.paint(Colour.YELLOW, "hint: ") + Names.harmless(hint));
    }
  }
}
