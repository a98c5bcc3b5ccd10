package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What is below a folder, exactly: names as bytes (one a char), kinds, modes, whole seconds of
 * mtime, targets of symlinks, and what is in the files.
 */
final class Trees {

  /** Among what is left out: the times of symlinks, which not every tar can give them. */
  static final String LINK_TIMES = "the times of symlinks";

  private Trees() {}

  /**
   * Describes a folder and all that is below it.
   *
   * @param without paths, relative to the folder, to be left out with all below them
   */
  static SortedMap<String, String> of(Path folder, String... without) {
    var prune = new ArrayList<>(List.of("find", ".", "-path", "./.frep-*", "-prune"));
    for (var path : without) {
      prune.addAll(List.of("-o", "-path", "./" + path, "-prune"));
    }
    var names = new ArrayList<>(prune);
    names.addAll(List.of("-o", "-printf", "%P\\0%y %04m %Ts\\0%l\\0"));
    var sums = new ArrayList<>(prune);
    sums.addAll(List.of("-o", "-type", "f", "-exec", "sha256sum", "-z", "--", "{}", "+"));
    var tree = new TreeMap<String, String>();
    var words = read(folder, names).split("\0", -1);
    for (int i = 0; i + 2 < words.length; i += 3) {
      // The mode of a link says nothing; a time before 1970 is not for tar.
      var what = words[i + 1].replaceFirst("^l \\d+", "l").replaceFirst("-\\d+$", "0");
      what = what.startsWith("l") && List.of(without).contains(LINK_TIMES) ? "l" : what;
      tree.put(words[i], what + (words[i + 2].isEmpty() ? "" : " -> " + words[i + 2]));
    }
    for (var sum : read(folder, sums).split("\0")) {
      if (sum.length() > 68) {
        tree.merge(sum.substring(68), sum.substring(0, 64), (what, is) -> what + " " + is);
      }
    }
    return tree;
  }

  /** Fails unless two folders are the same. */
  static void assertSame(Path source, Path copy, String... without) {
    var difference = difference(source, copy, without);
    if (!difference.isEmpty()) {
      throw new AssertionError(difference);
    }
  }

  /** Waits until two folders are the same. */
  static void awaitSame(Path source, Path copy, String... without) {
    awaitSame(source, copy, Frep.PATIENCE, without);
  }

  static void awaitSame(Path source, Path copy, Duration patience, String... without) {
    var deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      var late = System.nanoTime() > deadline;
      var difference = difference(source, copy, without);
      if (difference.isEmpty()) {
        return;
      } else if (late) {
        throw new AssertionError("still after " + patience + ": " + difference);
      }
    }
  }

  /** What tells two folders apart, for people; empty if nothing does. */
  static String difference(Path source, Path copy, String... without) {
    return difference(of(source, without), of(copy, without));
  }

  private static String difference(Map<String, String> source, Map<String, String> copy) {
    var differences = new ArrayList<String>();
    var paths = new TreeSet<>(source.keySet());
    paths.addAll(copy.keySet());
    for (var path : paths) {
      var is = copy.get(path);
      var ought = source.get(path);
      if (ought == null) {
        differences.add(show(path) + ": too much: " + is);
      } else if (!ought.equals(is)) {
        differences.add(show(path) + ": " + ought + ", but copied is " + is);
      }
    }
    return differences.isEmpty()
        ? ""
        : differences.size()
            + " of "
            + paths.size()
            + " paths differ:\n  "
            + differences.stream().limit(12).collect(Collectors.joining("\n  "));
  }

  private static String show(String path) {
    return path.isEmpty() ? "(itself)" : Names.show(path);
  }

  /** Fails if frep has left something of its own anywhere below a folder. */
  static void assertNoStage(Path folder) {
    var left = read(folder, List.of("find", ".", "-name", ".frep-*", "-prune", "-print0"));
    if (!left.isEmpty()) {
      throw new AssertionError("left behind in " + folder + ": " + Arrays.asList(left.split("\0")));
    }
  }

  /** What is in a folder around a destination, to be the same afterwards. */
  static Canary canary(Path around, Path destination) {
    return new Canary(around, around.relativize(destination).toString());
  }

  /** A folder as it was, but for the destination in it. */
  static final class Canary {

    private final Path around;
    private final String destination;
    private final SortedMap<String, String> before;

    private Canary(Path around, String destination) {
      this.around = around;
      this.destination = destination;
      before = now();
    }

    /** Fails if something around the destination is not as it was, or something is there anew. */
    void assertUntouched() {
      assertNoStage(around);
      var difference = difference(before, now());
      if (!difference.isEmpty()) {
        throw new AssertionError("around the destination, " + difference);
      }
    }

    private SortedMap<String, String> now() {
      var all = of(around, destination);
      var parents = new ArrayList<>(List.of(""));
      for (int i = destination.indexOf('/'); i > 0; i = destination.indexOf('/', i + 1)) {
        parents.add(destination.substring(0, i));
      }
      // What is made in them changes their times.
      parents.forEach(
          parent -> all.computeIfPresent(parent, (name, is) -> is.replaceFirst(" \\d+$", "")));
      return all;
    }
  }

  /** What a command prints, one char a byte. What vanishes meanwhile is not there: no complaint. */
  private static String read(Path folder, List<String> command) {
    try {
      var builder = new ProcessBuilder(command).directory(folder.toFile());
      builder.environment().put("LC_ALL", "C");
      var process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (var in = process.getInputStream()) {
        return new String(in.readAllBytes(), ISO_8859_1);
      } finally {
        process.waitFor();
      }
    } catch (IOException e) {
      return ""; // There is no such folder yet.
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
