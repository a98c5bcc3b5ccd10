package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares what frep sends with what the real Git lists. */
class IgnoreRulesTest {
  private static final Options.Selection GIT_ALONE =
      new Options.Selection(true, false, false, List.of());

  @TempDir Path temporary;
  private Path tree;

  @BeforeEach
  void aTree() throws IOException {
    temporary = temporary.toRealPath();
    tree = Files.createDirectory(temporary.resolve("tree"));
  }

  // As Git would

  @Test
  @DisplayName("sends what git ls-files lists, in hundreds of random repositories")
  void sendsWhatGitLists() throws IOException {
    int count = Integer.getInteger("frep.test.repositories", 300);
    for (int seed = 0; seed < count; seed++) {
      Path folder = temporary.resolve("random" + seed);
      RandomRepository repository = new RandomRepository(seed);
      String below = repository.create(folder, temporary.resolve("excludes" + seed));
      Set<String> expected = new TreeSet<>();
      for (String path : listed(folder)) {
        if (path.startsWith(below)) {
          expected.add(path.substring(below.length()));
        }
      }
      Set<String> sent = sent(Names.below(folder, below), GIT_ALONE);
      assertEquals(lines(expected), lines(sent), "seed " + seed);
      delete(folder);
    }
  }

  @Test
  @DisplayName("matches every row of Git's wildmatch table, as Git itself does")
  void matchesLikeWildmatch() throws IOException {
    git(tree, "init", "-q");
    List<String[]> rows = new ArrayList<>();
    ByteArrayOutputStream asked = new ByteArrayOutputStream();
    StringBuilder expected = new StringBuilder();
    for (String line : Files.readAllLines(data("wildmatch.tsv"))) {
      if (!line.startsWith("#")) {
        rows.add(line.replace("<SP>", " ").split("\t"));
      }
    }
    for (int i = 0; i < rows.size(); i++) {
      String[] row = rows.get(i);
      String text = row[1];
      IgnorePattern pattern = IgnorePattern.of("/" + row[2], false);
      boolean whole = pattern.matches(text, 0, text.lastIndexOf('/') + 1, false);
      assertEquals(row[0].equals("1"), whole, text + " against " + row[2]);
      if (text.contains("//") || text.endsWith("/") || text.equals(".")) {
        continue; // No name of a file.
      }
      write(i + "/.gitignore", "/" + row[2] + "\n");
      asked.writeBytes((i + "/" + text + "\0").getBytes(StandardCharsets.ISO_8859_1));
      boolean any = whole; // Git asks for the folders above, too.
      for (int to = text.indexOf('/'); to >= 0; to = text.indexOf('/', to + 1)) {
        String above = text.substring(0, to);
        any |= pattern.matches(above, 0, above.lastIndexOf('/') + 1, true);
      }
      expected.append(any ? i + "/" + text + "\n" : "");
    }
    String ignored =
        string(
            run(tree, asked.toByteArray(), "git", "check-ignore", "--no-index", "-z", "--stdin"));
    assertEquals(expected.toString(), ignored.replace('\0', '\n'));
    assertTrue(rows.size() > 150);
  }

  @Test
  @DisplayName("sends only what Git tracks of an ignored folder")
  void sendsTheTrackedOfAnIgnoredFolder() throws IOException {
    repository("build/\n", "build/kept", "build/deep/kept", "build/new", "src/a");
    git(tree, "add", "-f", "build/kept", "build/deep/kept");
    assertSent(".gitignore", "build/kept", "build/deep/kept", "src/a");
    assertTrue(IgnoreRules.load(tree, this::local, GIT_ALONE).root().keepsEmpty());
    assertFalse(IgnoreRules.load(tree, this::local, GIT_ALONE).root().child("build").keepsEmpty());
  }

