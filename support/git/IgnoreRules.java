package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Decides which paths of a source belong to the copy: as Git would, with frep's own patterns over
 * it. The rules are those of the moment of {@link #load}; load them again once they have changed.
 *
 * <p>The first of these that speaks of a path decides, and of patterns in one place the last:
 *
 * <ol>
 *   <li>{@code --exclude} and {@code --include}, relative to the source;
 *   <li>{@code .frepignore} of the folder, then of the folders above it, up to the repository's
 *       top;
 *   <li>{@code .git} is sent only if the user asks for it, and then with everything in it;
 *   <li>what Git tracks is sent, even from an ignored folder;
 *   <li>the rest of an ignored folder is not sent, whatever else matches it;
 *   <li>{@code .gitignore} of the folder, then of the folders above it;
 *   <li>{@code info/exclude}, then {@code core.excludesFile};
 *   <li>{@link #LEFT_OVERS}.
 * </ol>
 *
 * <p>As with Git, no pattern reaches into an ignored folder: to send a file of it, include the
 * folder.
 *
 * <p>A repository inside the source follows its own rules from 4 to 7, as if Git ran in it. Outside
 * a repository only the {@code .gitignore} and {@code .frepignore} files of the source count. With
 * {@code --no-gitignore} only 1 and 2 apply.
 */
final class IgnoreRules {
  /** Files that editors leave behind, or write for a moment while they save. */
  static final List<String> LEFT_OVERS =
      List.of(
          "4913",
          "*~",
          ".*.sw[pxon]",
          ".#*",
          "#*#",
          "*___jb_tmp___",
          "*___jb_old___",
          ".*.kate-swp",
          "*-go-tmp-umask");

  private static final String GIT_FILE = ".gitignore";
  private static final String FREP_FILE = ".frepignore";
  private static final int LARGEST = 1 << 24; // bytes of a rule file that a person has written
  private static final String BYTE_ORDER_MARK = "\u00EF\u00BB\u00BF"; // as three bytes

  /**
   * The rule that decides about a path.
   *
   * @param sent whether the path belongs to the copy
   * @param rule a pattern, or a reason in words
   * @param file the file that holds the pattern, relative to the source or absolute; else empty
   * @param line its line, from 1; else 0
   */
  record Reason(boolean sent, String rule, String file, int line) {
    static final Reason NO_RULE = said(true, "no rule matches it");
    static final Reason TRACKED = said(true, "Git tracks it");
    static final Reason TRACKED_INSIDE = said(true, "Git tracks files in it");
    static final Reason GIT_DIR = said(false, ".git is sent with --git-dir only");
    static final Reason GIT_DIR_ASKED = said(true, ".git is asked for");

    private static Reason said(boolean sent, String words) {
      return new Reason(sent, words, "", 0);
    }

    /** Like {@code git check-ignore -v}: {@code file:line: pattern}. */
    @Override
    public String toString() {
      return file.isEmpty() ? rule : file + ":" + line + ": " + rule;
    }
  }

  /** A pattern, and the reason it gives if it matches. */
  private record Rule(IgnorePattern pattern, Reason reason) {}

  /** The rules of one file, the last line first, over those of lower rank. */
  private static final class Rules {
    private final int base; // length of the path of the folder that the patterns are relative to
    private final Rule[] rules;
    private final Rules lower;
    private final IgnorePattern.Edges edges = new IgnorePattern.Edges();

    Rules(int base, List<Rule> lastFirst, Rules lower) {
      this.base = base;
      this.lower = lower;
      rules = lastFirst.toArray(Rule[]::new);
      for (Rule rule : rules) {
        edges.add(rule.pattern);
      }
    }

    /** Returns the reason of the first rule that matches a child of a folder; null if none does. */
    static Reason find(Rules first, String folder, String name, boolean isFolder) {
      for (Rules rules = first; rules != null; rules = rules.lower) {
        // Most names need no more than this check, which allocates nothing.
        if (rules.edges.allow(folder, rules.base, name)) {
          String path = folder.concat(name);
          for (Rule rule : rules.rules) {
            if (rule.pattern.matches(path, rules.base, folder.length(), isFolder)) {
              return rule.reason;
            }
          }
        }
      }
      return null;
    }
  }

  /** A repository, and the length of the path to its top. */
  private record Repository(int base, GitRepository git) {
    boolean holds(String folder) {
      return git.index().holds(folder.substring(base));
    }

    boolean tracks(String path, boolean isFolder) {
      return git.index().tracks(path.substring(base), isFolder);
    }
  }

  /** The attributes of a file when it was read. */
  private record Stamp(Object modified, long size, Object key) {
    static Optional<Stamp> of(Path file) {
      try {
        var now = Files.readAttributes(file, BasicFileAttributes.class);
        // A folder's own times change with every index.lock in it.
        return now.isDirectory()
            ? Optional.of(new Stamp("folder", 0, now.fileKey()))
            : Optional.of(new Stamp(now.lastModifiedTime(), now.size(), now.fileKey()));
      } catch (IOException none) {
        return Optional.empty();
      }
    }
  }

  private final Function<String, Path> local;
  private final Options.Selection options;
  private final Map<Path, Optional<Stamp>> outside = new ConcurrentHashMap<>();
  private final Map<String, GitRepository> nested = new ConcurrentHashMap<>();
  private final Rules commandLine;
  private final Rules leftOvers;
  private final int prefix; // length of the path from the top of the repository to the source
  private final InFolder root;

  private IgnoreRules(Path source, Function<String, Path> local, Options.Selection options)
      throws IOException {
    this.local = local;
    this.options = options;
    leftOvers =
        options.gitignore() && options.defaultExcludes()
            ? new Rules(0, patterns(LEFT_OVERS, "default excludes: "), null)
            : null;
    Path top = source;
    GitRepository git = null;
    boolean raw = !options.gitignore();
    String path = "";
    while (!raw && top != null && (git = repository(top)) == null) {
      raw = GitRepository.isGitDir(top); // The source is a repository's own folder, or inside one.
      path = top.getParent() == null ? "" : Names.of(top) + "/" + path;
      top = top.getParent();
    }
    prefix = git == null ? 0 : path.length();
    commandLine =
        options.patterns().isEmpty()
            ? null
            : new Rules(prefix, patterns(options.patterns(), "command line: "), null);
    InFolder folder = new InFolder("", null, null, raw ? null : leftOvers, null, raw);
    if (git != null) {
      folder = folder.asTopOf(git);
      for (String name : prefix == 0 ? new String[0] : path.split("/")) {
        folder = folder.withRuleFiles(top, null).enter(name);
        top = Names.in(top, name);
      }
    }
    root = folder.withRuleFiles(source, null);
  }

  /**
   * Finds the repository around the source, if any, and reads the rules.
   *
   * @param source the folder to copy, a real path
   * @param local returns the file of a path of bytes below the source
   */
  static IgnoreRules load(Path source, Function<String, Path> local, Options.Selection options)
      throws IOException {
    return new IgnoreRules(source, local, options);
  }

  /** Returns the rules for the children of the source. */
  InFolder root() {
    return root;
  }

  /**
   * Returns the rule that decides about a path relative to the source, or about a folder above it.
   * For the source itself, "", it tells whether the source is in an ignored folder, of which frep
   * sends only what Git tracks.
   */
  Reason why(String path, boolean isFolder) throws IOException {
    InFolder folder = root;
    int from = 0;
    for (int to; (to = path.indexOf('/', from)) >= 0; from = to + 1) {
      String name = path.substring(from, to);
      Reason reason = folder.decide(name, true);
      if (!reason.sent) {
        return reason;
      }
      folder = folder.child(name);
    }
    if (path.isEmpty()) {
      return root.closed == null ? Reason.NO_RULE : root.closed;
    }
    return folder.decide(path.substring(from), isFolder);
  }

  /** Whether a change at this path of the source may change the rules. */
  boolean isRuleFile(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.equals(FREP_FILE)
        || options.gitignore() && (name.equals(GIT_FILE) || name.equals(".git"));
  }

  /** Returns the files, present or missing, that the rules depend on beside {@link #isRuleFile}. */
  List<Path> outside() {
    return List.copyOf(outside.keySet());
  }

  /** Whether one of {@link #outside} has changed since it was read; compares attributes only. */
  boolean stale() {
    return outside.entrySet().stream().anyMatch(e -> !e.getValue().equals(Stamp.of(e.getKey())));
  }

  private Path depend(Path file) {
    outside.computeIfAbsent(file, Stamp::of);
    return file;
  }

  private GitRepository repository(Path folder) throws IOException {
    return GitRepository.at(folder, this::depend);
  }

  private static List<Rule> patterns(List<String> patterns, String origin) {
    List<Rule> rules = new ArrayList<>();
    for (String text : patterns) {
      IgnorePattern pattern = IgnorePattern.of(text, false);
      rules.add(0, new Rule(pattern, new Reason(pattern.negated, origin + text, "", 0)));
    }
    return rules;
  }

  /** Returns the rules of a file over those of lower rank. */
  private static Rules read(
      Path file, String shown, int base, boolean ignoreCase, Rules lower, LinkOption... follow)
      throws IOException {
    if (!Files.isRegularFile(file, follow)) {
      return lower;
    }
    String text = SmallFile.text(file, LARGEST, follow);
    text = text.startsWith(BYTE_ORDER_MARK) ? text.substring(BYTE_ORDER_MARK.length()) : text;
    List<Rule> rules = new ArrayList<>();
    int line = 0;
    for (String whole : text.split("\n", -1)) {
      line++;
      String pattern = IgnorePattern.ofLine(whole);
      if (pattern != null) {
        IgnorePattern read = IgnorePattern.of(pattern, ignoreCase);
        rules.add(0, new Rule(read, new Reason(read.negated, pattern, shown, line)));
      }
    }
    return rules.isEmpty() ? lower : new Rules(base, rules, lower);
  }

  /** The rules for the children of one folder, of the source or above it in its repository. */
  final class InFolder {
    private final String path; // from the top of the repository or source: "" or "a/b/"
    private final Repository repository; // null if no repository or no tracked file matters
    private final Rules own;
    private final Rules git;
    private final Reason closed; // why only tracked files are sent; null if more is
    private final boolean raw; // Git's rules do not apply

    InFolder(String path, Repository repository, Rules own, Rules git, Reason closed, boolean raw) {
      this.path = path;
      this.repository = repository;
      this.own = own;
      this.git = git;
      this.closed = closed;
      this.raw = raw;
    }

    /** Whether this child belongs to the copy. Do not enter a folder that does not. */
    boolean sends(String name, boolean isFolder) {
      return decide(name, isFolder).sent;
    }

    /** Whether this folder belongs to the copy even without children: not if it is ignored. */
    boolean keepsEmpty() {
      return closed == null;
    }

    private Reason decide(String name, boolean isFolder) {
      Reason own = own(name, isFolder);
      if (own != null && !own.sent) {
        return own;
      }
      if (name.equals(".git")) {
        return options.gitDir() || raw ? Reason.GIT_DIR_ASKED : Reason.GIT_DIR;
      }
      if ((own == null || closed != null)
          && repository != null
          && repository.tracks(path.concat(name), isFolder)) {
        return isFolder ? Reason.TRACKED_INSIDE : Reason.TRACKED;
      }
      return untracked(name, isFolder, own);
    }

    private Reason own(String name, boolean isFolder) {
      boolean above = path.length() < prefix; // The command line speaks of the source only.
      Reason said = above ? null : Rules.find(commandLine, path, name, isFolder);
      return said != null ? said : Rules.find(own, path, name, isFolder);
    }

    private Reason untracked(String name, boolean isFolder, Reason own) {
      if (closed != null || own != null) {
        return closed != null ? closed : own;
      }
      Reason said = Rules.find(git, path, name, isFolder);
      return said == null ? Reason.NO_RULE : said;
    }

    /**
     * Returns the rules inside a child folder.
     *
     * @throws IOException if it is a repository of its own that cannot be read
     */
    InFolder child(String name) throws IOException {
      return child(name, null);
    }

    /** The same with the names of the child's children: saves looking for rule files. */
    InFolder child(String name, Set<String> names) throws IOException {
      InFolder child = enter(name);
      if (names != null
          && !names.contains(".git")
          && !names.contains(GIT_FILE)
          && !names.contains(FREP_FILE)) {
        return child;
      }
      Path folder = local.apply((path + name).substring(prefix));
      boolean within = repository != null && repository.holds(path + name);
      if (!child.raw && !within && (names == null || names.contains(".git"))) {
        GitRepository found = nested.get(child.path);
        if (found == null) {
          found = repository(folder);
        }
        if (found != null) {
          nested.put(child.path, found);
          child = child.asTopOf(found);
        }
      }
      return child.withRuleFiles(folder, names);
    }

    /** Returns the rules of this folder that apply inside a child as well. */
    private InFolder enter(String name) {
      String child = path + name + "/";
      if (raw || name.equals(".git")) {
        return new InFolder(child, null, own, null, closed, true);
      }
      Reason own = own(name, true);
      Reason said = untracked(name, true, own);
      boolean never = own != null && !own.sent; // not even what Git tracks
      return new InFolder(
          child, never ? null : repository, this.own, git, said.sent ? null : said, false);
    }

    /** Returns the rules for this folder as the top of a repository, whatever applies around it. */
    private InFolder asTopOf(GitRepository git) throws IOException {
      int base = path.length();
      Rules rules = leftOvers;
      for (Path file : List.of(git.settings().excludesFile(), git.infoExclude())) {
        rules = read(file, file.toString(), base, git.settings().ignoreCase(), rules);
      }
      return new InFolder(path, new Repository(base, git), own, rules, null, false);
    }

    /** Returns these rules together with those of the folder's own rule files. */
    private InFolder withRuleFiles(Path folder, Set<String> names) throws IOException {
      Rules nowOwn = withRuleFile(FREP_FILE, own, folder, names, false);
      boolean ignoreCase = repository != null && repository.git.settings().ignoreCase();
      Rules nowGit =
          raw || closed != null ? git : withRuleFile(GIT_FILE, git, folder, names, ignoreCase);
      return nowOwn == own && nowGit == git
          ? this
          : new InFolder(path, repository, nowOwn, nowGit, closed, raw);
    }

    private Rules withRuleFile(
        String name, Rules lower, Path folder, Set<String> names, boolean ignoreCase)
        throws IOException {
      if (names != null && !names.contains(name)) {
        return lower;
      }
      Path file = folder.resolve(name);
      boolean above = path.length() < prefix;
      String shown = above ? depend(file).toString() : path.substring(prefix) + name;
      // As Git does, do not follow a symlink.
      return read(file, shown, path.length(), ignoreCase, lower, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
