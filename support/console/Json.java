package dev.frep;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Locale;
import java.util.function.Consumer;

/** Events for programs: each is a JSON object on a line of its own. The README lists them. */
final class Json implements Display {
  private final Consumer<String> out;
  private final Consumer<String> err;
  private final Detail detail;

  Json(Consumer<String> out, Consumer<String> err, Detail detail) {
    this.out = out;
    this.err = err;
    this.detail = detail;
  }

  @Override
  public void show(Subject subject, Event event) {
    if (event instanceof Event.Debug debug) {
      err.accept("debug: " + debug.text());
    } else if (event instanceof Event.Applied applied) {
      if (detail == Detail.VERBOSE) {
        for (Change change : applied.changes()) {
          Line line = new Line(Lines.verb(change), subject);
          out.accept(line.path(Lines.shown(change)).end());
        }
      }
    } else if (detail != Detail.QUIET || isTrouble(event)) {
      out.accept(line(subject, event));
    }
  }

  /** What is told with --quiet, too. */
  private static boolean isTrouble(Event event) {
    return event instanceof Event.Problem
        || event instanceof Event.Disconnected
        || event instanceof Event.SourceLost
        || event instanceof Event.OutOfStep
        || event instanceof Event.Difference
        || event instanceof Event.Answer
        || event instanceof Event.Stopped;
  }

  private static String line(Subject subject, Event event) {
    Line line = new Line(name(event), subject);
    if (event instanceof Event.Started e) {
      line.path("source", e.source()).path("copy", e.copy());
    } else if (event instanceof Event.Progress e) {
      line.number("files", e.files()).number("allFiles", e.allFiles());
      line.number("bytes", e.bytes()).number("allBytes", e.allBytes()).time(e.time());
    } else if (event instanceof Event.Synced e) {
      line.flag("first", e.first()).number("files", e.files()).number("folders", e.folders());
      line.number("deleted", e.deleted()).number("bytes", e.bytes()).time(e.time());
    } else if (event instanceof Event.OutOfStep e) {
      line.number("paths", e.paths());
    } else if (event instanceof Event.Problem e) {
      line.path(e.path()).text("message", e.message()).hint(e.hint());
    } else if (event instanceof Event.Disconnected e) {
      line.text("message", e.message()).hint(e.hint());
      line.number("retryMilliseconds", e.pause().toMillis());
    } else if (event instanceof Event.SourceLost e) {
      line.text("message", e.message()).hint(e.hint());
    } else if (event instanceof Event.SourceBack e) {
      line.path("source", e.source());
    } else if (event instanceof Event.Difference e) {
      line.path(e.path()).text("difference", e.how());
    } else if (event instanceof Event.Compared e) {
      line.number("paths", e.paths()).number("differences", e.differences());
    } else if (event instanceof Event.Answer e) {
      line.text("message", e.text());
    } else if (event instanceof Event.Note e) {
      line.text("message", e.text());
    } else if (event instanceof Event.Ended e) {
      line.number("exitCode", e.exit().code);
    } else if (event instanceof Event.Stopped e) {
      line.number("exitCode", e.exitCode());
    }
    return line.end();
  }

  /** The name of an event's type, in small letters: InStep is in-step. */
  private static String name(Event event) {
    return event
        .getClass()
        .getSimpleName()
        .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
        .toLowerCase(Locale.ROOT);
  }

  /** An object in the making. */
  private static final class Line {
    private final StringBuilder json = new StringBuilder("{\"event\":");

    Line(String event, Subject subject) {
      quote(event);
      text("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
      if (subject.label() != null) {
        text("target", subject.label().get());
      }
    }

    Line text(String key, String value) {
      json.append(",\"").append(key).append("\":");
      quote(value);
      return this;
    }

    Line hint(String hint) {
      return hint == null || hint.isEmpty() ? this : text("hint", hint);
    }

    Line number(String key, long value) {
      json.append(",\"").append(key).append("\":").append(value);
      return this;
    }

    Line flag(String key, boolean value) {
      json.append(",\"").append(key).append("\":").append(value);
      return this;
    }

    Line time(Duration time) {
      return number("milliseconds", time.toMillis());
    }

    Line path(String path) {
      return path == null ? this : path("path", path);
    }

    /** Bytes that are no UTF-8 cannot be written in JSON: these go beside what people can read. */
    Line path(String key, String path) {
      byte[] bytes = path.getBytes(StandardCharsets.ISO_8859_1);
      text(key, new String(bytes, StandardCharsets.UTF_8));
      try {
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      } catch (CharacterCodingException otherBytes) {
        text(key + "Base64", Base64.getEncoder().encodeToString(bytes));
      }
      return this;
    }

    String end() {
      return json.append('}').toString();
    }

    /** Whatever could move a cursor, or hide, or is half a character is written as its number. */
    private void quote(String text) {
      json.append('"');
      for (int i = 0; i < text.length(); ) {
        int c = text.codePointAt(i);
        i += Character.charCount(c);
        if (c == '"' || c == '\\') {
          json.append('\\').append((char) c);
        } else if (isPlain(c)) {
          json.appendCodePoint(c);
        } else {
          boolean half = Character.getType(c) == Character.SURROGATE;
          for (char unit : Character.toChars(half ? 0xFFFD : c)) {
            json.append(String.format("\\u%04x", (int) unit));
          }
        }
      }
      json.append('"');
    }

    private static boolean isPlain(int c) {
      return switch (Character.getType(c)) {
        case Character.CONTROL,
            Character.FORMAT,
            Character.SURROGATE,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR ->
            false;
        default -> true;
      };
    }
  }
}
