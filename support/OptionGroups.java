package dev.frep;

import dev.frep.Options.Connecting;
import dev.frep.Options.Copying;
import dev.frep.Options.Selection;
import dev.frep.Options.Watching;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * The options of frep itself, one class for each group in the help. Picocli fills the fields; each
 * class then hands out its part of {@link Options}. Of an option given twice the later value wins.
 */
final class OptionGroups {
  private OptionGroups() {}

  /**
   * Adds the options of some objects to a command, as one group.
   *
   * @throws IllegalArgumentException if a name is taken; then no option is added
   */
  static void add(CommandSpec command, String heading, Object... holders) {
    List<OptionSpec> options =
        Arrays.stream(holders)
            .flatMap(holder -> CommandSpec.forAnnotatedObject(holder).options().stream())
            .sorted(Comparator.comparingInt(OptionSpec::order)) // Stable: most have none.
            .toList();
    ArgGroupSpec.Builder group =
        ArgGroupSpec.builder()
            .heading("%n" + heading.replace("%", "%%") + ":%n")
            .validate(false)
            .multiplicity("0..1");
    for (OptionSpec option : options) {
      for (String name : option.names()) { // Picocli would notice after it had added some.
        if (command.optionsMap().containsKey(name)) {
          throw new IllegalArgumentException("option " + name + " is taken already");
        }
      }
      group.addArg(option);
    }
    command.addArgGroup(group.build());
  }

  /** Which paths of the source are sent. */
  static final class SelectionOptions {
    private final List<String> patterns = new ArrayList<>();

    @Option(
        names = "--gitignore",
        negatable = true,
        fallbackValue = "true",
        description = "Leave out .git and what Git ignores (default), or send everything.")
    private boolean gitignore = true;

    @Option(names = "--git-dir", description = "Also send .git.")
    private boolean gitDir;

    @Option(
        names = "--no-default-excludes",
        description = {"Also send what editors leave behind:", "${sys:frep.left-overs}"})
    private boolean noDefaultExcludes;

    @Option(
        names = "--exclude",
        order = 1,
        paramLabel = "PATTERN",
        description =
            "Leave out what matches this pattern, written as in .gitignore, relative to SRC_DIR."
                + " Repeatable.")
    private void exclude(String pattern) {
      if (pattern != null) { // That is how picocli begins.
        patterns.add(pattern);
      }
    }

    @Option(
        names = "--include",
        order = 2,
        paramLabel = "PATTERN",
        description =
            "Send matching paths after all. Repeatable; the last matching --include or --exclude"
                + " wins. Both win over .frepignore files, and these over Git's rules.")
    private void include(String pattern) {
      if (pattern != null) {
        patterns.add("!" + pattern);
      }
    }

    Selection selection() {
      return new Selection(gitignore, gitDir, !noDefaultExcludes, List.copyOf(patterns));
    }
  }

  /** How the copy is made, and how its target is reached. */
  static final class CopyOptions {
    @Option(
        names = "--with-initial-replication",
        negatable = true,
        fallbackValue = "true",
        description =
            "Begin with what differs (default); the negated form assumes that the copy is up to"
                + " date.")
    private boolean initial = true;

    @Option(
        names = "--clean-out-first",
        description = "Also remove from the copy everything that the source does not have.")
    private boolean cleanOutFirst;

    @Option(
        names = "--max-delete",
        paramLabel = "N",
        converter = Count.class,
        description =
            "Hold back more than N deletes (default: at the start, more than 100 that are more than"
                + " half of the copy). With --once, stop before the first.")
    private Integer maxDelete;

    @Option(
        names = "--trash",
        description =
            "Keep replaced and deleted files beside the copy, in .frep-trash-NAME, for --undo.")
    private boolean trash;

    @Option(
        names = "--owner",
        paramLabel = "USER[:GROUP]",
        converter = Owner.class,
        description =
            "Owner of everything sent (default: the target's user). Usually needs root at the"
                + " target.")
    private String owner = "";

    @Option(
        names = "--chmod",
        paramLabel = "MODE",
        converter = Mode.class,
        description =
            "Modes of everything sent, as chmod takes them: u=rwX,go=rX. D before a clause limits"
                + " it to folders, F to files; octal modes need one of them: D755,F644.")
    private Chmod chmod = Chmod.NONE;

    @Option(
        names = "--compress",
        negatable = true,
        description = "Always compress, or never (default: on slow links).")
    private Boolean compress;

    @Option(
        names = "--timeout",
        paramLabel = "SECONDS",
        converter = Seconds.class,
        description =
            "Reconnect to a target that has been silent for this many seconds (default: 30).")
    private Duration timeout = Duration.ofSeconds(30);

    @Option(
        names = "--wait",
        paramLabel = "SECONDS",
        converter = Seconds.class,
        description =
            "Wait at most this many seconds for a target that is not up yet (default: until Ctrl-C;"
                + " with --once or --run, not at all).")
    private Duration wait;

    Copying copying() {
      int limit = maxDelete == null ? -1 : maxDelete;
      return new Copying(initial, cleanOutFirst, trash, owner, chmod, limit);
    }

    Connecting connecting() {
      return new Connecting(timeout, wait, compress);
    }
  }

