package dev.frep;

import java.util.function.Supplier;

/** Shows events to whoever looks. It is told one at a time. */
interface Display {
  /** How much of what happens is shown. */
  enum Detail {
    QUIET,
    NORMAL,
    VERBOSE
  }

  /**
   * What an event is about.
   *
   * @param label the target's name, which may change while it is looked for; null for all of the
   *     run
   * @param told whether lines say it: of a single target everybody knows
   */
  record Subject(Supplier<String> label, boolean told) {
    static final Subject RUN = new Subject(null, false);

    /** What a line begins with. */
    String prefix() {
      return told ? label.get() + ": " : "";
    }
  }

  void show(Subject subject, Event event);

  /** Leaves what it has drawn on in order. */
  default void close() {}
}
