package dev.frep;

import dev.frep.Transport.Advice;
import dev.frep.Transport.Unreachable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The way to one target. After a lost connection the transport is asked for it again: the target of
 * the same name is taken, else one that no other route leads to, so that what replaced a pod is
 * found.
 */
final class Route {
  private final Transport transport;
  private final Set<String> taken;
  private final Advice nowhere;
  private volatile Transport.Address target;
  private boolean fresh = true;

  private Route(Transport transport, Transport.Address target, Set<String> taken) {
    this.transport = transport;
    this.target = target;
    this.taken = taken;
    this.nowhere = null;
    taken.add(target.name());
  }

  /** To targets that could not be found when they were asked for: it leads nowhere. */
  private Route(Transport transport, Advice nowhere) {
    this.transport = transport;
    this.target = new Transport.Address(transport.name(), List.of());
    this.taken = Set.of();
    this.nowhere = nowhere;
  }

  /**
   * The routes that were asked for. Where one transport does not find its targets, the others' are
   * there all the same.
   *
   * @param command a connection command typed out; may be empty
   * @throws Unreachable if that was the only one
   */
  static List<Route> asked(List<Transport> transports, List<String> command) throws Unreachable {
    List<Route> routes = new ArrayList<>();
    Unreachable last = null;
    for (Transport transport : transports) {
      Set<String> taken = new HashSet<>();
      try {
        for (Transport.Address target : transport.targets(Route::ask)) {
          if (!taken.contains(target.name())) {
            routes.add(new Route(transport, target, taken));
          }
        }
      } catch (Unreachable unreachable) {
        routes.add(new Route(transport, unreachable.advice()));
        last = unreachable;
      }
    }
    if (!command.isEmpty()) {
      Transport.Address target = new Transport.Address(command.get(0), command);
      routes.add(new Route(new TypedOut(target), target, new HashSet<>()));
    }
    if (last != null && routes.size() == 1) {
      throw last;
    }
    return routes;
  }

  /** The connection command as it was when it was last looked up. */
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
    return nowhere == null ? transport.label(target) : transport.name();
  }

  /** Why the connection command has ended, as the transport sees it. */
  Optional<Advice> explain(int exitCode, String said) {
    Optional<Advice> notStarted = notStarted(target.command(), exitCode, said);
    return notStarted.isPresent() ? notStarted : transport.explain(target, exitCode, said);
  }

  /** Commands are started by a shell, see {@link Names#command}; in its words it is said here. */
  private static Optional<Advice> notStarted(List<String> command, int exitCode, String said) {
    String name = Names.show(command.get(0));
    return (exitCode == 127 || exitCode == 126) && said.contains("exec: " + name + ": ")
        ? Optional.of(
            new Advice(
                name + ": command not found, or it cannot be run",
                "is it installed, and on the PATH?"))
        : Optional.empty();
  }

  String asRoot(String command) {
    return transport.asRoot(target, command);
  }

  /**
   * The connection command, for one connection: the transport is asked for it again if there was
   * one before.
   *
   * @throws Failure if the target cannot be found now
   */
  List<String> lookUp() throws Failure {
    if (nowhere != null) {
      throw new Failure(Exit.CONNECTION, nowhere.message(), nowhere.hint());
    }
    if (!fresh) {
      renew();
    }
    fresh = false;
    return target.command();
  }

  private void renew() throws Failure {
    List<Transport.Address> now;
    try {
      now = transport.targets(Route::ask);
    } catch (Unreachable unreachable) {
      Advice advice = unreachable.advice();
      throw new Failure(Exit.CONNECTION, advice.message(), advice.hint());
    }
    synchronized (taken) {
      for (Transport.Address candidate : now) {
        if (candidate.name().equals(target.name())) {
          target = candidate;
          return;
        }
      }
      for (Transport.Address candidate : now) {
        if (taken.add(candidate.name())) {
          taken.remove(target.name());
          target = candidate;
          return;
        }
      }
    }
    throw new Failure(
        Exit.CONNECTION,
        target.name() + " is not running any more",
        "start it again, or name another");
  }

  /** More than any answer has, in bytes. */
  private static final int MOST = 1 << 22;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static Transport.Result ask(List<String> command) throws Unreachable {
    try {
      Processes.Answer said =
          Processes.ask(new ProcessBuilder(Names.command(command)), PATIENCE, MOST);
      if (said == null) {
        throw new Unreachable(
            new Advice(command.get(0) + " does not answer", "try: " + String.join(" ", command)));
      }
      Transport.Result result =
          new Transport.Result(said.exitCode(), new String(said.out()), new String(said.err()));
      Optional<Advice> notStarted = notStarted(command, result.exitCode(), result.err());
      if (notStarted.isPresent()) {
        throw new Unreachable(notStarted.get());
      }
      return result;
    } catch (IOException notStarted) {
      throw new Unreachable(
          new Advice("/bin/sh cannot be started", "frep needs it to start others: ls -l /bin/sh"));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new Unreachable(new Advice("interrupted before it had answered", "start frep again"));
    }
  }

  /** The connection command that a user typed out. */
  private record TypedOut(Transport.Address target) implements Transport {
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
    public String asRoot(Address same, String command) {
      return "as root there: " + command;
    }
  }
}
