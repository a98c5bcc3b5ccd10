package dev.frep;

/** Takes paths of the source that may have changed. */
interface Hints {
  /** The path itself is to be looked at. */
  void look(String path);

  /** The path is to be looked at with all that is below it. */
  void whole(String path);
}
