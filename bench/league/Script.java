package dev.frep.league;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Writes an episode down, step by step; tries what is done to the source on a tree of its own. */
final class Script {
  private static final int MOST_ENTRIES = 250;
  private static final List<String> NAMES =
      List.of(
          "a",
          "b c",
          "\u00c3\u00bc",
          "-d",
          ".e",
          "f'",
          "g\n",
          "h$x",
          "i*",
          "j\\",
          "k.log",
          "%l",
          "\u00ff\u00fe",
          "m\t",
          "n\"",
          "[o]",
          "p;",
          "q~q",
          " r",
          "build");
  private static final List<String> PATTERNS =
      List.of(
          "*.log?", "build*", "a*", "!a1", "x/", "/b*", "!*.log3", "*1", "**/y", ".e*", "#", "f?2",
          "x/y", "*/", "!*/", "g*", "inner", "/*0", "!/a*", "burst*");
  static final List<String> TOOLS =
      List.of(
          "find", "xargs", "rm", "tar", "mv", "cp", "dd", "rmdir", "mkdir", "chmod", "touch",
          "sort", "stat");
  private static final List<String> MANNERS =
      List.of("die", "half", "late", "fail", "stop", "slow");

  private final Random random;
  private final Setting setting;
  private final Source source;
  private final List<Op> ops = new ArrayList<>();
  private List<String> paths = List.of();
  private List<String> folders = List.of();
  private List<String> files = List.of();
  private boolean running;

  private Script(Random random, Setting setting, Source scratch) {
    this.random = random;
    this.setting = setting;
    this.source = scratch;
  }

  /** Writes the whole script; the scratch tree holds afterwards what the source will be. */
  static List<Op> write(Random random, Setting setting, Source scratch)
      throws IOException, InterruptedException {
    var script = new Script(random, setting, scratch);
    script.add("write", "Anchor", "", 2); // The source is never empty: frep would wait.
    for (int i = 10 + random.nextInt(40); i > 0; i--) {
      script.change();
    }
    script.flow("start");
    while (script.ops.size() < setting.operations()) {
      script.step();
    }
    return List.copyOf(script.ops);
  }

  private void step() throws IOException, InterruptedException {
    var dice = random.nextInt(100);
    if (dice < 8) {
      add("pause", "", "", random.nextInt(5) == 0 ? 400 : random.nextInt(60));
    } else if (dice < 11) {
      flow(setting.once() ? "join" : "settle");
    } else if (dice < 24) {
      trouble();
    } else if (setting.once() && dice < 29) {
      flow(running ? "join" : "start");
    } else {
      change();
    }
  }

  private void flow(String verb) throws IOException, InterruptedException {
    add(verb, "", "", 0);
    running =
        switch (verb) {
          case "start" -> true;
          case "join", "term", "kill" -> false;
          default -> running;
        };
  }

  private void trouble() throws IOException, InterruptedException {
    if (setting.faults().isEmpty()) {
      change();
      return;
    }
    var fault = any(List.copyOf(setting.faults()));
    switch (fault) {
      case "kill" ->
          add(
              "slay",
              any(List.of("link", "shell", "tool", "any")),
              any(List.of("KILL", "KILL", "TERM")),
              random.nextInt(1000));
      case "stop" ->
          add(
              "freeze",
              any(List.of("link", "shell", "tool", "any")),
              "",
              any(List.of(30L, 300L, 1500L, 7000L)));
      case "tool" -> add("arm", any(TOOLS), any(MANNERS), 1 + random.nextInt(4));
      case "cut" -> add("cut", any(List.of("there", "back")), "", cutAt());
      case "slow" -> add("slow", "", "", 200 + random.nextInt(1500));
      case "full" -> add("full", "", "", any(List.of(0L, 4096L, 300_000L)));
      case "readonly" -> add("readonly", "", "", 100 + random.nextInt(2500));
      case "missing" ->
          add("missing", any(List.of("parent", "copy", "stage")), "", 100 + random.nextInt(2000));
      case "meddle" -> meddle();
      case "lock" -> add("lock", any(folders), "", 300 + random.nextInt(3000));
      case "two" -> add("second", "", "", random.nextInt(2));
      case "down" -> down();
      case "ignore" -> rules();
      case "hard" -> add("hard", fresh(), file(), 0);
      case "hosts" -> add(random.nextInt(3) == 0 ? "twin" : "visit", "", "", 0);
      case "watches" -> change(); // There are too few of them from the start.
      default -> throw new AssertionError(fault);
    }
  }

