package dev.frep;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.eclipse.jgit.errors.ConfigInvalidException;
import org.eclipse.jgit.lib.Config;

/**
 * What counts of a repository beside the files in its work tree: the index, info/exclude and the
 * settings. Reads only; follows worktrees and submodules, whose {@code .git} is a file.
 */
final class GitRepository {
  private static final String SETTINGS =
      "^(core\\.(excludesfile|ignorecase)|extensions\\.objectformat"
          + "|include\\.path|includeif\\..*\\.path)$";
  private static final String[] ELSEWHERE = { // Set in a hook; they speak of another repository.
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_CONFIG"
  };

  /** Nor may it bring what is missing: how, the repository says, and so could run anything. */
  private static final Map<String, String> NO_FETCHING =
      Map.of("GIT_ALLOW_PROTOCOL", "none", "GIT_NO_LAZY_FETCH", "1");

  /** Larger than any file in which Git keeps a setting or two. */
  static final int LONGEST_TEXT = 1 << 20;

  private static final int PATIENCE_SECONDS = 20;
  private static final int KILLED = 128 + 9;

  final Path workTree;
  final GitIndex index;
  final boolean ignoreCase;
  final Path infoExclude;
  final Path excludesFile;

  private final Path gitDir;
  private final Path commonDir;
  private String excludes;
  private String caseless = "false";
  private String objectFormat = "sha1";

  /**
   * Reads it.
   *
   * @param depend is told every file that counts before it is read
   */
  private GitRepository(Path workTree, Path gitDir, UnaryOperator<Path> depend) throws IOException {
    this.workTree = workTree;
    this.gitDir = gitDir;
    commonDir = commonDir(gitDir);
    depend.apply(workTree.resolve(".git"));
    readSettings(depend);
    ignoreCase = List.of("true", "yes", "on", "1").contains(caseless.toLowerCase(Locale.ROOT));
    infoExclude = depend.apply(commonDir.resolve("info/exclude"));
    excludesFile = depend.apply(resolve(workTree, excludes));
    index = readIndex(depend.apply(gitDir.resolve("index")));
  }

  /** The repository whose work tree this folder is the top of; null if it is none's. */
  static GitRepository at(Path folder, UnaryOperator<Path> depend) throws IOException {
    try {
      return find(folder, depend);
    } catch (InvalidPathException nonsense) {
      throw new IOException(folder.resolve(".git") + ": " + nonsense.getReason(), nonsense);
    }
  }

  private static GitRepository find(Path folder, UnaryOperator<Path> depend) throws IOException {
    Path gitDir = folder.resolve(".git");
    if (Files.isRegularFile(gitDir)) {
      String text = text(gitDir);
      if (!text.startsWith("gitdir: ")) {
        return null;
      }
      gitDir = resolve(folder, text.substring("gitdir: ".length()).stripTrailing());
    }
    return isGitDir(gitDir) ? new GitRepository(folder, gitDir, depend) : null;
  }

