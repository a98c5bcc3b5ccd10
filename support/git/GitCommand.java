package dev.frep;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Asks the installed Git about one repository. The repository cannot make Git run a program. */
record GitCommand(Path gitDir, Path workTree) {
  /** A Git hook that starts frep sets these; they may name another repository. */
  private static final List<String> ELSEWHERE =
      List.of("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_CONFIG");

  /**
   * Forbid lazy fetching: the repository's own config chooses the transport and could run any
   * command.
   */
  private static final Map<String, String> NO_FETCHING =
      Map.of("GIT_ALLOW_PROTOCOL", "none", "GIT_NO_LAZY_FETCH", "1");

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /**
   * Returns the output of {@code git} with these arguments; null if Git is not installed or
   * refuses.
   *
   * @throws IOException if Git does not answer in time
   */
  byte[] ask(String... arguments) throws IOException {
    // Naming the repository keeps Git from searching for one and from checking its owner.
    List<String> command =
        new ArrayList<>(List.of("git", "--git-dir=" + gitDir, "--work-tree=" + workTree));
    command.addAll(List.of("-c", "core.fsmonitor=false")); // Its value could name a program.
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(workTree.toFile());
    builder.environment().keySet().removeAll(ELSEWHERE);
    builder.environment().putAll(NO_FETCHING);
    Processes.Answer answer;
    try {
      answer = Processes.ask(builder, PATIENCE);
    } catch (IOException notInstalled) {
      return null;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return null;
    }
    if (answer == null) {
      throw new IOException("git " + arguments[0] + " does not answer in " + workTree);
    }
    boolean noSuchSetting = answer.exitCode() == 1 && answer.out().length == 0;
    return answer.exitCode() == 0 || noSuchSetting ? answer.out() : null;
  }
}
