package dev.frep;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One way to reach places where a shell runs, such as {@code docker exec}: the interface a plug-in
 * implements.
 *
 * <p>A transport brings its own options (picocli's {@code @Option} fields in the class that
 * implements this; every option has a name of its own), turns them into targets and explains
 * failures in its own words. It describes commands and never starts one: the core does, and lets a
 * transport {@linkplain Tools ask} quick questions. {@link java.util.ServiceLoader} finds
 * transports, so the class is public, has a public constructor without parameters, and is named in
 * a {@code META-INF/services/dev.frep.Transport} file.
 */
public interface Transport {

  /**
   * The words that run bash where there is one and else sh, to be put behind {@code docker exec
   * NAME} and the like; the shell then reads its commands from stdin. Set in single quotes, the
   * last word means the same to bash, csh and fish, whichever a login shell is.
   */
  List<String> SHELL =
      List.of("sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash --norc; exec sh");

  /** The short name, such as {@code docker}: heads the options in the help and names targets. */
  String name();

  /**
   * The targets that the options ask for; empty if none of them was given. Asked again when a
   * connection was lost, so that what has replaced a target (a pod, a replica) is found. A target
   * is known by its name: same name, same target.
   *
   * @param tools runs the questions that have to be asked first; most transports need none
   * @throws Unreachable if what was asked for cannot be found now; after a lost connection it is
   *     tried again
   * @throws IllegalArgumentException if an option's value can never be right; the message is shown
   *     as an error of usage
   */
  List<Address> targets(Tools tools) throws Unreachable;

  /**
   * Says in the transport's own words why a connection command ended; empty if it knows no better
   * than the command itself.
   *
   * @param exitCode the command's exit code, 128 + the signal's number if a signal ended it
   * @param said the last lines the command printed, on stderr or, as some do, on stdout; may be ""
   */
  default Optional<Advice> explain(Address target, int exitCode, String said) {
    return Optional.empty();
  }

  /**
   * The line a user types here to run a command at the target as its administrator: {@code docker
   * exec -u 0 web apk add tar} for {@code apk add tar}. Only ever printed, as a hint.
   */
  default String asRoot(Address target, String command) {
    return command + " (on " + label(target) + ", as root)";
  }

  /** What every line printed about a target begins with: {@code docker:web}. */
  default String label(Address target) {
    return name() + ":" + target.name();
  }

  /**
   * A place to replicate to.
   *
   * @param name unique among the targets of its transport
   * @param command the connection command as an argument vector: starts a shell at the target that
   *     reads commands from stdin until its end, without a terminal and without asking anything
   */
  record Address(String name, List<String> command) {
    public Address {
      command = List.copyOf(command);
    }
  }

  /** What happened, and what a user can do about it: a line each, without a full stop. */
  record Advice(String message, String hint) {

    /** For an answer that nobody recognised: what the tool said last, and what it was asked. */
    public static Advice inTheWordsOf(List<String> command, Result answer) {
      var said = answer.err().strip().lines().toList();
      return new Advice(
          said.isEmpty() ? "exit code " + answer.exitCode() : said.get(said.size() - 1).strip(),
          "try it by hand: " + String.join(" ", command));
    }
  }

  /**
   * A failure that can be recognised by what the tool prints.
   *
   * @param pattern a regular expression, found anywhere in the text, upper and lower case alike
   */
  record Symptom(String pattern, String message, String hint) {

    /** The advice of the first of the symptoms that shows in the text. */
    public static Optional<Advice> diagnose(String said, List<Symptom> symptoms) {
      return symptoms.stream()
          .filter(s -> Pattern.compile(s.pattern, Pattern.CASE_INSENSITIVE).matcher(said).find())
          .map(s -> new Advice(s.message, s.hint))
          .findFirst();
    }
  }

  /** The targets asked for cannot be found, or not now; carries what to tell the user. */
  final class Unreachable extends Exception {
    private final transient Advice advice;

    public Unreachable(Advice advice) {
      super(advice.message());
      this.advice = advice;
    }

    public Advice advice() {
      return advice;
    }
  }

  /** Runs tools of this machine for quick questions, such as {@code kubectl get pods}. */
  interface Tools {

    /**
     * Runs a command with an empty stdin and waits for it.
     *
     * @throws Unreachable if there is no such command, or it has not ended after some 20 seconds
     */
    Result ask(List<String> command) throws Unreachable;
  }

  /** How a tool answered: its exit code and all that it printed. */
  record Result(int exitCode, String out, String err) {

    public boolean ok() {
      return exitCode == 0;
    }

    /** What it printed to stdout, without blank lines and the space around lines. */
    public List<String> lines() {
      return out.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
  }

  /**
   * Refuses an option that says nothing without another.
   *
   * @param value the option's; null, false or an empty list if it was not given
   * @param needed the other option
   * @param given whether that one was given
   * @throws IllegalArgumentException if only the first was given
   */
  static void needs(String option, Object value, String needed, boolean given) {
    if (!given && value != null && !value.equals(false) && !value.equals(List.of())) {
      throw new IllegalArgumentException(option + ": says nothing without " + needed);
    }
  }

  /**
   * Returns the value if it can be the name of something, and cannot be taken for an option.
   *
   * @throws IllegalArgumentException if it is empty or begins with a dash
   */
  static String named(String option, String value) {
    if (value.isBlank() || value.startsWith("-")) {
      throw new IllegalArgumentException(option + ": '" + value + "' cannot be a name");
    }
    return value;
  }
}
