package dev.frep;

import dev.frep.Transport.Address;
import dev.frep.Transport.Advice;
import dev.frep.Transport.Unreachable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The way to one target. After a lost connection it asks the transport again, and takes the target
 * of the same name, or else one that no other route leads to: so it finds what has replaced a pod.
 */
final class Route {
  private final Transport transport;
  private final Set<String> taken;
  private final Advice nowhere;
  private volatile Address target;
  private boolean fresh = true;

  private Route(Transport transport, Address target, Set<String> taken) {
    this.transport = transport;
    this.target = target;
    this.taken = taken;
    this.nowhere = null;
    taken.add(target.name());
  }

  /** Leads nowhere: the targets could not be found. */
  private Route(Transport transport, Unreachable unreachable) {
    this.transport = transport;
    this.target = new Address(unreachable.asked(), List.of());
    this.taken = Set.of();
    this.nowhere = unreachable.advice();
  }

  /**
   * Returns a route to each target. Where a transport does not find its targets, one route stands
   * for them and fails when it is used, so that the other targets get their copies all the same.
   *
   * @param command the COMMAND of the command line; may be empty
   * @throws Failure if two routes lead to the same target
   */
  static List<Route> asked(List<Transport> transports, List<String> command) throws Failure {
    List<Route> routes = new ArrayList<>();
    for (Transport transport : transports) {
      Set<String> taken = new HashSet<>();
      try {
        for (Address target : transport.targets(Route::ask)) {
          routes.add(new Route(transport, target, taken));
        }
      } catch (Unreachable unreachable) {
        routes.add(new Route(transport, unreachable));
      }
    }
    if (!command.isEmpty()) {
      Address target = new Address(command.get(0), command);
      routes.add(new Route(new TypedOut(target), target, new HashSet<>()));
    }
    refuseTwins(routes);
    return routes;
  }

  private static void refuseTwins(List<Route> routes) throws Failure {
    Map<List<String>, Route> known = new HashMap<>();
    for (Route route : routes) {
      List<String> command = route.command();
      boolean local = command.size() == 1 && command.get(0).matches("(.*/)?(ba|da|k|mk|ya|z)?sh");
      Route twin =
          route.nowhere == null ? known.put(local ? Transport.SHELL : command, route) : null;
      if (twin != null) {
        throw Usage.twice(twin.label(), route.label());
      }
    }
  }

  /** The connection command of the last look-up. */
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
  private static Optional<Advice> notStarted(
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
   * Returns the connection command for one connection; asks the transport again if there was one
   * before.
   *
   * @throws Failure if the target cannot be found now
   */
  List<String> lookUp() throws Failure {
    if (nowhere != null) {
      throw failure(nowhere);
    }
    if (!fresh) {
      renew();
    }
    fresh = false;
    return target.command();
  }

  private void renew() throws Failure {
    List<Address> now;
    try {
      now = transport.targets(Route::ask);
    } catch (Unreachable unreachable) {
      throw failure(unreachable.advice());
    }
    synchronized (taken) {
      for (Address candidate : now) {
        if (candidate.name().equals(target.name())) {
          target = candidate;
          return;
        }
      }
      for (Address candidate : now) {
        if (taken.add(candidate.name())) {
          taken.remove(target.name());
          target = candidate;
          return;
        }
      }
    }
    throw failure(new Advice("no longer running", "start it again, or name another target"));
  }

  /** More than any answer has, in bytes. */
  private static final int MOST = 1 << 22;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static Failure failure(Advice advice) {
    return new Failure(Exit.CONNECTION, advice.message(), advice.hint());
  }

  private static Transport.Result ask(List<String> command) throws Unreachable {
    try {
      Processes.Answer said =
          Processes.ask(new ProcessBuilder(Names.command(command)), PATIENCE, MOST);
      if (said == null) {
        throw new Unreachable(
            new Advice(command.get(0) + " does not answer", String.join(" ", command)));
      }
      Transport.Result result =
          new Transport.Result(said.exitCode(), new String(said.out()), new String(said.err()));
      Optional<Advice> notStarted = notStarted(command, result.exitCode(), result.err(), "");
      if (notStarted.isPresent()) {
        throw new Unreachable(notStarted.get());
      }
      return result;
    } catch (IOException notStarted) {
      throw new Unreachable(new Advice("/bin/sh cannot be started", "ls -l /bin/sh"));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new Unreachable(new Advice("interrupted before the target was found", "start again"));
    }
  }

  /** The connection command that a user typed out. Hints do not show it: it may hold a secret. */
  private record TypedOut(Address target) implements Transport {
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