  @Test
  @DisplayName("does not enter an ignored folder in which nothing is tracked")
  void doesNotEnterAnIgnoredFolder() throws IOException {
    repository("node_modules\n", "node_modules/a/b");
    assertFalse(IgnoreRules.load(tree, this::local, GIT_ALONE).root().sends("node_modules", true));
  }

  @Test
  @DisplayName("applies the rules of the folders above the source")
  void countsTheRulesAbove() throws IOException {
    repository("/a/b/*.o\nc\n", "a/b/x.o", "a/b/x", "a/b/d/x.o", "a/b/c", "a/b/t.o");
    write("a/.gitignore", "d\n!/b/d/x.o\n");
    git(tree, "add", "-f", "a/b/t.o");
    Path source = tree.resolve("a/b");
    assertEquals(Set.of("x", "t.o"), sent(source, GIT_ALONE));
    assertEquals(listed(source), sent(source, GIT_ALONE));
    IgnoreRules rules = IgnoreRules.load(source, p -> Names.below(source, p), GIT_ALONE);
    assertEquals(tree + "/.gitignore:1: /a/b/*.o", rules.why("x.o", false).toString());
  }

  @Test
  @DisplayName("sends only what Git tracks of a source in an ignored folder, and says why")
  void saysThatTheSourceIsIgnored() throws IOException {
    repository("out/\n", "out/src/a", "out/src/t");
    git(tree, "add", "-f", "out/src/t");
    Path source = tree.resolve("out/src");
    assertEquals(Set.of("t"), sent(source, GIT_ALONE));
    assertEquals(listed(source), sent(source, GIT_ALONE));
    IgnoreRules rules = IgnoreRules.load(source, p -> Names.below(source, p), GIT_ALONE);
    assertEquals("out/", rules.why("", true).rule());
  }

  @Test
  @DisplayName("reads the .gitignore files of a source that is no repository")
  void needsNoRepository() throws IOException {
    files("a.o", "b/c.o", "b/c", "b/d");
    write(".gitignore", "*.o\n");
    write("b/.gitignore", "!c.o\nd\n");
    assertSent(".gitignore", "b/.gitignore", "b/c.o", "b/c");
  }

  @Test
  @DisplayName("follows a worktree, whose .git is a file")
  void followsAWorktree() throws IOException {
    repository("*.o\n", "a.o", "b");
    write(".git/info/exclude", "secret\n");
    git(tree, "add", "-f", ".");
    commit(tree);
    Path worktree = temporary.resolve("worktree");
    git(tree, "worktree", "add", "-q", worktree.toString());
    Files.createFile(worktree.resolve("secret"));
    Files.createFile(worktree.resolve("new.o"));
    assertEquals(Set.of(".gitignore", "a.o", "b"), sent(worktree, GIT_ALONE));
    assertEquals(listed(worktree), sent(worktree, GIT_ALONE));
  }

  @Test
  @DisplayName("applies their own rules to a submodule and a nested repository")
  void followsRepositoriesInside() throws IOException {
    Path other = Files.createDirectory(temporary.resolve("other"));
    git(other, "init", "-q");
    Files.writeString(other.resolve(".gitignore"), "*.tmp\n");
    Files.writeString(other.resolve("forced.tmp"), "");
    git(other, "add", "-f", ".");
    commit(other);
    repository("*.o\nvendor\n", "x.o");
    git(
        tree,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "-q",
        "add",
        "-f",
        other.toString(),
        "vendor/sub");
    git(tree, "clone", "-q", other.toString(), "inside");
    for (String name : List.of("vendor/sub", "inside")) {
      files(name + "/a.o", name + "/b.tmp");
    }
    write(".git/modules/vendor/sub/info/exclude", "a.o\n");
    assertSent(
        ".gitignore",
        ".gitmodules",
        "inside/.gitignore",
        "inside/a.o",
        "inside/forced.tmp",
        "vendor/sub/.gitignore",
        "vendor/sub/forced.tmp");
    for (String name : List.of("vendor/sub", "inside")) {
      Path source = tree.resolve(name);
      assertEquals(listed(source), sent(source, GIT_ALONE));
    }
  }

