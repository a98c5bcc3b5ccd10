package dev.frep.league;

/** What went wrong in an episode; the kind is what failures are counted by. */
final class Failed extends Exception {
  private static final long serialVersionUID = 1;
  final String kind;

  Failed(String kind, String details) {
    super(details);
    this.kind = kind;
  }
}
