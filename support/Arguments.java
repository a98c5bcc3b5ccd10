package dev.frep;

import dev.frep.OptionGroups.AskOptions;
import dev.frep.OptionGroups.CopyOptions;
import dev.frep.OptionGroups.OutputOptions;
import dev.frep.OptionGroups.SelectionOptions;
import dev.frep.OptionGroups.WatchOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Stack;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * The command line: checks what the user asks for, once, and hands it to an {@link Action} as
 * {@link Options} and {@link Routes}.
 */
@CommandLine.Command( // Command is a class of our own.
    name = "frep",
    sortOptions = false,
    versionProvider = About.Version.class,
    description = {
      "Makes DEST_PARENT_DIR/basename(SRC_DIR) at each target a copy of SRC_DIR and keeps it up to"
          + " date, one way, until Ctrl-C. A target is named by an option such as --docker NAME,"
          + " or reached by a COMMAND that starts a shell reading from stdin. The target needs"
          + " only a shell and tar. Options stand before COMMAND.",
      ""
    },
    customSynopsis = Arguments.SYNOPSIS,
    footer = {
      "",
      "Examples:",
      "  frep ./proj /home/code --docker web",
      "  frep ./proj /home/code --ssh gpu --kubectl deploy/web --namespace test",
      "  frep ./proj /home/code -- ssh -p 2222 my.host bash"
    },
    exitCodeListHeading = "%nExit codes:%n")
final class Arguments implements Callable<Integer> {
  static final String SYNOPSIS =
      "frep [OPTIONS] SRC_DIR DEST_PARENT_DIR [TARGET...] [[--] COMMAND...]";

