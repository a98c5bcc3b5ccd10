package dev.frep;

import dev.frep.Transport.Advice;
import dev.frep.Transport.Answer;
import dev.frep.Transport.Unreachable;
import dev.frep.frep.Exit;
import dev.frep.frep.Failure;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The way to one target. After a lost connection the transport is asked for it again: the target of
 * the same name is taken, else one that no other route leads to, so that what replaced a pod is
 * found.
 */
final class Route {
  private final Transport transport;
  private final Set<String> taken;
  private final Advice nowhere;
  private volatile Transport.Target target;
  private boolean fresh = true;

  private Route(Transport transport, Transport.Target target, Set<String> taken) {
    this.transport = transport;
    this.target = target;
    this.taken = taken;
    this.nowhere = null;
    taken.add(target.name());
  }

  /** To targets that could not be found when they were asked for: it leads nowhere. */
  private Route(Transport transport, Advice nowhere) {
    this.transport = transport;
    this.target = new Transport.Target(transport.name(), List.of());
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
        for (Transport.Target target : transport.targets(Route::ask)) {
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
      Transport.Target target = new Transport.Target(command.get(0), command);
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
    List<Transport.Target> now;
    try {
      now = transport.targets(Route::ask);
    } catch (Unreachable unreachable) {
      Advice advice = unreachable.advice();
      throw new Failure(Exit.CONNECTION, advice.message(), advice.hint());
    }
    synchronized (taken) {
      for (Transport.Target candidate : now) {
        if (candidate.name().equals(target.name())) {
          target = candidate;
          return;
        }
      }
      for (Transport.Target candidate : now) {
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

  private static final int PATIENCE_SECONDS = 20;

  private static Answer ask(List<String> command) throws Unreachable {
    try {
      Process process = new ProcessBuilder(Names.command(command)).start();
      process.getOutputStream().close();
      var out = answer(process.inputReader());
      var err = answer(process.errorReader());
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        throw new Unreachable(
            new Advice(command.get(0) + " does not answer", "try: " + String.join(" ", command)));
      }
      Answer answer = new Answer(process.exitValue(), out.join(), err.join());
      Optional<Advice> notStarted = notStarted(command, answer.exitCode(), answer.err());
      if (notStarted.isPresent()) {
        throw new Unreachable(notStarted.get());
      }
      return answer;
    } catch (IOException notStarted) {
      throw new Unreachable(
          new Advice("/bin/sh cannot be started", "frep needs it to start others: ls -l /bin/sh"));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new Unreachable(new Advice("interrupted before it had answered", "start frep again"));
    }
  }

  /** What it prints until it ends; what it leaves behind may hold the pipe open for longer. */
  private static CompletableFuture<String> answer(Reader reader) {
    return CompletableFuture.supplyAsync(() -> read(reader))
        .completeOnTimeout("", PATIENCE_SECONDS + 1, TimeUnit.SECONDS);
  }

  /** More than any answer has. */
  private static final int MOST = 1 << 22;

  private static String read(Reader reader) {
    try (reader) {
      StringBuilder text = new StringBuilder();
      char[] some = new char[1 << 12];
      for (int n; (n = reader.read(some)) > 0; ) {
        text.append(some, 0, Math.min(n, MOST - text.length()));
      }
      return text.toString();
    } catch (IOException ended) {
      return "";
    }
  }

  /** The connection command that a user typed out. */
  private record TypedOut(Transport.Target target) implements Transport {
    @Override
    public String name() {
      return "command";
    }

    @Override
    public List<Target> targets(Tools tools) {
      return List.of(target);
    }

    @Override
    public String label(Target same) {
      return Names.show(same.name());
    }

    @Override
    public String asRoot(Target same, String command) {
      return "as root there: " + command;
    }
  }
}
