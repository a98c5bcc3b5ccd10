package dev.frep;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Something that a run reports as it happens, about one target or about all. A {@link Display}
 * decides how it looks. Every path is the bytes of a path in the source; every other text is for
 * people.
 */
sealed interface Event {
  /** The link to the target is being made. */
  record Connecting() implements Event {}

  /** The target has answered for the first time. Both are whole paths. */
  record Started(String source, String copy) implements Event {}

  /** The target has answered again, after its link had broken. */
  record Connected() implements Event {}

  /**
   * The link has carried this much of what differs.
   *
   * @param time since the first of these bytes
   */
  record Progress(long files, long allFiles, long bytes, long allBytes, Duration time)
      implements Event {}

  /** The target has acknowledged these changes. */
  record Applied(List<Change> changes) implements Event {}

  /**
   * The target has acknowledged the first copy, or one change set after it.
   *
   * @param first whether this is the first copy, in all its change sets
   * @param file the path of the only file that was sent; null if there are none or several
   * @param updated folders of which only the attributes were set
   * @param inStep whether the first copy equals the source; true for every later change set
   */
  record Synced(
      boolean first,
      long files,
      String file,
      long folders,
      long updated,
      long deleted,
      long bytes,
      Duration time,
      boolean inStep)
      implements Event {}

  /** The target has acknowledged everything that frep has seen in the source. */
  record InStep() implements Event {}

  /** Nothing more can be sent and these paths still differ; a problem was reported for each. */
  record OutOfStep(long paths) implements Event {}

  /** Something is wrong with a path or, if path is null, with the run. */
  record Problem(String path, String message, String hint) implements Event {}

  /** Deletes look like a slip, and wait. */
  record DeletesHeld(String message, String hint) implements Event {}

  /** The link broke; frep connects again after the pause. */
  record Disconnected(String message, String hint, Duration pause) implements Event {}

  /** The target is not up; frep tries again until it is, and reports this once for each message. */
  record Waiting(String message, String hint) implements Event {}

  /**
   * The target is no more and its connection has ended: frep goes on without it, as with a pod that
   * others have replaced.
   *
   * @param message empty if it never was one, but stood for those that have come now
   */
  record Left(String message) implements Event {}

  /** The source vanished or became empty; frep sends nothing until it is back. */
  record SourceLost(String message, String hint) implements Event {}

  /** The source is back. */
  record SourceBack(String source) implements Event {}

  /** A path differs in the copy: found by --verify. */
  record Difference(String path, String how) implements Event {}

  /** The result of --verify. */
  record Compared(long paths, long differences) implements Event {}

  /** A line that the user asked for, as by --check or --dry-run; --quiet prints it, too. */
  record Answer(String text) implements Event {}

  /** Any other news. */
  record Note(String text) implements Event {}

  /** A detail for finding a defect of frep; reported only with --debugging. */
  record Debug(String text) implements Event {}

  /** The work for one target is over. */
  record Ended(Exit exit) implements Event {}

  /** The user has asked frep to end. */
  record Stopping() implements Event {}

  /** The program ends: the last event. */
  record Stopped(int exitCode) implements Event {}
}

/** Shows events to a person or a program. {@link Console} calls it from one thread at a time. */
interface Display {
  /** How much is shown. */
  enum Detail {
    QUIET,
    NORMAL,
    VERBOSE
  }

  /**
   * What an event is about: one target or the run.
   *
   * @param label the target's name, which may change while its container is looked for; null for
   *     the run
   * @param several whether the run has other targets
   */
  record Subject(Supplier<String> label, boolean several) {
    static final Subject RUN = new Subject(null, false);

    /** The words before a problem: always the target, since a line in a log stands alone. */
    String full() {
      return label == null ? "" : label.get() + ": ";
    }

    /** The words before news: the target only where there are several. */
    String brief() {
      return several ? full() : "";
    }
  }

  void show(Subject subject, Event event);

  /** Removes what only makes sense while frep runs; lines may follow. */
  default void close() {}
}