  /** What happens after the first copy. */
  static final class WatchOptions {
    @Option(
        names = "--replicate-on-change",
        negatable = true,
        fallbackValue = "true",
        description = "Send every later change until Ctrl-C (default).")
    private boolean onChange = true;

    @Option(
        names = "--once",
        description = "Same as --no-replicate-on-change: end after the first copy.")
    private boolean once;

    @Option(names = "--heal", description = "Also revert changes that others make in the copy.")
    private boolean heal;

    @Option(
        names = "--exec",
        paramLabel = "COMMAND",
        description = "Run COMMAND in the copy after each batch of changes; runs never overlap.")
    private String exec;

    @Option(
        names = "--exec-local",
        paramLabel = "COMMAND",
        description =
            "Run COMMAND in SRC_DIR after each batch of changes; $$FREP_TARGET names the target.")
    private String execLocal;

    boolean goesOn() {
      return onChange && !once;
    }

    Watching watching() {
      return new Watching(heal, exec, execLocal);
    }
  }

  /** What can be asked for instead of an endless replication: one of these at most. */
  static final class AskOptions {
    /** The options that each ask for something, those of {@link About} too. */
    static final List<String> NAMES =
        List.of(
            "--check",
            "--dry-run",
            "--verify",
            "--why",
            "--run",
            "--undo",
            "--eject",
            "--completion");

    @Option(
        names = "--check",
        description = "Test each target: shell, tar, user, space, round trip, clock.")
    private boolean check;

    @Option(
        names = {"-n", "--dry-run"},
        description = "List what would be sent and deleted, and why; change nothing.")
    private boolean dryRun;

    @Option(
        names = "--verify",
        description = "Compare the contents of source and copy; change nothing.")
    private boolean verify;

    @Option(
        names = "--why",
        paramLabel = "PATH",
        description =
            "Print the rule that decides whether this path of SRC_DIR is sent; exit 0 if it is, 1"
                + " if not.")
    private String why;

    @Option(
        names = "--run",
        paramLabel = "COMMAND",
        description =
            "Bring the copy in step, run COMMAND in it with frep's stdin, stdout and stderr, and"
                + " exit with its exit code.")
    private String run;

    @Option(
        names = "--undo",
        description = "Restore what the last change with --trash replaced or deleted.")
    private boolean undo;

    /** The task that one of the names asks for; replicates if there is none. */
    Task task(List<String> names, boolean watch) {
      return switch (names.isEmpty() ? "" : names.get(0)) {
        case "--check" -> new Task.Check();
        case "--dry-run" -> new Task.DryRun();
        case "--verify" -> new Task.Verify();
        case "--why" -> new Task.Why(why);
        case "--run" -> new Task.Run(run);
        case "--undo" -> new Task.Undo();
        default -> new Task.Replicate(watch);
      };
    }

    boolean runs() {
      return run != null;
    }
  }

  /** What is printed, and how. */
  static final class OutputOptions {
    private Display.Detail detail = Display.Detail.NORMAL;

    @Option(names = "--json", order = 3, description = "Print events as JSON, one a line.")
    private boolean json;

    @Option(
        names = "--debugging",
        order = 4,
        description = "Print all that goes over the link, and stack traces.")
    private boolean debugging;

    @Option(
        names = {"-q", "--quiet"},
        order = 1,
        description = "Print only problems and requested output.")
    private void quiet(boolean given) {
      detail = given ? Display.Detail.QUIET : detail;
    }

    @Option(
        names = {"-v", "--verbose"},
        order = 2,
        description = "Also print each path that is sent or deleted. Of -q and -v the later wins.")
    private void verbose(boolean given) {
      detail = given ? Display.Detail.VERBOSE : detail;
    }

    /** Opens the console; news go to stderr if stdout is the command's. */
    Console open(boolean asJson, boolean aside) {
      return Console.open(detail, json || asJson, debugging, aside);
    }
  }

  // ---- values ----

  /** A number of paths. */
  static final class Count implements CommandLine.ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) number(text, 0, "paths");
    }
  }

  /** A time long enough to wait for something. */
  static final class Seconds implements CommandLine.ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return Duration.ofSeconds(number(text, 1, "seconds"));
    }
  }

  private static long number(String text, int least, String unit) {
    long number = text.matches("[0-9]{1,9}") ? Long.parseLong(text) : -1;
    if (number < least) {
      String more = least == 0 ? "" : ", " + least + " or more";
      throw new TypeConversionException("'" + text + "' is not a number of " + unit + more);
    }
    return number;
  }

  /** Clauses for modes. */
  static final class Mode implements CommandLine.ITypeConverter<Chmod> {
    @Override
    public Chmod convert(String text) {
      try {
        return Chmod.parse(text);
      } catch (IllegalArgumentException wrong) {
        throw new TypeConversionException(
            "'" + wrong.getMessage() + "' is not a mode such as u=rwX,go=rX or D755,F644");
      }
    }
  }

  /** A user and perhaps a group of the target; the receiver checks the form again. */
  static final class Owner implements CommandLine.ITypeConverter<String> {
    private static final String NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";

    @Override
    public String convert(String text) {
      if (text.matches(NAME + "(:" + NAME + ")?")) {
        return text;
      }
      throw new TypeConversionException("'" + text + "' is not USER or USER:GROUP");
    }
  }
}