  @Test
  @DisplayName("follows core.excludesFile through an include")
  void followsIncludes() throws IOException {
    repository("", "a", "b");
    Path included = temporary.resolve("included");
    Path excludes = temporary.resolve("excludes");
    git(tree, "config", "include.path", included.toString());
    Files.writeString(included, "[core]\n\texcludesFile = " + excludes + "\n");
    Files.writeString(excludes, "a\n");
    assertSent(".gitignore", "b");
    IgnoreRules rules = IgnoreRules.load(tree, this::local, GIT_ALONE);
    assertEquals(excludes + ":1: a", rules.why("a", false).toString());
    assertTrue(rules.outside().containsAll(List.of(included, excludes)));
  }

  @Test
  @DisplayName("does not follow a .gitignore that is a link")
  void doesNotFollowALink() throws IOException {
    repository("", "a");
    Files.delete(tree.resolve(".gitignore"));
    Files.writeString(temporary.resolve("rules"), "a\n");
    Files.createSymbolicLink(tree.resolve(".gitignore"), temporary.resolve("rules"));
    assertSent(".gitignore", "a");
    assertEquals(listed(tree), sent(tree, GIT_ALONE));
  }

  @Test
  @DisplayName("finds no rules inside a .git folder")
  void findsNoRulesInAGitFolder() throws IOException {
    repository("*\n", ".git/x.o", ".git/a/x.o", ".git/.gitignore");
    write(".git/.gitignore", "*\n");
    assertTrue(sent(tree.resolve(".git"), GIT_ALONE).contains("a/x.o"));
    assertTrue(sent(tree.resolve(".git/a"), GIT_ALONE).contains("x.o"));
  }

  // frep's own

  @Test
  @DisplayName("sends .git only if the user asks for it, and then all of it")
  void sendsGitIfAsked() throws IOException {
    repository("*\n", ".git/x.swp", "a");
    assertFalse(sent(tree, GIT_ALONE).contains(".git/HEAD"));
    Set<String> asked = sent(tree, new Options.Selection(true, true, true, List.of()));
    assertTrue(asked.containsAll(Set.of(".git/HEAD", ".git/x.swp")));
    assertFalse(asked.contains("a"));
  }

  @Test
  @DisplayName("applies only frep's own rules with --no-gitignore")
  void sendsEverything() throws IOException {
    repository("*\n", "a", "b~", "c");
    write(".frepignore", "c\n");
    assertTrue(
        sent(tree, new Options.Selection(false, false, true, List.of()))
            .containsAll(Set.of("a", "b~", ".git/HEAD", ".gitignore")));
    assertFalse(sent(tree, new Options.Selection(false, false, true, List.of())).contains("c"));
  }

  @Test
  @DisplayName("puts .frepignore over .gitignore and over what is tracked")
  void ranksFrepignoreHigher() throws IOException {
    repository("*.o\n", "a.o", "b.o", "t", "d/t", "e/a.o");
    write(".frepignore", "!a.o\nt\n/d\n");
    write("e/.frepignore", "a.o\n");
    git(tree, "add", "-f", "t", "d/t");
    assertSent(".gitignore", ".frepignore", "a.o", "e/.frepignore");
  }

  @Test
  @DisplayName("lets the later of --exclude and --include win, over everything else")
  void laterPatternsWin() throws IOException {
    repository("*.o\n", "a.o", "b.o", "c", "d");
    write(".frepignore", "!c\n");
    git(tree, "add", "d");
    assertEquals(
        Set.of(".gitignore", ".frepignore", "a.o"),
        sent(tree, options("b.o", "!*.o", "b.o", "c", "d")));
    assertTrue(sent(tree, options("b.o", "!*.o")).contains("b.o"));
  }