  private long cutAt() {
    return any(List.of(200L, 3_000L, 20_000L, 22_000L, 40_000L, 200_000L)) + random.nextInt(2000);
  }

  private void meddle() throws IOException, InterruptedException {
    if (random.nextInt(3) != 0) {
      add("meddle", any(folders), "OTHER-" + ops.size(), random.nextInt(2));
    } else {
      add("spoil", any(paths), any(List.of("delete", "change", "chmod", "link")), random.nextInt());
    }
  }

  /** frep is ended, or killed; the world goes on; and it begins anew. */
  private void down() throws IOException, InterruptedException {
    if (!running) {
      flow("start");
      return;
    }
    flow(random.nextInt(3) == 0 ? "term" : "kill");
    for (int i = random.nextInt(12); i > 0; i--) {
      change();
    }
    if (random.nextInt(6) == 0) {
      add("verify", "", "", 0);
    }
    flow("start");
  }

  /** Ignore files, and repositories that come and go. */
  private void rules() throws IOException, InterruptedException {
    var folder = random.nextInt(3) == 0 ? plain() : "";
    switch (random.nextInt(12)) {
      case 0, 1, 2, 3 -> {
        var lines = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
          lines.append(any(PATTERNS)).append('\n');
        }
        add("ignore", Names.join(folder, ".gitignore"), lines.toString(), 0);
      }
      case 4 -> add("git", folder, "init -q", 0);
      case 5 -> add("unrepo", folder, "", 0);
      case 6 -> {
        add("git", folder, "add -f -A", 0);
        add("git", folder, "commit -q -m x", 0);
      }
      case 7 -> add("git", folder, "add .", 0);
      case 8 ->
          add(
              "git",
              folder,
              "rm -rqf --ignore-unmatch " + any(List.of("*.log*", "a*", "build*", "*1")),
              0);
      case 9 ->
          add(
              "git",
              folder,
              any(
                  List.of(
                      "checkout -qf HEAD~1", "checkout -qf main", "stash -q", "checkout -q -- .")),
              0);
      case 10, 11 -> forced();
      default -> throw new AssertionError();
    }
  }

  /** Git removes what it tracks and what a pattern ignores all the same. */
  private void forced() throws IOException, InterruptedException {
    var pattern = any(List.of("*.log*", "a*", "build*", "*1"));
    add("ignore", ".gitignore", pattern + "\n", 0);
    add("git", "", "init -q", 0);
    add("git", "", "add -f -A", 0);
    add("git", "", "commit -q -m x", 0);
    add(random.nextBoolean() ? "settle" : "pause", "", "", 100);
    add("git", "", "rm -rqf --ignore-unmatch " + pattern, 0);
  }

  /** A folder whose name a command line takes. */
  private String plain() {
    var plain = folders.stream().filter(path -> path.matches("[a-z0-9/]*")).toList();
    return plain.isEmpty() ? "" : any(plain);
  }

  private void change() throws IOException, InterruptedException {
    if (paths.size() > MOST_ENTRIES) {
      add("delete", any(paths), "", 0);
      return;
    }
    var seed = random.nextInt(Integer.MAX_VALUE);
    switch (random.nextInt(26)) {
      case 0, 1, 2 -> add("write", fresh(), "", small(seed));
      case 3 -> add("mkdirs", fresh() + "/x/y", "", 0);
      case 4 -> add("write", file(), "", small(seed));
      case 5 -> add("append", file(), "", small(seed));
      case 6 -> add("truncate", file(), "", seed);
      case 7 -> add("chmod", any(paths), "", mode());
      case 8 -> add("touch", any(paths), "", time());
      case 9 -> add("link", fresh(), target(), 0);
      case 10, 11 -> add("rename", any(paths), fresh(), 0);
      case 12 -> add("rename", any(paths), any(paths), 0);
      case 13, 14 -> add("become", any(paths), any(List.of("file", "folder", "link")), small(seed));
      case 15 -> add("delete", any(paths), "", 0);
      case 16, 17 -> add("secret", file(), "", seed);
      case 18 -> add("copy", file(), fresh(), 0);
      case 19 -> add("replace", file(), "", small(seed));
      case 20 -> add("patch", file(), "", seed);
      case 21 -> add("rename", file(), file(), 0);
      case 22 ->
          add(
              any(List.of("out", "in")),
              any(List.of(any(paths), fresh())),
              "moved" + random.nextInt(3),
              0);
      case 23 -> add("bounce", any(folders), "", random.nextInt(2) * random.nextInt(40));
      case 24 -> drain();
      case 25 -> rare(seed);
      default -> throw new AssertionError();
    }
  }

  /** All that is in a folder moves elsewhere, and the folder goes. */
  private void drain() throws IOException, InterruptedException {
    var folder = any(folders);
    var into = any(folders);
    for (var path : List.copyOf(paths)) {
      if (!folder.isEmpty() && Names.parent(path).equals(folder)) {
        add("rename", path, Names.join(into, path.substring(folder.length() + 1)), 0);
      }
    }
    add("delete", folder.isEmpty() ? "none" : folder, "", 0);
  }

  private void rare(int seed) throws IOException, InterruptedException {
    switch (random.nextInt(5)) {
      case 0 -> add("burst", Names.join(any(folders), "burst"), "", 300 + random.nextInt(500));
      case 1 -> add("lose", "", "", random.nextInt(300));
      case 2 -> { // As fast as can be, one kind after the other.
        var path = fresh();
        for (int i = 0; i < 6; i++) {
          add(
              i == 0 ? "write" : "become",
              path,
              i == 0 ? "" : any(List.of("file", "folder", "link")),
              small(seed + i));
        }
      }
      default -> add("write", fresh(), "", 6 + 7L * (seed % 1000)); // A big one.
    }
  }

  /** A seed of a content that is not one of the big ones. */
  private static long small(int seed) {
    return Math.floorMod(seed, 7) == 6 ? seed + 1L : seed;
  }

  private long mode() {
    return any(
        List.of(0L, 0L, 0400L, 0500L, 0555L, 0600L, 0640L, 0700L, 0755L, 0777L, 0111L, 0222L));
  }

  /** Old, of the future, and times that others have. */
  private long time() {
    return any(
        List.of(0L, 1L, 1_000_000_000L, 1_000_000_000L, 1_700_000_000L, 4_000_000_000L, -5L));
  }

  private String target() {
    return any(
        List.of(
            "no/where",
            ".",
            "..",
            "/",
            any(paths),
            "/etc/passwd",
            "../../outside/file",
            "../../outside/folder",
            "x\u00ff\n",
            fresh()));
  }

  private String file() {
    return files.isEmpty() ? "none" : any(files);
  }

  private String fresh() {
    var byte1 = "" + (char) (1 + random.nextInt(255));
    var name = random.nextInt(8) == 0 && !byte1.equals("/") ? byte1 : any(NAMES);
    var length = random.nextInt(200) == 0 ? 200 : 0;
    return Names.join(any(folders), name + "y".repeat(length) + random.nextInt(10));
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private void add(String verb, String path, String other, long number)
      throws IOException, InterruptedException {
    var op = new Op(ops.size(), verb, path, other, number);
    ops.add(op);
    if (Source.does(op)) {
      source.apply(
          new Op(
              op.id(),
              verb,
              path,
              other,
              verb.equals("lose") || verb.equals("bounce") ? 0 : number));
      look();
    }
  }

  private void look() throws IOException {
    var tree = new TreeMap<String, BasicFileAttributes>();
    Files.walkFileTree(
        source.root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes is) {
            tree.put(Names.of(source.root, path), is);
            return path.endsWith(".git") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes is) {
            tree.put(Names.of(source.root, path), is);
            return FileVisitResult.CONTINUE;
          }
        });
    tree.keySet().removeIf(path -> ("/" + path).matches("(?s).*/(|Anchor|[.]git|burst[0-9]+)"));
    paths = names(tree, is -> true);
    paths = paths.isEmpty() ? List.of("none") : paths;
    files = names(tree, BasicFileAttributes::isRegularFile);
    folders = new ArrayList<>(List.of(""));
    folders.addAll(names(tree, BasicFileAttributes::isDirectory));
  }

  private static List<String> names(
      Map<String, BasicFileAttributes> tree, Predicate<BasicFileAttributes> kind) {
    return tree.entrySet().stream()
        .filter(each -> kind.test(each.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }
}
