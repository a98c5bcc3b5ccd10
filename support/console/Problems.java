package dev.frep;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The paths of the source that have a problem now; each problem is told once. */
final class Problems {
  private final Console console;
  private final String root;
  private final Set<String> paths = ConcurrentHashMap.newKeySet();
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  /**
   * @param root the name of the source itself
   */
  Problems(Console console, String root) {
    this.console = console;
    this.root = root;
  }

  /** One bad path is told and does not end the run. */
  void add(String path, String what, String hint) {
    paths.add(path);
    if (told.add(path + "\0" + what)) {
      console.tell(new Event.Problem(path.isEmpty() ? root : path, what, hint));
    }
  }

  /** The path has none any more. */
  void remove(String path) {
    paths.remove(path);
  }

  /** Nor has anything below the path. */
  void removeBelow(String path) {
    if (!paths.isEmpty()) {
      paths.removeIf(known -> known.equals(path) || known.startsWith(path + "/"));
    }
  }

  boolean isEmpty() {
    return paths.isEmpty();
  }
}
