package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The parts of a repository outside its work tree that decide what Git ignores.
 *
 * <p>frep only reads them. The {@code .git} of a worktree or submodule is a file that names the
 * repository's folder.
 *
 * @param infoExclude the file info/exclude, which may be missing
 */
record GitRepository(GitSettings settings, Path infoExclude, GitIndex index) {
  private static final String POINTER = "gitdir: ";

  /**
   * Returns the repository whose work tree has this folder as its top; null if there is none.
   *
   * @param depend receives every file that counts before the file is read
   */
  static GitRepository at(Path folder, UnaryOperator<Path> depend) throws IOException {
    try {
      depend.apply(folder.resolve(".git"));
      Path gitDir = gitDir(folder);
      return gitDir != null && isGitDir(gitDir) ? read(folder, gitDir, depend) : null;
    } catch (InvalidPathException nonsense) {
      throw new IOException(folder.resolve(".git") + ": " + nonsense.getReason(), nonsense);
    }
  }

  /** Returns the folder that {@code .git} in this folder is or names; null if there is none. */
  static Path gitDir(Path folder) throws IOException {
    Path git = folder.resolve(".git");
    if (!Files.isRegularFile(git)) {
      return Files.isDirectory(git) ? git : null;
    }
    String text = text(git);
    return text.startsWith(POINTER) ? named(folder, text.substring(POINTER.length())) : null;
  }

  private static GitRepository read(Path workTree, Path gitDir, UnaryOperator<Path> depend)
      throws IOException {
    Path commonDir = commonDir(gitDir);
    GitCommand git = new GitCommand(gitDir, workTree);
    GitSettings settings = GitSettings.read(git, commonDir, depend);
    Path infoExclude = depend.apply(commonDir.resolve("info/exclude"));
    Path file = depend.apply(gitDir.resolve("index"));
    try {
      GitIndex index = GitIndex.read(file, settings.hashSize(), settings.ignoreCase());
      return new GitRepository(settings, infoExclude, index);
    } catch (GitIndex.Unsupported special) {
      byte[] listing = git.ask("ls-files", "-z", "--stage");
      if (listing == null) {
        throw special;
      }
      GitIndex index = GitIndex.list(listing, settings.ignoreCase());
      return new GitRepository(settings, infoExclude, index);
    }
  }

  /**
   * Whether this folder is a repository's own, usually named {@code .git}: no rules apply in it.
   */
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

  /** Returns where the worktrees of a repository keep what they share. */
  private static Path commonDir(Path gitDir) throws IOException {
    Path file = gitDir.resolve("commondir");
    return Files.exists(file) ? named(gitDir, text(file)) : gitDir;
  }

  private static Path named(Path folder, String line) {
    return GitSettings.resolve(folder, line.stripTrailing());
  }

  private static String text(Path file) throws IOException {
    return SmallFile.text(file, GitSettings.LONGEST_TEXT);
  }
}
