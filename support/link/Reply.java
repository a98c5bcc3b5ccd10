package dev.frep;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the receiver says, parsed once. */
sealed interface Reply {
  /**
   * Parses a line that no records follow.
   *
   * @param words without the nonce
   * @param said what the receiver's tools printed since the last outcome of a set
   * @throws IllegalArgumentException if the receiver does not say such a thing
   */
  static Reply parse(String words, List<String> said) {
    String[] word = words.split(" ", 3);
    String rest = word.length > 1 ? word[1] : "";
    return switch (word[0]) {
      case "ready" -> new Ready(Facts.of(pairs(words)));
      case "refused" -> new Refused(word[1], word.length > 2 ? word[2] : "");
      case "facts" -> new Details(pairs(words));
      case "ok" -> new Ok(Long.parseLong(rest));
      case "err" -> new Err(Long.parseLong(rest), said);
      case "pong" -> new Pong(Long.parseLong(rest));
      case "gone" -> new Gone();
      default -> throw new IllegalArgumentException("not a reply: " + words);
    };
  }

  private static Map<String, String> pairs(String words) {
    Map<String, String> pairs = new HashMap<>();
    for (String pair : words.split(" ")) {
      int sign = pair.indexOf('=');
      pairs.put(pair.substring(0, Math.max(0, sign)), pair.substring(sign + 1));
    }
    return pairs;
  }
}

record Ready(Facts facts) implements Reply {}

record Refused(String reason, String detail) implements Reply {}

/** The tree that the target has. */
record Listed(Folder tree) implements Reply {}

/** SHA-256 in hexadecimal by path. */
record Sums(Map<String, String> sums) implements Reply {}

/** What --undo did; its name is empty if there was nothing to undo. */
record Undone(String name, List<Kept> paths) implements Reply {
  /**
   * A path that was kept.
   *
   * @param way back: it is where it was; stays: something else stands there now; fails: it could
   *     not be put there
   */
  record Kept(String way, String path) {}
}

/** What only people want to know: user, clock, there, shell. */
record Details(Map<String, String> facts) implements Reply {}

/** What became of a change set. */
sealed interface Outcome extends Reply {
  long set();
}

record Ok(long set) implements Outcome {}

/**
 * A set of which something is not in place.
 *
 * @param left the paths at which something is missing, or stays
 */
record Part(long set, List<String> left, List<String> why) implements Outcome {}

/**
 * A set that failed: nobody knows how much of it is in place.
 *
 * @param why what the target's tools said
 */
record Err(long set, List<String> why) implements Outcome {}

record Pong(long number) implements Reply {}

/** Another sender has taken the copy over. */
record Gone() implements Reply {}

/** Something that no receiver says; nothing follows it. */
record Nonsense(String what) implements Reply {}

/** The receiver's output has ended. */
record Hangup() implements Reply {}