  @Test
  @DisplayName("takes patterns of the command line relative to the source, whatever it is called")
  void patternsAreRelativeToTheSource() throws IOException {
    repository("", "src/src", "src/a/x", "src/b/a/x");
    Path source = tree.resolve("src");
    assertEquals(Set.of("b/a/x"), sent(source, options("src", "/a")));
  }

  @Test
  @DisplayName("leaves editors' left-overs out, unless a pattern or Git's index says otherwise")
  void leavesLeftOversOut() throws IOException {
    repository("!b~\n", "a~", "b~", "c~", "d~", ".x.swp", ".#x", "#x#", "4913", "x___jb_tmp___");
    git(tree, "add", "c~");
    assertEquals(
        Set.of(".gitignore", "b~", "c~", "d~"),
        sent(tree, new Options.Selection(true, false, true, List.of("!d~"))));
    assertEquals(11 - 1, sent(tree, GIT_ALONE).size());
  }

  @Test
  @DisplayName("names the rule that decides: file, line and pattern, or that Git tracks it")
  void saysWhy() throws IOException {
    repository("# comment\n\n*.o\n", "a.o", "t.o", "d/e/f", "g", "x~");
    write("d/.gitignore", "e/  \n");
    git(tree, "add", "-f", "t.o");
    IgnoreRules rules =
        IgnoreRules.load(
            tree, this::local, new Options.Selection(true, false, true, List.of("zz", "!yy")));
    Map<String, String> expected = new HashMap<>();
    expected.put("a.o", "false .gitignore:3: *.o");
    expected.put("t.o", "true Git tracks it");
    expected.put("d/e/f", "false d/.gitignore:1: e/");
    expected.put("g", "true no rule matches it");
    expected.put("x~", "false default excludes: *~");
    expected.put("zz", "false command line: zz");
    expected.put("d/yy", "true command line: !yy");
    expected.put(".git/HEAD", "false .git is sent with --git-dir only");
    for (String path : expected.keySet()) {
      IgnoreRules.Reason why = rules.why(path, false);
      assertEquals(expected.get(path), why.sent() + " " + why, path);
    }
  }

  @Test
  @DisplayName("notices a change of every file that the rules depend on")
  void noticesChanges() throws IOException {
    repository("", "sub/a", "sub/b");
    Path source = tree.resolve("sub");
    List<Path> told = IgnoreRules.load(source, p -> Names.below(source, p), GIT_ALONE).outside();
    for (String name :
        List.of(".gitignore", ".frepignore", ".git/info/exclude", ".git/config", ".git/index")) {
      IgnoreRules rules = IgnoreRules.load(source, p -> Names.below(source, p), GIT_ALONE);
      assertFalse(rules.stale());
      assertTrue(told.contains(tree.resolve(name)), name);
      if (name.endsWith("index")) {
        git(tree, "add", "sub/a");
      } else {
        Files.writeString(tree.resolve(name), "# " + name + "\n");
      }
      assertTrue(rules.stale(), name);
    }
    Path bare = Files.createDirectory(temporary.resolve("bare"));
    IgnoreRules rules = IgnoreRules.load(bare, p -> Names.below(bare, p), GIT_ALONE);
    git(temporary, "init", "-q");
    assertTrue(rules.stale(), "a repository around it");
    assertTrue(rules.isRuleFile("a/.gitignore") && rules.isRuleFile(".frepignore"));
    assertFalse(rules.isRuleFile("a/b.gitignore"));
  }

  private static Options.Selection options(String... patterns) {
    return new Options.Selection(true, false, true, List.of(patterns));
  }

  // Trees

  private Path local(String path) {
    return Names.below(tree, path);
  }

  private void repository(String gitignore, String... files) throws IOException {
    git(tree, "init", "-q");
    write(".gitignore", gitignore);
    files(files);
  }

  private void files(String... files) throws IOException {
    for (String file : files) {
      write(file, "");
    }
  }

