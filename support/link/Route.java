package dev.frep;

import dev.frep.Transport.Address;
import dev.frep.Transport.Advice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The way to one target, from the moment its transport names it until the transport does so no more
 * and the connection has ended: then the route is left, and a target of the same name gets a new
 * one. A route may stand for targets that do not exist yet; it is gone once there are some.
 */
final class Route {
  private final Transport transport;
  private final Runnable look;
  private volatile Address target;
  private volatile boolean gone;
  private boolean givenUp;
  private boolean left;

  /**
   * @param look asks the transport again, and tells this route what has become of its target
   */
  Route(Transport transport, Address target, Runnable look) {
    this.transport = transport;
    this.target = target;
    this.look = look;
  }

  /** The connection command that a user typed out. */
  static Route typedOut(List<String> command) {
    Address target = new Address(command.get(0), command);
    return new Route(new TypedOut(target), target, () -> {});
  }

  // ---- whether the target is there ----

  /** Asks the transport whether the target is still there; may take seconds. */
  void lookAgain() {
    look.run();
  }

  /** Whether the transport names the target no more, as far as is known now. */
  boolean isGone() {
    return gone;
  }

  /** Whether this route stands for targets that did not exist when the transport was asked last. */
  boolean isAbsent() {
    return target.absent().isPresent();
  }

  /** The transport names the target still, or again; returns false if the route was left before. */
  synchronized boolean stays(Address now) {
    target = now;
    gone = false;
    return !left;
  }

  /** The transport names the target no more. */
  synchronized void goes() {
    gone = true;
    left |= givenUp;
  }

  /** The transport cannot tell which targets there are. */
  synchronized void isUnknown(Advice why) {
    if (isAbsent()) {
      target = Address.absent(target.name(), why);
    }
  }

  /** Leaves the route if its target is gone, for good; returns whether it was. */
  synchronized boolean leave() {
    left |= gone;
    return left;
  }

  /** The target is given up: it is tried anew only once it was gone. */
  synchronized void giveUp() {
    givenUp = true;
  }

  synchronized boolean isLeft() {
    return left;
  }

  // ---- what the transport says of it ----

  /** The connection command; empty if there is no target now. */
  List<String> command() {
    return target.command();
  }

  /** Tells the copy that this route leads to from all others. */
  List<String> identity(Options options) {
    List<String> names =
        new ArrayList<>(List.of(options.source().toString(), label(), options.copy()));
    if (transport instanceof TypedOut) {
      names.addAll(target.command());
    }
    return names;
  }

  String label() {
    return target.name().isEmpty() ? transport.name() : transport.label(target);
  }

  /** Says why the connection command has ended, as the transport sees it. */
  Optional<Advice> explain(int exitCode, String said) {
    Optional<Advice> notStarted = notStarted(target.command(), exitCode, said, label());
    return notStarted.isPresent() ? notStarted : transport.explain(target, exitCode, said);
  }

  /** A shell starts the commands, see {@link Names#command}, so its words say what went wrong. */
  static Optional<Advice> notStarted(
      List<String> command, int exitCode, String said, String label) {
    String name = Names.show(command.get(0));
    if (exitCode != 127 && exitCode != 126 || !said.contains("exec: " + name + ": ")) {
      return Optional.empty();
    }
    String which = label.equals(name) ? "" : ": " + name;
    return Optional.of(
        exitCode == 126
            ? new Advice("not an executable file" + which, "ls -l " + name)
            : new Advice(
                "command not found" + which,
                hintForMissing(name, label.equals(name) && command.size() == 1)));
  }

  /**
   * @param alone whether the user typed this word alone for COMMAND
   */
  private static String hintForMissing(String name, boolean alone) {
    return !alone
        ? "install " + name + ", or add its folder to PATH"
        : name.contains(" ")
            ? "write the words of COMMAND without quotes: -- " + name
            : "to name a target, use an option: --docker " + name + " or --ssh " + name;
  }

  String asRoot(String command) {
    return transport.asRoot(target, command);
  }

  /** Returns the options that make frep root at the target; empty if there are none. */
  String rootOption() {
    return transport.rootOption();
  }

  /**
   * Returns the connection command.
   *
   * @throws Failure if there is no target now
   */
  List<String> lookUp() throws Failure {
    Address now = target;
    if (now.absent().isPresent()) {
      throw Failure.unreachable(now.absent().get());
    } else if (gone) {
      throw Failure.unreachable(
          new Advice("no longer running", "start it again, or name another target"));
    }
    return now.command();
  }

  /** The connection command that a user typed out. Hints do not show it: it may hold a secret. */
  private record TypedOut(Address target) implements Transport {
    /** What ssh, docker, podman and kubectl say of a target that may still come. */
    private static final Pattern NOT_UP =
        Pattern.compile(
            "^ssh: connect to host .*|no such container|container .* is not running"
                + "|container state improper|is paused|^Error from server \\(NotFound\\): pods"
                + "|container not found",
            Pattern.CASE_INSENSITIVE | Pattern.MULTILINE);

    @Override
    public String name() {
      return "command";
    }

    @Override
    public List<Address> targets(Tools tools) {
      return List.of(target);
    }

    @Override
    public String label(Address same) {
      return Names.show(same.name());
    }

    @Override
    public Optional<Advice> explain(Address same, int exitCode, String said) {
      List<String> words = same.command();
      if (NOT_UP.matcher(said).find()) {
        String last = said.substring(said.lastIndexOf('\n') + 1);
        return Optional.of(new Advice(last, "start it; echo id | COMMAND tries it out").forNow());
      }
      int exec = words.indexOf("exec");
      if (exec < 0 || !words.get(0).matches("(.*/)?(docker|podman|nerdctl|kubectl|oc)")) {
        return Optional.empty();
      }
      if (said.contains("not a TTY") || said.contains("not a terminal")) {
        return Optional.of(
            new Advice("COMMAND asks for a terminal", "leave out -t: " + fixed(words, exec)));
      }
      boolean deaf = words.subList(exec, words.size()).stream().noneMatch(TypedOut::keepsStdin);
      return exitCode == 0 && said.isEmpty() && deaf
          ? Optional.of(new Advice("COMMAND does not read stdin", "add -i: " + fixed(words, exec)))
          : Optional.empty();
    }

    private static String fixed(List<String> words, int exec) {
      return "-- " + Names.show(String.join(" ", words.subList(0, exec + 1))) + " -i";
    }

    private static boolean keepsStdin(String word) {
      return word.matches("-[a-z]*i[a-z]*|--(stdin|interactive)(=true)?");
    }
  }
}
