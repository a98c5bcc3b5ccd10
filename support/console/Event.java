package dev.frep;

import java.time.Duration;
import java.util.List;

/**
 * What a run has to tell, as it happens: of one target, or of all. How it looks is for the {@link
 * Display} to say. A path is the bytes of a path of the source; every other text is for people.
 */
sealed interface Event {
  /** A way to the target is being looked for. */
  record Connecting() implements Event {}

  /** The target answers for the first time; from where the copy is made, and to where. */
  record Started(String source, String copy) implements Event {}

  /** The target answers again. */
  record Connected() implements Event {}

  /**
   * So much of what differs has gone to the target by now.
   *
   * @param time since the first of it went
   */
  record Progress(long files, long allFiles, long bytes, long allBytes, Duration time)
      implements Event {}

  /** The target has acknowledged these changes. */
  record Applied(List<Change> changes) implements Event {}

  /**
   * The target has acknowledged what was sent: all of the first copy, or a change set after it.
   *
   * @param updated folders whose attributes alone were set
   * @param inStep whether the first copy is what the source is; always true later
   */
  record Synced(
      boolean first,
      long files,
      long folders,
      long updated,
      long deleted,
      long bytes,
      Duration time,
      boolean inStep)
      implements Event {}

  /** All that was seen at the source is acknowledged. */
  record InStep() implements Event {}

  /** All that can be done is done, and so many paths still differ: their problems were told. */
  record OutOfStep(long paths) implements Event {}

  /** Something is not as it should be, with one path or, if that is null, in general. */
  record Problem(String path, String message, String hint) implements Event {}

  /** The link broke, and is made again after a pause. */
  record Disconnected(String message, String hint, Duration pause) implements Event {}

  /** The source is gone or was emptied: nothing is sent until it is back. */
  record SourceLost(String message, String hint) implements Event {}

  record SourceBack(String source) implements Event {}

  /** What --verify found at a path. */
  record Difference(String path, String how) implements Event {}

  /** What --verify found in all. */
  record Compared(long paths, long differences) implements Event {}

  /** A line of what was asked for, as by --check or --dry-run: it is told with --quiet, too. */
  record Answer(String text) implements Event {}

  /** Anything else worth a line. */
  record Note(String text) implements Event {}

  /** For whoever looks for a defect; only with --debugging. */
  record Debug(String text) implements Event {}

  /** The target is done with. */
  record Ended(Exit exit) implements Event {}

  /** A clean end was asked for. */
  record Stopping() implements Event {}

  /** The program ends: the last event. */
  record Stopped(int exitCode) implements Event {}
}
