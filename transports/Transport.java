package dev.frep;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One way to reach a shell, such as {@code docker exec}: the interface that a plug-in implements.
 *
 * <p>A transport has options (fields with picocli's {@code @Option}; each name must be new), turns
 * them into targets and explains failures in its own words. It describes commands and never starts
 * one: the core does, and lets a transport {@linkplain Tools ask} quick questions. {@link
 * java.util.ServiceLoader} finds transports. So the class is public, has a public constructor
 * without parameters, and is named in a file {@code META-INF/services/dev.frep.Transport}.
 */
public interface Transport {

  /**
   * The words that start bash, or sh where there is no bash, for use behind {@code docker exec
   * NAME} and the like. The shell then reads its commands from stdin. In single quotes the last
   * word means the same to bash, csh and fish, so it suits every login shell.
   */
  List<String> SHELL =
      List.of("sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash --norc; exec sh");

  /** Returns a short name such as {@code docker}: it heads the options in the help. */
  String name();

  /**
   * Returns the targets that the options name; none if no option is given. The name identifies a
   * target.
   *
   * <p>The core asks again, from any thread but one at a time: after each lost connection and, if
   * the transport has asked a question, every few seconds. A target with a new name joins; one that
   * is no longer named is let go when its connection ends. An option that stands for several
   * targets and has none now gets an {@linkplain Address#absent absent} one.
   *
   * @param tools runs questions; most transports need none
   * @throws Unreachable if it cannot be told now which targets there are; none is let go for it
   * @throws IllegalArgumentException if the value of an option can never be right; the message
   *     names the option and is printed as a usage error
   */
  List<Address> targets(Tools tools) throws Unreachable;

  /**
   * Says why a connection command ended; empty if the command's own words say it as well.
   *
   * @param exitCode the command's exit code, or 128 + the number of the signal that ended it
   * @param said the last lines of the command's stderr or stdout; may be ""
   */
  default Optional<Advice> explain(Address target, int exitCode, String said) {
    return Optional.empty();
  }

  /**
   * Returns the line that runs a command at the target as root, for a hint: {@code docker exec -u 0
   * web apk add tar} for {@code apk add tar}.
   */
  default String asRoot(Address target, String command) {
    return "as root at the target: " + command;
  }

  /**
   * Returns the options that make frep root at its targets, for a hint; empty if there are none.
   */
  default String rootOption() {
    return "";
  }

  /** Returns what every line printed about a target begins with: {@code docker:web}. */
  default String label(Address target) {
    return name() + ":" + target.name();
  }

  /**
   * A place to replicate to.
   *
   * @param name unique among the targets of its transport
   * @param command the connection command as an argument vector: starts a shell at the target that
   *     reads commands from stdin until its end, without a terminal and without a question
   * @param absent why there is no such place now; empty if there may be one
   */
  record Address(String name, List<String> command, Optional<Advice> absent) {
    public Address {
      command = List.copyOf(command);
    }

    public Address(String name, List<String> command) {
      this(name, command, Optional.empty());
    }

    /**
     * Stands for targets that do not exist now.
     *
     * @param asked the value of the option, such as {@code deploy/web}
     */
    public static Address absent(String asked, Advice why) {
      return new Address(asked, List.of(), Optional.of(why));
    }
  }

  /**
   * What happened, and what helps: a line each, without a full stop. The message is printed behind
   * the target's label, so it need not name the target. The best hint is a command to paste.
   *
   * @param canCome whether the target may come by itself: a container that is not started yet, a
   *     host that boots. Then a watching frep waits for it. False for what only the user can mend:
   *     a wrong name of a host, a login that is refused, a missing tool.
   */
  record Advice(String message, String hint, boolean canCome) {

    /** For what only the user can mend. */
    public Advice(String message, String hint) {
      this(message, hint, false);
    }

    /** Returns the same advice about a target that may come by itself. */
    public Advice forNow() {
      return new Advice(message, hint, true);
    }

    /** The advice for an answer that no symptom fits: the tool's own last line. */
    public static Advice inTheWordsOf(List<String> command, Result answer) {
      var said = answer.err().strip().lines().toList();
      return new Advice(
          said.isEmpty() ? "exit code " + answer.exitCode() : said.get(said.size() - 1).strip(),
          command.stream()
              .map(word -> word.matches("[\\w@%+=:,./-]+") ? word : Text.quote(word))
              .collect(Collectors.joining(" ")));
    }
  }

  /**
   * A failure, and how to recognise it in what a tool prints.
   *
   * @param pattern a regular expression that matches somewhere in the text, in upper or lower case
   * @param canCome as in {@link Advice}
   */
  record Symptom(String pattern, String message, String hint, boolean canCome) {

    /** For what only the user can mend. */
    public Symptom(String pattern, String message, String hint) {
      this(pattern, message, hint, false);
    }

    /** Returns the same symptom of a target that may come by itself. */
    public Symptom forNow() {
      return new Symptom(pattern, message, hint, true);
    }

    /** Returns the advice of the first symptom that the text shows. */
    public static Optional<Advice> diagnose(String said, List<Symptom> symptoms) {
      return symptoms.stream()
          .filter(s -> Pattern.compile(s.pattern, Pattern.CASE_INSENSITIVE).matcher(said).find())
          .map(s -> new Advice(s.message, s.hint, s.canCome))
          .findFirst();
    }
  }

  /** It cannot be told which targets there are. */
  final class Unreachable extends Exception {
    private final String asked;
    private final transient Advice advice;

    /**
     * @param asked the value of the option, such as {@code deploy/web}; errors begin with it
     */
    public Unreachable(String asked, Advice advice) {
      super(advice.message());
      this.asked = asked;
      this.advice = advice;
    }

    /** For a failure that concerns the whole transport. */
    public Unreachable(Advice advice) {
      this("", advice);
    }

    public String asked() {
      return asked;
    }

    public Advice advice() {
      return advice;
    }
  }

  /** Runs tools of this machine for quick questions, such as {@code kubectl get pods}. */
  interface Tools {

    /**
     * Runs a command with an empty stdin and waits for its end.
     *
     * @throws Unreachable if there is no such command, or it has not ended after 20 seconds
     */
    Result ask(List<String> command) throws Unreachable;
  }

  /** A tool's exit code and everything that it printed. */
  record Result(int exitCode, String out, String err) {

    public boolean ok() {
      return exitCode == 0;
    }

    /** Returns the lines of stdout, stripped, without blank ones. */
    public List<String> lines() {
      return out.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
  }

  /**
   * Refuses an option that has no effect without another.
   *
   * @param value the option's; null, false or an empty list if it was not given
   * @param needed the other option
   * @param given whether the other option was given
   * @throws IllegalArgumentException if only the first was given
   */
  static void needs(String option, Object value, String needed, boolean given) {
    if (!given && value != null && !value.equals(false) && !value.equals(List.of())) {
      throw new IllegalArgumentException(option + ": has no effect without " + needed);
    }
  }

  /**
   * Returns the value if it can be a name and cannot be taken for an option.
   *
   * @throws IllegalArgumentException if it is empty or begins with a dash
   */
  static String named(String option, String value) {
    if (value.isBlank() || value.startsWith("-")) {
      throw new IllegalArgumentException(option + ": '" + value + "' is not a name");
    }
    return value;
  }
}