  /** What frep does with what was asked for. */
  interface Action {
    /** Returns the exit code of the program. */
    int run(Options options, Routes routes, Console console) throws Exception;
  }

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
      description = "A command that starts a shell, for example: ssh host bash")
  private List<String> command = new ArrayList<>();

  private final SelectionOptions sent = new SelectionOptions();
  private final CopyOptions copy = new CopyOptions();
  private final WatchOptions watched = new WatchOptions();
  private final AskOptions asked = new AskOptions();
  private final About about = new About();
  private final OutputOptions output = new OutputOptions();
  private final Action action;
  private final List<String> broken = new ArrayList<>();
  private final CommandLine line;
  private final List<Transport> transports;
  private Console console;

  private Arguments(Action action) {
    this.action = action;
    System.setProperty("frep.left-overs", wrapped(IgnoreRules.LEFT_OVERS));
    line = new CommandLine(this).setExpandAtFiles(false).setOverwrittenOptionsAllowed(true);
    line.setCaseInsensitiveEnumValuesAllowed(true).registerConverter(Integer.class, new Numbers());
    CommandSpec command = line.getCommandSpec();
    command.usageMessage().exitCodeList(Exit.list());
    OptionGroups.add(command, "What is sent", sent);
    OptionGroups.add(command, "The copy", copy);
    OptionGroups.add(command, "While watching", watched);
    OptionGroups.add(command, "Ask", asked, about);
    OptionGroups.add(command, "Output", output);
    transports = Transports.addTo(command, broken::add);
  }

  /** In lines that the help need not break: it would do that within a pattern. */
  private static String wrapped(List<String> words) {
    StringBuilder lines = new StringBuilder();
    int column = 0;
    for (String word : words) {
      boolean fits = column + word.length() < 48;
      lines.append(column == 0 ? "" : fits ? " " : "\n").append(word);
      column = fits ? column + 1 + word.length() : word.length();
    }
    return lines.toString();
  }

  /**
   * Reads the command line and has it carried out; returns the exit code.
   *
   * @param arguments as bytes, see {@link Names#arguments}
   */
  static int execute(List<String> arguments, Action action) {
    Arguments self = new Arguments(action);
    self.line.setExecutionStrategy(
        parsed -> {
          self.open(false);
          return new CommandLine.RunLast().execute(parsed);
        });
    self.line.setParameterExceptionHandler(
        (wrong, given) -> {
          self.open(arguments.contains("--json")); // It may stand behind what is wrong.
          return self.fail(Usage.explain(wrong));
        });
    self.line.setExecutionExceptionHandler((fault, line, parsed) -> self.fail(fault));
    int code = self.line.execute(arguments.toArray(String[]::new));
    if (self.console != null) {
      self.console.tell(new Event.Stopped(code));
      self.console.close();
    }
    return code;
  }

  /** Opens the console once the options for it are known. */
  private void open(boolean asJson) {
    boolean forPeople = line.isUsageHelpRequested() || line.isVersionHelpRequested();
    if (!forPeople || !broken.isEmpty()) {
      console = output.open(asJson, asked.runs());
      broken.forEach(
          plugIn ->
              console.error(
                  "a transport cannot be used: " + plugIn, "the other transports still work"));
    }
  }

  private int fail(Exception fault) {
    console.debug(fault);
    if (fault instanceof Failure failure) {
      console.error(failure.getMessage(), failure.hint);
      return failure.exit.code;
    } else if (fault instanceof IOException trouble) {
      console.error(Failure.trouble(trouble), hint(trouble));
      return Exit.SOURCE.code;
    }
    console.error("this is a defect of frep", "run it with --debugging, and report what it says");
    return Exit.INTERNAL.code;
  }

  private static String hint(IOException trouble) {
    if (Failure.trouble(trouble).contains("/.git")) {
      return "repair it, or give --no-gitignore to send everything, whatever Git ignores";
    }
    return Failure.reason(trouble).contains("inotify instances")
        ? "sudo sysctl fs.inotify.max_user_instances=1024"
        : "the trouble is on this machine, not at the target; --debugging shows more";
  }

  @Override
  public Integer call() throws Exception {
    List<String> tasks =
        AskOptions.NAMES.stream().filter(line.getParseResult()::hasMatchedOption).toList();
    if (tasks.size() > 1) {
      throw Usage.failure(
          String.join(" and ", tasks) + " cannot be combined", "give only one of them");
    }
    if (about.asked()) {
      return about.answer(spec, console).code;
    }
    Options options = options(asked.task(tasks, watched.goesOn()));
    if (options.task() instanceof Task.Why why) {
      return About.why(options, why.path(), console);
    }
    try {
      return action.run(options, routes(options.task()), console);
    } catch (VirtualMachineError tooMuch) {
      throw Failure.tooMuch(tooMuch);
    }
  }

  private Options options(Task task) throws Failure {
    boolean needsDestination = !(task instanceof Task.Why);
    if (source == null || destination == null && needsDestination) {
      boolean nothing = source == null || source.equals("help") && !Files.exists(Path.of(source));
      throw Usage.failure(
          (nothing && needsDestination
                  ? "SRC_DIR and DEST_PARENT_DIR are"
                  : nothing ? "SRC_DIR is" : "DEST_PARENT_DIR is")
              + " missing",
          "usage: " + SYNOPSIS + "; frep --help says more");
    }
    Path folder = Usage.source(source, destination);
    String parent = destination == null ? "" : Usage.destination(destination);
    for (String pattern : sent.selection().patterns()) {
      Usage.refusePath(pattern, folder);
    }
    Options.Copying copying = copy.copying();
    if (task instanceof Task.Replicate replicate && !replicate.watch() && !copying.initial()) {
      throw Usage.failure(
          "--no-with-initial-replication and --once: nothing would be sent",
          "leave out one of them");
    }
    return new Options(
        folder,
        Names.of(Names.path(source).normalize()),
        parent,
        task,
        sent.selection(),
        copying,
        watched.watching(),
        copy.connecting());
  }

  private Routes routes(Task task) throws Failure {
    Usage.refuseOption(command);
    Routes routes;
    try {
      routes = Routes.asked(transports, command);
    } catch (IllegalArgumentException wrong) {
      throw Usage.failure(Names.show(wrong.getMessage()), Usage.HELP);
    }
    if (routes.first().isEmpty()) {
      throw Usage.failure(
          "no target: name one, or end with a command",
          "for example: --docker web, --ssh host, or -- ssh host bash");
    }
    if (task instanceof Task.Run && routes.first().size() > 1) {
      throw Usage.failure(
          "--run: " + routes.first().size() + " targets, but only one stdin and stdout",
          "name one target");
    }
    return routes;
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

  /** Whole numbers, those of transports too, with an error in plain words. */
  private static final class Numbers implements CommandLine.ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      try {
        return Integer.valueOf(text);
      } catch (NumberFormatException wrong) {
        throw new TypeConversionException("'" + text + "' is not a whole number");
      }
    }
  }
}
