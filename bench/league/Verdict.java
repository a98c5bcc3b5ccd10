package dev.frep.league;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How a copy differs from its source.
 *
 * @param differences each with its kind before a colon
 * @param blocked paths that cannot be in the copy, since others' files stand in their place
 */
record Verdict(List<String> differences, List<String> blocked) {

  /** The kinds of difference, the one that matters most first. */
  private static final List<String> KINDS =
      List.of(
          "others' file gone",
          "missing",
          "content",
          "kind",
          "stale",
          "ignored but stale",
          "mode",
          "time");

  boolean isSame() {
    return differences.isEmpty();
  }

  /** The kind of the difference that matters most. */
  String kind() {
    return differences.stream()
        .map(each -> each.substring(0, each.indexOf(':')))
        .min(Comparator.comparingInt(KINDS::indexOf))
        .orElse("same");
  }

  /** Whether a reader of the copy finds other names or contents than in the source. */
  boolean isContent() {
    return !isSame() && !List.of("mode", "time", "ignored but stale").contains(kind());
  }

  /**
   * Compares them.
   *
   * @param whole whether all is to be copied, but for .git: as peers do that know no ignore files
   * @param linkTimes whether the target can set the times of symlinks
   */
  static Verdict of(Source source, Place place, boolean whole, boolean linkTimes)
      throws IOException, InterruptedException {
    var is = Tree.of(place.copy);
    var found = Tree.of(source.root);
    var ought = new TreeMap<>(found);
    ought.keySet().removeIf(path -> ("/" + path + "/").contains("/.git/"));
    var none = place.base.resolve("none.git");
    var sent = whole ? ought.keySet() : Tree.sent(source.root, found, none);
    var verdict = new Verdict(new ArrayList<>(), new ArrayList<>());
    var all = new TreeSet<>(ought.keySet());
    all.addAll(is.keySet());
    for (var path : all) {
      if (sent.contains(path) && ought.containsKey(path)) {
        verdict.compare(path, ought.get(path), is.get(path), place, linkTimes);
      } else if (is.containsKey(path) && !ought.containsKey(path) && !mayStay(path, is, place)) {
        verdict.differences.add("stale: " + Names.show(path) + " " + is.get(path));
      }
    }
    place.others.forEach(
        (path, sum) -> {
          if (!is.containsKey(path) || !is.get(path).content().equals(sum)) {
            verdict.differences.add("others' file gone: " + Names.show(path));
          }
        });
    if (!whole) {
      verdict.markIgnored(source.root, none);
    }
    return verdict;
  }

  private void compare(String path, Tree.Node ought, Tree.Node is, Place place, boolean linkTimes) {
    var kind = "";
    var owned = place.others.keySet().stream().anyMatch(other -> Names.isBelow(other, path));
    if (owned && !ought.isFolder()) {
      blocked.add(path);
      return;
    }
    if (blocked.stream().anyMatch(each -> Names.isBelow(path, each))) {
      return;
    }
    if (is == null) {
      kind = "missing";
    } else if (ought.kind() != is.kind()) {
      kind = "kind";
    } else if (!ought.content().equals(is.content())) {
      kind = "content";
    } else if (!ought.mode().equals(is.mode())) {
      kind = "mode";
    } else if (ought.seconds() != is.seconds()
        && !(owned && ought.isFolder())
        && (linkTimes || ought.kind() != 'l')) {
      kind = "time";
    }
    if (!kind.isEmpty()) {
      differences.add(kind + ": " + Names.show(path) + " " + ought + ", in the copy " + is);
    }
  }

  /** Others' files, the folders they are in, and what others have made of frep's. */
  private static boolean mayStay(String path, SortedMap<String, Tree.Node> is, Place place) {
    var theirs = new ArrayList<>(place.others.keySet());
    theirs.addAll(place.spoiled);
    return theirs.stream()
        .anyMatch(
            each -> each.equals(path) || is.get(path).isFolder() && Names.isBelow(each, path));
  }

  private void markIgnored(Path source, Path none) throws IOException, InterruptedException {
    for (int i = 0; i < differences.size(); i++) {
      var each = differences.get(i);
      if (each.startsWith("stale: ")) {
        var path = each.substring(7, each.indexOf(" Node["));
        var git =
            Files.exists(source.resolve(".git"))
                ? List.of("git", "-c", "safe.directory=*")
                : List.of("git", "--git-dir=" + none, "--work-tree=.");
        var words = new ArrayList<>(git);
        words.addAll(List.of("check-ignore", "--no-index", "-z", "--stdin"));
        if (!Tree.Shell.read(source, path + "\0", words.toArray(String[]::new)).isEmpty()) {
          differences.set(i, "ignored but " + each);
        }
      }
    }
  }
}
