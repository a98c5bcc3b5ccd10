package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Stack;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command line: what can be asked for, checked once and handed on as {@link Options}. */
@Command(
    name = "frep",
    sortOptions = false,
    mixinStandardHelpOptions = false,
    versionProvider = About.Version.class,
    description = {
      "Makes DEST_PARENT_DIR/basename(SRC_DIR) at each target a copy of SRC_DIR and keeps it one,"
          + " one way, until Ctrl-C. A target is named by an option such as --docker NAME, or is"
          + " where COMMAND gives a shell that reads commands on its stdin; a shell and a tar are"
          + " all that is needed there.",
      ""
    },
    customSynopsis = "frep [OPTIONS] SRC_DIR DEST_PARENT_DIR [TARGET...] [[--] COMMAND...]",
    footer = {
      "",
      "Examples:",
      "  frep ./proj /home/code --docker web",
      "  frep ./proj /home/code --ssh gpu --kubectl deploy/web --namespace test",
      "  frep ./proj /home/code -- ssh -p 2222 my.host bash"
    },
    exitCodeListHeading = "%nExit codes:%n")
final class Arguments implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      arity = "0..1",
      hideParamSyntax = true,
      paramLabel = "SRC_DIR",
      description = "An existing folder.")
  private String source;

  @Parameters(
      index = "1",
      arity = "0..1",
      hideParamSyntax = true,
      paramLabel = "DEST_PARENT_DIR",
      description = "An absolute path at the target; the copy is made in it.")
  private String destination;

  @Parameters(
      index = "2..*",
      paramLabel = "COMMAND",
      arity = "0..*",
      parameterConsumer = Rest.class,
      description = "Gives a running shell, for example: ssh host bash")
  private List<String> command = new ArrayList<>();

  @Option(
      names = "--clean-out-first",
      description = "Remove from the destination what the source does not have.")
  private boolean cleanOutFirst;

  @Option(
      names = "--with-initial-replication",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Copy what differs at the start (default), or assume the copy is up to date.")
  private boolean withInitialReplication;

  @Option(
      names = "--replicate-on-change",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Go on with every change until Ctrl-C (default), or end after the first copy.")
  private boolean replicateOnChange;

  @Option(names = "--once", description = "The same as --no-replicate-on-change.")
  private boolean once;

  @Option(
      names = "--gitignore",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Leave out what Git would ignore, and .git (default), or send everything.")
  private boolean gitignore;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description =
          "A target that is silent for so long is given up, and connected again"
              + " (${DEFAULT-VALUE}).")
  private int timeout;

  @Option(
      names = "--compress",
      negatable = true,
      description =
          "Compress what is sent, or never; without it: if the link is slow enough to gain by it.")
  private Boolean compress;

  @Option(
      names = "--verify",
      description = "Compare contents with the copy, list what differs, change nothing there.")
  private boolean verify;

  @Option(
      names = "--trash",
      description = "Keep what is replaced or deleted in a folder beside the copy, for --undo.")
  private boolean trash;

  @Option(
      names = "--undo",
      description = "Put back what the last change with --trash replaced or deleted, and end.")
  private boolean undo;

  @Option(
      names = "--owner",
      paramLabel = "USER[:GROUP]",
      description = "Whom what is sent belongs to there; as a rule only root can give it away.")
  private String owner;

  @Option(
      names = "--chmod",
      paramLabel = "MODE",
      description =
          "Modes of what is sent: clauses as chmod has them, u=rwX,go=rX, for folders alone with a"
              + " D before them, for files with an F; octal as D755,F644.")
  private String chmod;

  @Option(
      names = "--check",
      description = "See if each target can be reached and used, print what is found, and end.")
  private boolean check;

  @Option(
      names = "--dry-run",
      description = "Print what would be sent and deleted, and why; change nothing there.")
  private boolean dryRun;

  @Option(
      names = "--run",
      paramLabel = "COMMAND",
      description =
          "Replicate once, then run COMMAND in the copy, with our input and output, and exit with"
              + " its exit code.")
  private String run;

  @Option(
      names = "--exec",
      paramLabel = "COMMAND",
      description =
          "Run COMMAND in the copy whenever something new has arrived there; never two at once.")
  private String exec;

  @Option(
      names = "--exec-local",
      paramLabel = "COMMAND",
      description =
          "Run COMMAND in SRC_DIR whenever a target, $$FREP_TARGET, has got something new.")
  private String execLocal;

  @Option(
      names = "--heal",
      description = "While watching, also put right what others change in the copy.")
  private boolean heal;

  @Option(
      names = "--max-delete",
      paramLabel = "N",
      description =
          "Stop before more than N deletes at once; without it, before more than 100 that are more"
              + " than half of the copy.")
  private Integer maxDelete;

  @Option(names = "--git-dir", description = "Send .git as well.")
  private boolean gitDir;

  @Option(
      names = "--exclude",
      paramLabel = "PATTERN",
      parameterConsumer = Patterns.class,
      description = "Leave out what matches, as a line of .gitignore would. Repeatable.")
  private List<String> patterns = new ArrayList<>();

  @Option(
      names = "--include",
      paramLabel = "PATTERN",
      parameterConsumer = Patterns.class,
      description =
          "Send what matches all the same. Repeatable; of these two the later one wins, both win"
              + " over .frepignore files, and those over Git's rules.")
  private List<String> included;

  @Option(
      names = "--no-default-excludes",
      description = "Send what editors leave behind, too: ${sys:frep.left-overs}")
  private boolean noDefaultExcludes;

  @Option(
      names = "--why",
      paramLabel = "PATH",
      description =
          "Print what decides if that path of SRC_DIR is sent; exit 0 if it is, 1 if not.")
  private String why;

  @Option(names = "--quiet", description = "Tell of problems alone, besides what was asked for.")
  private boolean quiet;

  @Option(names = "--verbose", description = "Tell each path that was sent or deleted, too.")
  private boolean verbose;

  @Option(
      names = "--json",
      description = "Tell what happens as JSON, an object a line: for editors and scripts.")
  private boolean json;

  @Option(names = "--debugging", description = "Tell what goes over the link, and stack traces.")
  private boolean debugging;

  @Mixin private About about;

  private final Action action;
  private List<Transport> transports;
  private Console console;

  /** What frep does with what was asked for. */
  interface Action {
    /** Returns the exit code of the program. */
    int run(Options options, List<Route> routes, Console console) throws Exception;
  }

  private Arguments(Action action) {
    this.action = action;
  }

  /**
   * Reads the command line and has it carried out; returns the exit code.
   *
   * @param arguments as bytes, see {@link Names#arguments}
   */
  static int execute(List<String> arguments, Action action) {
    System.setProperty("frep.left-overs", String.join(" ", IgnoreRules.LEFT_OVERS));
    Arguments self = new Arguments(action);
    CommandLine line = new CommandLine(self).setExpandAtFiles(false);
    line.getCommandSpec().usageMessage().exitCodeList(Exit.list());
    List<String> broken = new ArrayList<>();
    self.transports = Transports.addTo(line.getCommandSpec(), broken::add);
    line.setExecutionStrategy(
        parsed -> {
          broken.forEach(self::reportBroken);
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setParameterExceptionHandler(
        (wrong, given) -> {
          self.json |= arguments.contains("--json"); // It may stand behind what is wrong.
          broken.forEach(self::reportBroken);
          self.console().error(wrong.getMessage(), "frep --help lists the options");
          return Exit.USAGE.code;
        });
    line.setExecutionExceptionHandler(
        (fault, cli, parsed) -> {
          Console console = self.console();
          console.debug(fault);
          if (fault instanceof Failure failure) {
            console.error(failure.getMessage(), failure.hint);
            return failure.exit.code;
          }
          if (fault instanceof IOException trouble) {
            console.error(Failure.trouble(trouble), hint(trouble));
            return Exit.SOURCE.code;
          }
          console.error(
              "this is a defect of frep", "run it with --debugging, and report what it says");
          return Exit.INTERNAL.code;
        });
    int code = line.execute(arguments.toArray(String[]::new));
    if (self.console != null) {
      self.console.tell(new Event.Stopped(code));
      self.console.close();
    }
    return code;
  }

  /** As soon as there is something to tell, and not before: its options have to be known. */
  private Console console() {
    if (console == null) {
      Display.Detail detail =
          quiet ? Display.Detail.QUIET : verbose ? Display.Detail.VERBOSE : Display.Detail.NORMAL;
      console = Console.open(detail, json, debugging, run != null);
    }
    return console;
  }

  private static String hint(IOException trouble) {
    if (Failure.trouble(trouble).contains("/.git")) {
      return "put it right, or give --no-gitignore, which sends all, whatever Git says";
    }
    return Failure.reason(trouble).contains("inotify instances")
        ? "sudo sysctl fs.inotify.max_user_instances=1024, or end what watches files here"
        : "it is about this machine, not the target; --debugging shows more";
  }

  @Override
  public Integer call() throws Exception {
    if (about.asked()) {
      return about.answer(spec, console()).code;
    }
    Options options = options();
    if (options.task() instanceof Task.Why asked) {
      return About.why(options, asked.path(), console());
    }
    try {
      return action.run(options, routes(), console());
    } catch (VirtualMachineError tooMuch) {
      throw Failure.tooMuch(tooMuch);
    }
  }

  /** The same path of the target without the slashes and dots that say nothing. */
  private static String squeeze(String path) {
    return path.replaceAll("(/\\.)+(?=/|$)", "").replaceAll("/+", "/").replaceAll("(?<=.)/$", "");
  }

  private Options options() throws Failure {
    if (source == null || destination == null && why == null) {
      String missing = source == null ? "SRC_DIR" : "DEST_PARENT_DIR";
      throw new Failure(
          Exit.USAGE, "Missing required parameter: " + missing, "frep --help shows the usage");
    }
    if (source.isEmpty()) { // It would be the working folder.
      throw new Failure(Exit.SOURCE, "SRC_DIR is empty", "is a variable not set?");
    }
    Path given = Names.path(source);
    Path folder;
    try {
      folder = given.toRealPath();
    } catch (IOException missing) {
      throw new Failure(Exit.SOURCE, Names.show(source) + ": no such folder", "SRC_DIR must exist");
    }
    if (!Files.isDirectory(folder)) {
      throw new Failure(Exit.SOURCE, Names.show(source) + ": not a folder", "SRC_DIR is a folder");
    }
    if (quiet && verbose) {
      throw new Failure(Exit.USAGE, "--quiet and --verbose: not both", "choose one of them");
    }
    if (undo && (check || dryRun || verify || run != null)) {
      throw new Failure(
          Exit.USAGE,
          "--undo goes with none of --check, --dry-run, --verify and --run",
          "what it would put back is seen in the trash, beside the copy");
    }
    if (owner != null && !owner.matches(NAME + "(:" + NAME + ")?")) {
      throw new Failure(
          Exit.USAGE,
          "--owner: " + Names.show(owner) + " is no owner",
          "give names or numbers of the target: --owner USER or --owner USER:GROUP");
    }
    if (timeout < 1) {
      throw new Failure(Exit.USAGE, "--timeout: " + timeout + " is too short", "give 1 or more");
    }
    if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
      throw new Failure(
          Exit.SOURCE, Names.show(source) + ": permission denied", "SRC_DIR must be readable");
    }
    if (destination != null && !destination.startsWith("/")) {
      throw new Failure(
          Exit.USAGE,
          Names.show(destination) + ": DEST_PARENT_DIR must be absolute",
          "write it as the target sees it, for example /home/code");
    }
    Path last = given.normalize().getFileName();
    if (last == null || folder.getNameCount() == 0) {
      throw new Failure(Exit.SOURCE, "/: has no name to give to the copy", "choose a folder in it");
    }
    return new Options(
        folder,
        Names.of(given.normalize()),
        destination == null ? "" : squeeze(destination),
        task(),
        new Options.Selection(gitignore, gitDir, !noDefaultExcludes, List.copyOf(patterns)),
        new Options.Copying(
            withInitialReplication,
            cleanOutFirst,
            trash,
            owner == null ? "" : owner,
            chmod(),
            maxDelete == null ? -1 : maxDelete),
        new Options.Watching(heal, exec, execLocal),
        new Options.Connecting(Duration.ofSeconds(timeout), compress));
  }

  private Task task() {
    return why != null
        ? new Task.Why(why)
        : check
            ? new Task.Check()
            : undo
                ? new Task.Undo()
                : run != null
                    ? new Task.Run(run)
                    : verify
                        ? new Task.Verify()
                        : dryRun
                            ? new Task.DryRun()
                            : new Task.Replicate(replicateOnChange && !once);
  }

  /** What a user or a group may be called; receiver.sh looks at it again. */
  private static final String NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";

  private Chmod chmod() throws Failure {
    try {
      return chmod == null ? Chmod.NONE : Chmod.parse(chmod);
    } catch (IllegalArgumentException wrong) {
      throw new Failure(
          Exit.USAGE,
          "--chmod: " + Names.show(wrong.getMessage()) + " is not understood",
          "give clauses such as u=rwX,go=rX, or for folders and files apart: D755,F644");
    }
  }

  private List<Route> routes() throws Failure {
    List<Route> routes;
    try {
      routes = Route.asked(transports, command);
    } catch (Transport.Unreachable unreachable) {
      Transport.Advice advice = unreachable.advice();
      throw new Failure(Exit.CONNECTION, advice.message(), advice.hint());
    } catch (IllegalArgumentException wrong) {
      throw new Failure(Exit.USAGE, wrong.getMessage(), "frep --help lists the options");
    }
    if (run != null && routes.size() > 1) {
      throw new Failure(
          Exit.USAGE,
          "--run: there are " + routes.size() + " targets, and one input and output",
          "give one target");
    }
    if (routes.isEmpty()) {
      throw new Failure(
          Exit.USAGE,
          "where to? There is neither a target nor a connection command",
          "end with --ssh HOST, --docker CONTAINER, --local, or with -- and a command: -- bash");
    }
    return routes;
  }

  private void reportBroken(String plugIn) {
    console().error("a transport cannot be used: " + plugIn, "the others go on working");
  }

  /** Takes the first word of the connection command and all that follows it, options included. */
  static final class Rest implements CommandLine.IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> args, ArgSpec spec, CommandSpec command) {
      List<String> words = spec.getValue();
      while (!args.isEmpty()) {
        words.add(args.pop());
      }
    }
  }

  /** Gathers --exclude and --include in the order of the command line. */
  static final class Patterns implements CommandLine.IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> args, ArgSpec spec, CommandSpec command) {
      if (args.isEmpty()) {
        throw new CommandLine.ParameterException(
            command.commandLine(),
            "Missing required parameter for option " + ((OptionSpec) spec).longestName());
      }
      boolean include = ((OptionSpec) spec).longestName().equals("--include");
      ((Arguments) command.userObject()).patterns.add((include ? "!" : "") + args.pop());
    }
  }
}
