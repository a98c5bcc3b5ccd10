package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what is wrong with a command line, and what was probably meant. */
final class Usage {
  static final String HELP = "frep --help lists the options";

  private Usage() {}

  static Failure failure(String message, String hint) {
    return new Failure(Exit.USAGE, message, hint);
  }

  // ---- options ----

  /** Puts what picocli found into our own words. */
  static Failure explain(ParameterException wrong) {
    CommandSpec command = wrong.getCommandLine().getCommandSpec();
    if (wrong instanceof UnmatchedArgumentException unmatched) {
      String word = unmatched.getUnmatched().get(0);
      return failure(
          Names.show(word) + ": unknown option",
          nearest(word, command).map(name -> "did you mean " + name + "?").orElse(HELP));
    }
    ArgSpec about = wrong.getArgSpec();
    if (wrong instanceof MissingParameterException missing && !missing.getMissing().isEmpty()) {
      about = missing.getMissing().get(0);
    }
    if (!(about instanceof OptionSpec option)) {
      return failure(Names.show(wrong.getMessage()), HELP);
    }
    String text =
        wrong instanceof MissingParameterException
            ? option.paramLabel() + " is missing"
            : option.arity().max() == 0
                ? "takes no value"
                : wrong
                    .getMessage()
                    .replaceFirst("(?s)^Invalid value for .*?'[^:]*: ", "")
                    .replaceFirst("expected one of \\[(.*)] .* was (.*)", "$2 is not one of $1");
    return failure(option.longestName() + ": " + Names.show(text), HELP);
  }

  /** The option that a word is most like, if it is like one at all. */
  private static Optional<String> nearest(String word, CommandSpec command) {
    String name = word.replaceFirst("=.*", "");
    int most = Math.max(1, (name.length() - 2) / 3);
    return Stream.of(command.optionsMap(), command.negatedOptionsMap())
        .flatMap(options -> options.keySet().stream())
        .filter(known -> known.length() > 2 && name.length() > 3)
        .filter(known -> known.startsWith(name) || distance(name, known) <= most)
        .min(Comparator.comparingInt(known -> distance(name, known)));
  }

  /** How many letters must be added, removed, replaced or swapped with the next. */
  private static int distance(String a, String b) {
    int[][] steps = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          steps[i][j] = i + j;
          continue;
        }
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int least = Math.min(steps[i - 1][j], steps[i][j - 1]) + 1;
        least = Math.min(least, steps[i - 1][j - 1] + same);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        steps[i][j] = swapped ? Math.min(least, steps[i - 2][j - 2] + 1) : least;
      }
    }
    return steps[a.length()][b.length()];
  }

  // ---- SRC_DIR ----

  /**
   * The real path of SRC_DIR.
   *
   * @throws Failure unless it is a folder that can be read and that has a name
   */
  static Path source(String given, String destination) throws Failure {
    if (given.isEmpty()) { // It would be the working folder.
      throw new Failure(Exit.SOURCE, "SRC_DIR: empty", "is a variable not set?");
    }
    Path path = Names.path(given);
    String shown = Names.show(given);
    Path folder;
    try {
      folder = path.toRealPath();
    } catch (IOException missing) {
      throw new Failure(
          Exit.SOURCE, shown + ": no such folder", hintForMissing(given, destination));
    }
    if (!Files.isDirectory(folder)) {
      throw new Failure(
          Exit.SOURCE,
          shown + ": not a folder",
          "give the folder that it is in: " + Names.show(Names.ofAll(folder.getParent())));
    }
    if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
      throw new Failure(
          Exit.SOURCE, shown + ": permission denied", "ls -ld " + Names.show(Text.quote(given)));
    }
    if (path.normalize().getFileName() == null || folder.getNameCount() == 0) {
      throw new Failure(Exit.SOURCE, "/: the copy would have no name", "choose a folder below it");
    }
    return folder;
  }

  private static String hintForMissing(String given, String destination) {
    if (given.startsWith("~")) {
      return "the shell expands ~ only if it is not quoted";
    } else if (given.startsWith("/") // As DEST_PARENT_DIR must.
        && destination != null
        && Files.isDirectory(Names.path(destination))) {
      return "SRC_DIR comes first: frep " + Names.show(destination + " " + given);
    }
    return "SRC_DIR is a folder of this machine; the current one is "
        + Names.show(Names.ofAll(Path.of("").toAbsolutePath()));
  }

  // ---- DEST_PARENT_DIR ----

  /**
   * DEST_PARENT_DIR without the slashes and dots that mean nothing.
   *
   * @throws Failure unless it is an absolute path
   */
  static String destination(String given) throws Failure {
    if (given.startsWith("/")) {
      return given
          .replaceAll("(/\\.)+(?=/|$)", "")
          .replaceAll("/+", "/")
          .replaceAll("(?<=.)/$", "");
    }
    if (given.isEmpty()) {
      throw failure("DEST_PARENT_DIR: empty", "is a variable not set?");
    }
    String shown = Names.show(given);
    throw failure(shown + ": DEST_PARENT_DIR must be absolute", hintForRelative(shown));
  }

  private static String hintForRelative(String given) {
    if (given.startsWith("~")) {
      return "~ has no meaning at the target: write the whole path, for example /home/me/code";
    } else if (given.matches("[^/:]{2,}:/.*")) { // As scp takes it.
      String[] hostAndPath = given.split(":", 2);
      return "name the host with an option: " + hostAndPath[1] + " --ssh " + hostAndPath[0];
    }
    return "write it as the target sees it, for example /home/code";
  }

  // ---- patterns ----

  /**
   * Refuses a pattern that is a path of this machine: it would match nothing, and send what was to
   * be left out.
   *
   * @param source the real path of SRC_DIR
   */
  static void refusePath(String pattern, Path source) throws Failure {
    boolean include = pattern.startsWith("!");
    String given = include ? pattern.substring(1) : pattern;
    boolean dotted = given.matches("(?s)\\.\\.?/.*");
    Path path = real(Names.path(given).normalize());
    if (dotted && !path.startsWith(source)) {
      path = Names.below(source, given).normalize();
    }
    boolean meant = dotted || given.startsWith("/") || given.contains("/") && Files.exists(path);
    boolean there = !dotted && Files.exists(Names.below(source, given));
    if (!meant || there || !path.startsWith(source) || path.equals(source)) {
      return;
    }
    String right = Names.show("/" + Names.ofAll(source.relativize(path)));
    String option = include ? "--include" : "--exclude";
    throw failure(
        option + ": '" + Names.show(given) + "' matches nothing: patterns are relative to SRC_DIR",
        option + " " + right + (given.endsWith("/") ? "/" : ""));
  }

  /** A path whose parent is real; the last name may be a pattern. */
  private static Path real(Path path) {
    try {
      return path.getParent() == null
          ? path
          : path.getParent().toRealPath().resolve(path.getFileName());
    } catch (IOException noFolder) {
      return path;
    }
  }

  // ---- targets ----

  /** For two routes to one target: two senders would take the copy over from each other. */
  static Failure twice(String one, String other) {
    return failure(
        one + (one.equals(other) ? "" : " and " + other) + ": the same target twice",
        "name it once");
  }

  /** Refuses a command that begins with an option. */
  static void refuseOption(List<String> command) throws Failure {
    if (!command.isEmpty() && command.get(0).startsWith("-")) {
      throw failure(
          Names.show(command.get(0)) + ": an option cannot begin COMMAND",
          "put the options before --, or before SRC_DIR");
    }
  }
}
