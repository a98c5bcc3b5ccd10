package dev.frep;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Shows events to programs: each is one JSON object on a line of its own, as docs/json.md lists.
 */
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

  /** Whether --quiet prints the event, too. */
  private static boolean isTrouble(Event event) {
    return event instanceof Event.Problem
        || event instanceof Event.Disconnected
        || event instanceof Event.Waiting
        || event instanceof Event.SourceLost
        || event instanceof Event.DeletesHeld
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
      line.put("files", e.files()).put("allFiles", e.allFiles());
      line.put("bytes", e.bytes()).put("allBytes", e.allBytes());
      line.put("milliseconds", e.time().toMillis());
    } else if (event instanceof Event.Synced e) {
      line.put("first", e.first()).put("files", e.files()).put("folders", e.folders());
      line.put("deleted", e.deleted()).put("bytes", e.bytes());
      line.put("milliseconds", e.time().toMillis());
    } else if (event instanceof Event.OutOfStep e) {
      line.put("paths", e.paths());
    } else if (event instanceof Event.Problem e) {
      line.path(e.path()).put("message", e.message()).hint(e.hint());
    } else if (event instanceof Event.Disconnected e) {
      line.put("message", e.message()).hint(e.hint());
      line.put("retryMilliseconds", e.pause().toMillis());
    } else if (event instanceof Event.DeletesHeld e) {
      line.put("message", e.message()).hint(e.hint());
    } else if (event instanceof Event.Waiting e) {
      line.put("message", e.message()).hint(e.hint());
    } else if (event instanceof Event.Left e) {
      line.put("message", e.message());
    } else if (event instanceof Event.SourceLost e) {
      line.put("message", e.message()).hint(e.hint());
    } else if (event instanceof Event.SourceBack e) {
      line.path("source", e.source());
    } else if (event instanceof Event.Difference e) {
      line.path(e.path()).put("difference", e.how());
    } else if (event instanceof Event.Compared e) {
      line.put("paths", e.paths()).put("differences", e.differences());
    } else if (event instanceof Event.Answer e) {
      line.put("message", e.text());
    } else if (event instanceof Event.Note e) {
      line.put("message", e.text());
    } else if (event instanceof Event.Ended e) {
      line.put("exitCode", e.exit().code);
    } else if (event instanceof Event.Stopped e) {
      line.put("exitCode", e.exitCode());
    }
    return line.end();
  }

  /** Returns the name of the event's type in small letters: in-step for InStep. */
  private static String name(Event event) {
    return event
        .getClass()
        .getSimpleName()
        .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
        .toLowerCase(Locale.ROOT);
  }

  /** A JSON object in the making. */
  private static final class Line {
    private final StringBuilder json = new StringBuilder("{\"event\":");

    Line(String event, Subject subject) {
      quote(event);
      put("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
      if (subject.label() != null) {
        put("target", subject.label().get());
      }
    }

    /** Adds a string, a number or a truth value. */
    Line put(String key, Object value) {
      json.append(",\"").append(key).append("\":");
      if (value instanceof String text) {
        quote(text);
      } else {
        json.append(value);
      }
      return this;
    }

    Line hint(String hint) {
      return hint == null || hint.isEmpty() ? this : put("hint", hint);
    }

    Line path(String path) {
      return path == null ? this : path("path", path);
    }

    /** Adds a path as text and, if it is not UTF-8 and the text is inexact, its bytes as well. */
    Line path(String key, String path) {
      byte[] bytes = path.getBytes(StandardCharsets.ISO_8859_1);
      put(key, new String(bytes, StandardCharsets.UTF_8));
      try {
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      } catch (CharacterCodingException otherBytes) {
        put(key + "Base64", Base64.getEncoder().encodeToString(bytes));
      }
      return this;
    }

    String end() {
      return json.append('}').toString();
    }

    /** Escapes all that could move a cursor, hide text, or is half of a character. */
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
