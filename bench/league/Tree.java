package dev.frep.league;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/** What is below a folder, exactly: kinds, modes, whole seconds, targets of links, contents. */
final class Tree {
  private Tree() {}

  /**
   * A path.
   *
   * @param kind as find prints it: f, d, l or another letter
   * @param content a checksum, or the target of a link
   */
  record Node(char kind, String mode, long seconds, String content) {
    boolean isFolder() {
      return kind == 'd';
    }
  }

  /** Reads a folder; empty if there is none. What vanishes meanwhile is left out. */
  static SortedMap<String, Node> of(Path folder) throws IOException, InterruptedException {
    var words =
        Shell.read(
                folder,
                "",
                "find",
                ".",
                "-path",
                "./.frep-*",
                "-prune",
                "-o",
                "-printf",
                "%P\\0%y %m %Ts\\0%l\\0")
            .split("\0", -1);
    var tree = new TreeMap<String, Node>();
    for (int i = 0; i + 2 < words.length; i += 3) {
      var facts = words[i + 1].split(" ");
      var kind = facts[0].charAt(0);
      var content = kind == 'f' ? sum(Names.at(folder, words[i])) : words[i + 2];
      if (content != null) {
        // A link has no mode; an archive knows no time before 1970.
        var seconds = Math.max(0, Long.parseLong(facts[2]));
        tree.put(words[i], new Node(kind, kind == 'l' ? "" : facts[1], seconds, content));
      }
    }
    return tree;
  }

  /** Returns size and checksum; null if the file is gone. */
  static String sum(Path file) {
    try {
      var bytes = Files.readAllBytes(file);
      var sum = new CRC32C();
      sum.update(bytes);
      return bytes.length + ":" + Long.toHexString(sum.getValue());
    } catch (IOException gone) {
      return null;
    }
  }

  /**
   * Asks Git which paths of a source are sent: what it tracks, what it does not ignore, and folders
   * that it does not ignore. A repository inside follows its own rules.
   */
  static Set<String> sent(Path source, SortedMap<String, Node> tree, Path noRepository)
      throws IOException, InterruptedException {
    if (tree.keySet().stream().noneMatch(Tree::isRule)) {
      return tree.keySet();
    }
    var sent = new TreeSet<String>(Set.of(""));
    ask("", source, tree, noRepository, sent);
    return sent;
  }

  private static boolean isRule(String path) {
    return ("/" + path).endsWith("/.gitignore") || ("/" + path).endsWith("/.git");
  }

  private static void ask(
      String top, Path source, SortedMap<String, Node> tree, Path none, Set<String> sent)
      throws IOException, InterruptedException {
    var isRepository = tree.containsKey(Names.join(top, ".git"));
    var git = new ArrayList<>(List.of("git", "-c", "safe.directory=*"));
    if (!isRepository) {
      git.addAll(List.of("--git-dir=" + none, "--work-tree=."));
    }
    var folder = Names.at(source, top);
    var list = with(git, "ls-files", "-z", "--cached", "--others", "--exclude-standard");
    var inside = new TreeSet<String>();
    for (var name : Shell.read(folder, "", list).split("\0")) {
      var path = Names.join(top, name.replaceFirst("/$", ""));
      if (tree.containsKey(path) && !name.isEmpty()) {
        for (var each = path; !each.isEmpty() && sent.add(each); ) {
          each = Names.parent(each);
        }
        if (tree.get(path).isFolder()) {
          inside.add(path);
          ask(path, source, tree, none, sent);
        }
      }
    }
    var empty = new ArrayList<String>();
    tree.forEach(
        (path, node) -> {
          if (node.isFolder()
              && !sent.contains(path)
              && Names.isBelow(path, top)
              && !("/" + path + "/").contains("/.git/")
              && inside.stream().noneMatch(in -> Names.isBelow(path, in))) {
            empty.add(top.isEmpty() ? path : path.substring(top.length() + 1));
          }
        });
    var ignored = ignored(folder, empty, git);
    empty.removeIf(ignored::contains);
    empty.forEach(path -> sent.add(Names.join(top, path)));
  }

  private static Set<String> ignored(Path folder, List<String> paths, List<String> git)
      throws IOException, InterruptedException {
    if (paths.isEmpty()) {
      return Set.of();
    }
    var stdin = String.join("\0", paths) + "\0";
    return Set.of(
        Shell.read(folder, stdin, with(git, "check-ignore", "-z", "--stdin")).split("\0"));
  }

  private static String[] with(List<String> words, String... more) {
    var all = new ArrayList<>(words);
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /** Runs the commands that the league needs, and reads what they print as bytes. */
  static final class Shell {
    private Shell() {}

    static String read(Path folder, String stdin, String... words)
        throws IOException, InterruptedException {
      if (!Files.isDirectory(folder)) {
        return "";
      }
      var builder = new ProcessBuilder(words).directory(folder.toFile());
      builder.environment().put("LC_ALL", "C");
      var process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (var out = process.getOutputStream()) {
        out.write(stdin.getBytes(ISO_8859_1));
      } catch (IOException ended) {
        // It needs no more.
      }
      try (var in = process.getInputStream()) {
        return new String(in.readAllBytes(), ISO_8859_1);
      } finally {
        process.waitFor();
      }
    }

    /** Runs it to its end, and returns whether it succeeded. */
    static boolean run(String... words) throws IOException, InterruptedException {
      return new ProcessBuilder(words)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    }
  }
}