  private void write(String file, String text) throws IOException {
    Path path = tree.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void assertSent(String... expected) throws IOException {
    assertEquals(new TreeSet<>(Arrays.asList(expected)), sent(tree, GIT_ALONE));
  }

  /** Walks the source as the scanner does. */
  private static Set<String> sent(Path source, Options.Selection options) throws IOException {
    Set<String> sent = new TreeSet<>();
    IgnoreRules rules = IgnoreRules.load(source, p -> Names.below(source, p), options);
    walk(source, "", rules.root(), sent);
    for (String path : sent) {
      assertTrue(rules.why(path, false).sent(), path);
    }
    return sent;
  }

  private static void walk(Path folder, String prefix, IgnoreRules.InFolder rules, Set<String> sent)
      throws IOException {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
      for (Path child : children) {
        String name = Names.of(child);
        boolean isFolder = Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS);
        if (!rules.sends(name, isFolder)) {
          continue;
        }
        if (isFolder) {
          walk(child, prefix + name + "/", rules.child(name), sent);
        } else {
          sent.add(prefix + name);
        }
      }
    }
  }

  /** Returns the existing files that Git lists. */
  private static Set<String> listed(Path source) throws IOException {
    Set<String> listed = new TreeSet<>();
    byte[] all =
        run(
            source,
            new byte[0],
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard");
    for (String path : string(all).split("\0")) {
      if (!path.isEmpty()) {
        Path file = Names.below(source, path);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
            && !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
          listed.add(path);
        }
      }
    }
    return listed;
  }

  private static String lines(Set<String> paths) {
    StringBuilder lines = new StringBuilder();
    paths.forEach(path -> lines.append(Names.show(path)).append('\n'));
    return lines.toString();
  }

  private static Path data(String name) {
    for (Path folder : List.of(Path.of("tests/data"), Path.of("data"))) {
      if (Files.exists(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    throw new AssertionError("run the tests in the project's folder");
  }

  private static void commit(Path folder) throws IOException {
    git(folder, "-c", "user.name=n", "-c", "user.email=e@e", "commit", "-qm", "all");
  }

  private static void git(Path folder, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    run(folder, new byte[0], command.toArray(String[]::new));
  }

  private static byte[] run(Path folder, byte[] input, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("GIT_"));
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (var out = process.getOutputStream()) {
      out.write(input);
    }
    try (InputStream in = process.getInputStream()) {
      byte[] printed = in.readAllBytes();
      int status = process.waitFor();
      assertTrue(status <= 1, String.join(" ", command) + ": status " + status);
      return printed;
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }

  private static String string(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static void delete(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
        for (Path child : children) {
          delete(child);
        }
      }
    }
    Files.delete(path);
  }

  /** Random files, patterns and index, made of few names so that they meet; a seed repeats them. */
  private static final class RandomRepository {
    private static final String[] NAMES = {
      "a",
      "b",
      "A",
      "ab",
      "foo",
      "bar",
      "foo.o",
      "x.txt",
      "foox",
      "a b",
      "a ",
      " ",
      "*",
      "?",
      "[a]",
      "!a",
      "#a",
      "\\",
      "a\\b",
      "a\\",
      "-",
      "]",
      "^",
      "~",
      "\t",
      "a\nb",
      "a\r",
      "\u00C3\u00A9",
      "\u00E9",
      "\u00FF",
      ".a",
      "..."
    };
    private static final String[] PIECES = {
      "*",
      "**",
      "?",
      "/",
      "**/",
      "/**",
      "/*",
      "[ab]",
      "[!a]",
      "[^a-m]",
      "[a-z]",
      "[[:alpha:]]",
      "[[:space:]]",
      "[![:punct:]]",
      "[[:upper:]b]",
      "[]a]",
      "[\\]a]",
      "[a",
      "[[:no:]]",
      "\\",
      "\\a",
      "\\*",
      "\\!",
      "\\#",
      "\\ ",
      " ",
      "a",
      "b",
      "o",
      ".",
      "x",
      "foo",
      "\u00E9",
      "\u00C3",
      "***",
      "//",
      "\\/",
      "[/]",
      "[A-Z]",
      "-",
      "[Z-a]",
      "[a-",
      "~"
    };

    private final Random random;
    private final List<String> folders = new ArrayList<>(List.of(""));
    private final List<String> files = new ArrayList<>();
    private final Set<String> taken = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

    RandomRepository(int seed) {
      random = new Random(seed);
    }

    /**
     * Creates the repository; returns the path of the source in it: "" or a folder with a slash.
     */
    String create(Path top, Path excludes) throws IOException {
      String format = one(10) ? "sha256" : "sha1";
      git(top.getParent(), "init", "-q", "--template=", "--object-format=" + format, "" + top);
      Files.writeString(
          top.resolve(".git/config"),
          "[core]\n\texcludesFile = " + excludes + "\n\tignoreCase = " + one(8) + "\n",
          java.nio.file.StandardOpenOption.APPEND);
      for (int i = 0; i < 40; i++) {
        plant(top);
      }
      for (String folder : folders) {
        if (folder.isEmpty() || one(4)) {
          Files.write(Names.below(top, folder + ".gitignore"), patterns());
        }
      }
      Files.createDirectories(top.resolve(".git/info"));
      Files.write(top.resolve(".git/info/exclude"), one(2) ? patterns() : new byte[0]);
      Files.write(excludes, one(2) ? patterns() : new byte[0]);
      track(top);
      return one(3) ? folders.get(random.nextInt(folders.size())) : "";
    }

    private void plant(Path top) throws IOException {
      String path = folders.get(random.nextInt(folders.size())) + pick(NAMES);
      Path file = Names.below(top, path);
      if (!taken.add(path)) { // nor in another case: core.ignoreCase would hide one of the two
        return;
      }
      if (one(3)) {
        Files.createDirectory(file);
        folders.add(path + "/");
      } else if (one(10)) {
        Files.createSymbolicLink(file, Path.of(one(2) ? "." : "nowhere"));
        files.add(path);
      } else {
        Files.createFile(file);
        files.add(path);
      }
    }

    private byte[] patterns() {
      StringBuilder text = new StringBuilder(one(10) ? "\u00EF\u00BB\u00BF" : "");
      for (int i = random.nextInt(6); i >= 0; i--) {
        text.append(one(4) ? "!" : "").append(one(5) ? "/" : "");
        if (one(3) && !files.isEmpty()) { // a path or the end of one, to make something match
          String path = files.get(random.nextInt(files.size()));
          text.append(path.substring(one(2) ? path.indexOf('/') + 1 : path.lastIndexOf('/') + 1));
        }
        for (int j = random.nextInt(4); j > 0; j--) {
          text.append(one(3) ? pick(NAMES) : pick(PIECES));
        }
        text.append(one(6) ? "/" : "").append(one(6) ? "  " : "").append(one(8) ? "\r" : "");
        text.append(i == 0 && one(3) ? "" : "\n");
      }
      return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private void track(Path top) throws IOException {
      StringBuilder tracked = new StringBuilder();
      for (String file : files) {
        tracked.append(one(4) ? file + "\0" : "");
      }
      byte[] input = tracked.toString().getBytes(StandardCharsets.ISO_8859_1);
      run(top, input, "git", "update-index", "--add", "-z", "--stdin");
      if (one(8)) {
        git(top, "update-index", "--index-version", "4");
      }
      if (one(8)) {
        git(top, "update-index", "--split-index");
      }
      for (String file : files) {
        if (one(20)) {
          Path path = Names.below(top, file);
          Files.delete(path);
          if (one(2)) {
            Files.createDirectory(path);
            Files.createFile(path.resolve("a"));
          }
        }
      }
    }

    private boolean one(int of) {
      return random.nextInt(of) == 0;
    }

    private String pick(String[] words) {
      return words[random.nextInt(words.length)];
    }
  }
}
