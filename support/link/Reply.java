package dev.frep;

import java.util.List;
import java.util.Map;

/** What the receiver says, parsed once. */
sealed interface Reply {}

record Ready(Map<String, String> facts) implements Reply {}

record Refused(String reason, String detail) implements Reply {}

record Listed(Folder there) implements Reply {}

/** SHA-256 by path. */
record Sums(Map<String, String> sums) implements Reply {}

/** What came of what was kept of a change; its name is empty if there is none. */
record Undone(String name, List<Kept> paths) implements Reply {
  /**
   * @param way back: it is where it was; stays: something else is there now; fails: it could not be
   *     put there
   */
  record Kept(String way, String path) {}
}

/** What only people want to know. */
record Details(Map<String, String> facts) implements Reply {}

/** What became of a set. */
sealed interface Outcome extends Reply {}

record Ok(long set) implements Outcome {}

/** why: what the target's tools said. */
record Err(long set, List<String> why) implements Outcome {}

record Pong(long number) implements Reply {}

record Gone() implements Reply {}

/** What no receiver says; after it there is nothing more. */
record Nonsense(String what) implements Reply {}

/** The receiver's output has ended. */
record Hangup() implements Reply {}
