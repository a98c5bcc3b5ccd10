package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Tells when Git is in the middle of changing the source, so that its changes can go as one. */
final class GitPause {
  /**
   * A rebase that waits for its user touches none of its files; one that runs does all the time.
   */
  private static final long STEP_MILLIS = 500;

  private final Path git;
  private boolean paused;

  private GitPause(Path git) {
    this.git = git;
  }

  /** Of the repository that the source is in; if there is none, never busy. */
  static GitPause of(Path source) {
    for (Path folder = source; folder != null; folder = folder.getParent()) {
      Path git = folder.resolve(".git");
      if (Files.isDirectory(git)) {
        return new GitPause(git);
      }
      if (Files.isRegularFile(git)) {
        return new GitPause(linked(folder, git));
      }
    }
    return new GitPause(null);
  }

  /** Where a worktree's or a submodule's .git file points to. */
  private static Path linked(Path folder, Path file) {
    try {
      String text = SmallFile.text(file, GitSettings.LONGEST_TEXT).strip();
      return text.startsWith("gitdir: ") ? folder.resolve(text.substring(8)) : null;
    } catch (IOException | RuntimeException unreadable) {
      return null;
    }
  }

  boolean busy() {
    boolean now = git != null && works();
    paused |= now;
    return now;
  }

  /** Whether it was busy since this was asked last. */
  boolean hasPaused() {
    boolean was = paused;
    paused = false;
    return was;
  }

  private boolean works() {
    if (Files.exists(git.resolve("index.lock"))) {
      return true;
    }
    for (String folder : List.of("rebase-merge", "rebase-apply", "sequencer")) {
      try {
        long touched = Files.getLastModifiedTime(git.resolve(folder)).toMillis();
        if (System.currentTimeMillis() - touched < STEP_MILLIS) {
          return true;
        }
      } catch (IOException none) {
        // No such thing goes on.
      }
    }
    return false;
  }
}
