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
 * Which paths of a source belong to the copy: Git's answer, frep's own patterns over it. One scan's
 * view: where the rules have changed, load them anew.
 *
 * <p>The first of these that says something decides, and of patterns in one place the last:
 *
 * <ol>
 *   <li>{@code --exclude} and {@code --include}, relative to the source;
 *   <li>{@code .frepignore} of the folder, then of those above it, to the top of the repository;
 *   <li>{@code .git}: sent only if asked for, and then with all that is in it;
 *   <li>what Git tracks is sent, even from an ignored folder;
 *   <li>what is in an ignored folder is not, whatever else matches it;
 *   <li>{@code .gitignore} of the folder, then of those above it;
 *   <li>{@code info/exclude}, then {@code core.excludesFile};
 *   <li>{@link #LEFT_OVERS}.
 * </ol>
 *
 * <p>As with Git, nothing reaches into an ignored folder: to send a file of it, include the folder.
 *
 * <p>A repository inside the source follows its own rules from 4 to 7, as Git run in it would say;
 * outside a repository only {@code .gitignore} and {@code .frepignore} files from the source
 * downwards count. Without {@code --gitignore} 3 to 8 are void: only frep's own patterns leave
 * something out.
 */
final class IgnoreRules {
  /** What editors leave behind, or write for a moment while they save. */
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
  private static final int MOST = 1 << 24; // bytes of a rule file; a person has written it
  private static final String BYTE_ORDER_MARK = "\u00EF\u00BB\u00BF"; // as three bytes

  /**
   * What decides for a path.
   *
   * @param sent whether the path belongs to the copy
   * @param rule a pattern, or the reason in words
   * @param file where the pattern is written, relative to the source or absolute; else empty
   * @param line its line, from 1; else 0
   */
  record Reason(boolean sent, String rule, String file, int line) {
    static final Reason NO_RULE = said(true, "no rule speaks of it");
    static final Reason TRACKED = said(true, "Git tracks it");
    static final Reason TRACKED_INSIDE = said(true, "Git tracks files in it");
    static final Reason GIT_DIR = said(false, ".git is sent with --git-dir only");
    static final Reason GIT_DIR_ASKED = said(true, ".git is asked for");

    private static Reason said(boolean sent, String words) {
      return new Reason(sent, words, "", 0);
    }

    /** As {@code git check-ignore -v} has it: {@code file:line: pattern}. */
    @Override
    public String toString() {
      return file.isEmpty() ? rule : file + ":" + line + ": " + rule;
    }
  }

  /** The rules inside one folder of the source. */
  interface InFolder {
    /** Whether that child belongs to the copy; a folder that does not is not even entered. */
    boolean sends(String name, boolean isFolder);

    /** Whether this folder belongs to the copy even if nothing in it does: not if it is ignored. */
    boolean keepsEmpty();

    /**
     * The rules inside that child folder.
     *
     * @throws IOException if it is a repository of its own that cannot be read
     */
    InFolder child(String name) throws IOException;

    /** The same, where it is known which names are in it: saves looking for rule files. */
    InFolder child(String name, Set<String> names) throws IOException;
  }

  /** A pattern and what it is to say if it matches. */
  private record Rule(IgnorePattern pattern, Reason reason) {}

  /** The rules of one file, last first, and then those of lower rank. */
  private record Rules(int base, List<Rule> rules, Rules lower) {
    static Reason find(Rules first, String path, int name, boolean isFolder) {
      for (Rules rules = first; rules != null; rules = rules.lower) {
        for (Rule rule : rules.rules) {
          if (rule.pattern.matches(path, rules.base, name, isFolder)) {
            return rule.reason;
          }
        }
      }
      return null;
    }
  }

  /** A repository, and how much of a path leads to its top. */
  private record Repository(int base, GitRepository git) {
    boolean holds(String folder) {
      return git.index.holds(folder.substring(base));
    }

    boolean tracks(String path, boolean isFolder) {
      return git.index.tracks(path.substring(base), isFolder);
    }
  }

  /** What a file looked like when it was read. */
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
  private final Inside root;

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
      raw = GitRepository.isGitDir(top); // or something in one: no rules there
      path = top.getParent() == null ? "" : Names.of(top) + "/" + path;
      top = top.getParent();
    }
    prefix = git == null ? 0 : path.length();
    commandLine = new Rules(prefix, patterns(options.patterns(), "command line: "), null);
    Inside folder = new Inside("", null, null, raw ? null : leftOvers, null, raw);
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
   * Finds the repository that the source is in, if any, and reads what counts of it.
   *
   * @param source the folder to copy, a real path
   * @param local opens a path of bytes below the source
   */
  static IgnoreRules load(Path source, Function<String, Path> local, Options.Selection options)
      throws IOException {
    return new IgnoreRules(source, local, options);
  }

  /** The rules inside the source itself. */
  InFolder root() {
    return root;
  }

  /**
   * What decides for a path relative to the source, its folders included; of the source itself ("")
   * whether an ignored folder holds it, so that only what Git tracks is sent.
   */
  Reason why(String path, boolean isFolder) throws IOException {
    Inside folder = root;
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

  /** Whether a change of that path of the source changes the rules. */
  boolean isRuleFile(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.equals(FREP_FILE)
        || options.gitignore() && (name.equals(GIT_FILE) || name.equals(".git"));
  }

  /** The files, there or not, on which the rules depend and which are not {@link #isRuleFile}. */
  List<Path> outside() {
    return List.copyOf(outside.keySet());
  }

  /** Whether one of {@link #outside} has changed since; asks for their times only. */
  boolean stale() {
    return outside.entrySet().stream().anyMatch(e -> !e.getValue().equals(Stamp.of(e.getKey())));
  }

  private Path depend(Path file) {
    outside.computeIfAbsent(file, Stamp::of);
    return file;
  }

  private GitRepository repository(Path folder) throws IOException {
    depend(folder.resolve(".git"));
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

  /** The rules of a file over those of lower rank. */
  private static Rules read(
      Path file, String shown, int base, boolean ignoreCase, Rules lower, LinkOption... follow)
      throws IOException {
    if (!Files.isRegularFile(file, follow)) {
      return lower;
    }
    String text = SmallFile.text(file, MOST, follow);
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

  /** A folder of the source, or above it up to the top of its repository. */
  private final class Inside implements InFolder {
    private final String path; // from the top: "" or "a/b/"
    private final Repository repository; // null where there is none, or nothing of it is sent
    private final Rules own;
    private final Rules git;
    private final Reason closed; // why nothing is sent but what Git tracks; else null
    private final boolean raw; // Git's rules are void

    Inside(String path, Repository repository, Rules own, Rules git, Reason closed, boolean raw) {
      this.path = path;
      this.repository = repository;
      this.own = own;
      this.git = git;
      this.closed = closed;
      this.raw = raw;
    }

    @Override
    public boolean sends(String name, boolean isFolder) {
      return decide(name, isFolder).sent;
    }

    @Override
    public boolean keepsEmpty() {
      return closed == null;
    }

    Reason decide(String name, boolean isFolder) {
      String child = path.concat(name); // Without a builder: it is done for each path.
      Reason own = own(child, isFolder);
      if (own != null && !own.sent) {
        return own;
      }
      if (name.equals(".git")) {
        return options.gitDir() || raw ? Reason.GIT_DIR_ASKED : Reason.GIT_DIR;
      }
      boolean tracked = repository != null && repository.tracks(child, isFolder);
      if (tracked && (own == null || closed != null)) {
        return isFolder ? Reason.TRACKED_INSIDE : Reason.TRACKED;
      }
      return untracked(child, isFolder, own);
    }

    private Reason own(String child, boolean isFolder) {
      boolean above = path.length() < prefix; // where the command line does not speak of
      Reason said = above ? null : Rules.find(commandLine, child, path.length(), isFolder);
      return said != null ? said : Rules.find(own, child, path.length(), isFolder);
    }

    private Reason untracked(String child, boolean isFolder, Reason own) {
      if (closed != null || own != null) {
        return closed != null ? closed : own;
      }
      Reason said = Rules.find(git, child, path.length(), isFolder);
      return said == null ? Reason.NO_RULE : said;
    }

    @Override
    public InFolder child(String name, Set<String> names) throws IOException {
      Path folder = local.apply((path + name).substring(prefix));
      Inside child = enter(name);
      boolean within = repository != null && repository.holds(path + name);
      if (!child.raw && !within && (names == null || names.contains(".git"))) {
        GitRepository found = nested.get(child.path);
        if (found == null) {
          found = GitRepository.at(folder, IgnoreRules.this::depend);
        }
        if (found != null) {
          nested.put(child.path, found);
          child = child.asTopOf(found);
        }
      }
      return child.withRuleFiles(folder, names);
    }

    @Override
    public Inside child(String name) throws IOException {
      return (Inside) child(name, null);
    }

    /** What of the rules here counts inside a child. */
    Inside enter(String name) {
      String child = path + name;
      if (raw || name.equals(".git")) {
        return new Inside(child + "/", null, own, null, closed, true);
      }
      Reason own = own(child, true);
      Reason said = untracked(child, true, own);
      boolean never = own != null && !own.sent; // not even what is tracked
      return new Inside(
          child + "/", never ? null : repository, this.own, git, said.sent ? null : said, false);
    }

    /** The same folder with a repository of its own, whatever that around it says. */
    Inside asTopOf(GitRepository git) throws IOException {
      int base = path.length();
      Rules rules = leftOvers;
      for (Path file : List.of(git.excludesFile, git.infoExclude)) {
        rules = read(file, file.toString(), base, git.ignoreCase, rules);
      }
      return new Inside(path, new Repository(base, git), own, rules, null, false);
    }

    /** The same folder with what is written in its own rule files. */
    Inside withRuleFiles(Path folder, Set<String> names) throws IOException {
      Rules nowOwn = withRuleFile(FREP_FILE, own, folder, names, false);
      boolean ignoreCase = repository != null && repository.git.ignoreCase;
      Rules nowGit =
          raw || closed != null ? git : withRuleFile(GIT_FILE, git, folder, names, ignoreCase);
      return nowOwn == own && nowGit == git
          ? this
          : new Inside(path, repository, nowOwn, nowGit, closed, raw);
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
      // Git does not follow a link here.
      return read(file, shown, path.length(), ignoreCase, lower, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