  /** Whether this is what is otherwise named {@code .git}: there are no ignore rules in it. */
  static boolean isGitDir(Path folder) {
    if (!Files.exists(folder.resolve("HEAD"), LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try {
      Path common = commonDir(folder);
      return Files.isDirectory(common.resolve("objects"))
          && Files.isDirectory(common.resolve("refs"));
    } catch (IOException unreadable) {
      return false;
    }
  }

  private static Path commonDir(Path gitDir) throws IOException {
    Path file = gitDir.resolve("commondir"); // in a worktree's
    return Files.exists(file) ? resolve(gitDir, text(file).stripTrailing()) : gitDir;
  }

  private static String text(Path file) throws IOException {
    return SmallFile.text(file, LONGEST_TEXT);
  }

  private static Path resolve(Path folder, String bytes) {
    return (Names.isAscii(bytes)
            ? folder.resolve(bytes)
            : Names.below(bytes.startsWith("/") ? folder.getRoot() : folder, bytes))
        .normalize();
  }

  private void readSettings(UnaryOperator<Path> depend) throws IOException {
    String told = System.getenv("HOME");
    Path home = Path.of(told == null ? System.getProperty("user.home") : told);
    String xdg = System.getenv("XDG_CONFIG_HOME");
    Path git =
        (xdg == null || xdg.isEmpty() ? home.resolve(".config") : Path.of(xdg)).resolve("git");
    List<Path> files =
        List.of(
            depend.apply(Path.of("/etc/gitconfig")),
            depend.apply(git.resolve("config")),
            depend.apply(home.resolve(".gitconfig")),
            depend.apply(commonDir.resolve("config")),
            depend.apply(gitDir.resolve("config.worktree")));
    for (Path own : files.subList(3, 5)) { // Git would wait for ever for a FIFO to say something.
      if (Files.exists(own) && !Files.isRegularFile(own)) {
        throw new FileSystemException(own.toString(), null, "is not a file");
      }
    }
    excludes = Names.bytes(git.resolve("ignore").toString());
    byte[] settings =
        run("config", "--null", "--show-origin", "--type=path", "--get-regexp", SETTINGS);
    if (settings == null) {
      for (Path file : files) {
        WithoutGit.read(file, home).forEach(this::set);
      }
      return;
    }
    // file:ORIGIN NUL name LF value NUL, again and again
    String[] words = new String(settings, StandardCharsets.ISO_8859_1).split("\0");
    for (int i = 0; i + 1 < words.length; i += 2) {
      String[] setting = words[i + 1].split("\n", 2);
      String value = setting.length < 2 ? "true" : setting[1];
      set(setting[0], value);
      if (setting[0].startsWith("include")) {
        Path origin = resolve(workTree, words[i].replaceFirst("^file:", ""));
        depend.apply(resolve(origin.getParent(), value));
      }
    }
  }

  private void set(String name, String value) {
    switch (name) {
      case "core.excludesfile" -> excludes = value;
      case "core.ignorecase" -> caseless = value;
      case "extensions.objectformat" -> objectFormat = value;
      default -> {} // an include
    }
  }

  private GitIndex readIndex(Path file) throws IOException {
    try {
      return GitIndex.read(file, objectFormat.equals("sha256") ? 32 : 20, ignoreCase);
    } catch (GitIndex.Unsupported special) {
      byte[] listing = run("ls-files", "-z", "--stage");
      if (listing == null) {
        throw special;
      }
      return GitIndex.list(listing, ignoreCase);
    }
  }

  /** What Git prints; null if it is not there or refuses. */
  private byte[] run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    // Said outright, so that Git neither searches nor minds who owns the repository.
    command.addAll(List.of("git", "--git-dir=" + gitDir, "--work-tree=" + workTree));
    command.addAll(List.of("-c", "core.fsmonitor=false")); // Else it runs what that names.
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(workTree.toFile());
    builder.environment().keySet().removeAll(List.of(ELSEWHERE));
    builder.environment().putAll(NO_FETCHING);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process git;
    try {
      git = builder.start();
    } catch (IOException notInstalled) {
      return null;
    }
    git.onExit()
        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .exceptionally(late -> git.destroyForcibly());
    git.getOutputStream().close();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    git.getInputStream().transferTo(printed);
    try {
      int status = git.waitFor();
      if (status == KILLED) {
        throw new IOException("git " + arguments[0] + " does not answer in " + workTree);
      }
      boolean found = status == 0 || status == 1 && printed.size() == 0; // 1: no such setting
      return found ? printed.toByteArray() : null;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      git.destroy();
      return null;
    }
  }

  /** Where there is no Git to ask, JGit reads the settings; includes are not followed. */
  private static final class WithoutGit {
    static Map<String, String> read(Path file, Path home) throws IOException {
      Map<String, String> settings = new HashMap<>();
      if (!Files.isReadable(file)) {
        return settings;
      }
      Config config = new Config();
      try {
        config.fromText(text(file));
      } catch (ConfigInvalidException invalid) {
        throw new IOException(file + ": " + invalid.getMessage(), invalid);
      }
      String excludes = config.getString("core", null, "excludesFile");
      if (excludes != null) {
        settings.put(
            "core.excludesfile",
            excludes.startsWith("~/") ? Names.bytes("" + home) + excludes.substring(1) : excludes);
      }
      if (config.getString("core", null, "ignoreCase") != null) {
        boolean caseless = config.getBoolean("core", "ignoreCase", false);
        settings.put("core.ignorecase", String.valueOf(caseless));
      }
      String format = config.getString("extensions", null, "objectFormat");
      if (format != null) {
        settings.put("extensions.objectformat", format);
      }
      return settings;
    }
  }
}
