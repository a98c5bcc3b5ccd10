package dev.frep;

import java.nio.file.WatchKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The keys of watched folders by path, and back. A folder has one key and may have several paths
 * for a while: it was renamed, or a symlink came where another was, which the system follows. Then
 * its events count for each of them.
 */
final class WatchKeys {
  private final TreeMap<String, WatchKey> keys = new TreeMap<>();
  private final Map<WatchKey, Set<String>> paths = new HashMap<>();

  synchronized void put(String path, WatchKey key) {
    WatchKey before = keys.put(path, key);
    if (before != key) {
      Set<String> all = new HashSet<>(paths.getOrDefault(key, Set.of()));
      all.add(path);
      paths.put(key, all);
      unname(before, path);
    }
  }

  /** A key that has lost its last path is cancelled. */
  private void unname(WatchKey key, String path) {
    Set<String> known = new HashSet<>(paths.getOrDefault(key, Set.of()));
    if (known.remove(path) && known.isEmpty()) {
      paths.remove(key);
      key.cancel();
    } else if (!known.isEmpty()) {
      paths.put(key, known);
    }
  }

  /** Removes a path and all below it. */
  synchronized void remove(String path) {
    Map<String, WatchKey> below = keys.subMap(path + "/", path + (char) ('/' + 1));
    below.forEach((name, key) -> unname(key, name));
    below.clear();
    unname(keys.remove(path), path);
  }

  /** The paths of a folder; none if it was not listed yet, or was moved out of the source. */
  synchronized Set<String> names(WatchKey key) {
    return paths.getOrDefault(key, Set.of());
  }

  /** Forgets a key whose folder is gone; returns the paths that it had. */
  synchronized Set<String> drop(WatchKey key) {
    Set<String> known = paths.containsKey(key) ? paths.remove(key) : Set.of();
    known.forEach(path -> keys.remove(path, key));
    return known;
  }
}
