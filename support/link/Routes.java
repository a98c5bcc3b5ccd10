package dev.frep;

import dev.frep.Transport.Address;
import dev.frep.Transport.Advice;
import dev.frep.Transport.Unreachable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * The routes to all targets. A transport that had to ask for its targets, as for the pods of a
 * deployment, is asked again every few seconds and whenever one of them is lost: targets come and
 * go. Each such transport has a thread of its own, so that a slow tool holds up nobody else.
 */
final class Routes implements AutoCloseable {
  /** A new pod must have its copy within 5 s, and that takes a second or two. */
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /** A tool that answers slowly rests for this many times as long: it costs its user something. */
  private static final int REST = 4;

  /** More than any answer has, in bytes. */
  private static final int MOST = 1 << 22;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final List<Finder> finders = new ArrayList<>();
  private final List<Route> first = new ArrayList<>();
  private final Queue<Route> arrived = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();

  private Routes() {}

  /**
   * Finds a route to each target. Where a transport does not find its targets, one route stands for
   * them and fails when it is used, so that the other targets get their copies all the same.
   *
   * @param command the COMMAND of the command line; may be empty
   * @throws Failure if two routes lead to the same target
   */
  static Routes asked(List<Transport> transports, List<String> command) throws Failure {
    Routes routes = new Routes();
    for (Transport transport : transports) {
      Finder finder = routes.new Finder(transport);
      routes.finders.add(finder);
      finder.lookFirst();
      for (Route route; (route = routes.arrived.poll()) != null; ) {
        routes.first.add(route);
      }
    }
    if (!command.isEmpty()) {
      routes.first.add(Route.typedOut(command));
    }
    routes.refuseTwins();
    return routes;
  }

  private void refuseTwins() throws Failure {
    Map<List<String>, Route> known = new HashMap<>();
    for (Route route : first) {
      List<String> command = route.command();
      boolean local = command.size() == 1 && command.get(0).matches("(.*/)?(ba|da|k|mk|ya|z)?sh");
      Route twin = route.isAbsent() ? null : known.put(local ? Transport.SHELL : command, route);
      if (twin != null) {
        throw Usage.twice(twin.label(), route.label());
      }
    }
  }

  /** The routes found at the start, in the order of the options. */
  List<Route> first() {
    return first;
  }

  /** The route to the only target: to the one that was there first, if it had to be waited for. */
  Route one() {
    return finders.stream()
        .flatMap(finder -> finder.current().stream())
        .findFirst()
        .orElse(first.get(0));
  }

  /** Whether a look-out can find more targets. */
  boolean canGrow() {
    return finders.stream().anyMatch(finder -> finder.asks);
  }

  /**
   * Begins to look for new targets in the background.
   *
   * @param wake is called when there are some
   */
  void lookOut(Runnable wake) {
    for (Finder finder : finders) {
      if (finder.asks) {
        threads.add(Processes.thread("look-out", () -> lookOut(finder, wake)));
      }
    }
  }

  private void lookOut(Finder finder, Runnable wake) {
    try {
      while (true) {
        long rest = Math.max(PAUSE.toNanos(), REST * finder.took);
        TimeUnit.NANOSECONDS.sleep(rest);
        finder.look();
        if (hasArrivals()) {
          wake.run();
        }
      }
    } catch (InterruptedException end) {
      // As close() asks.
    }
  }

  boolean hasArrivals() {
    return !arrived.isEmpty();
  }

  /** Hands over the routes to targets that were found since. */
  List<Route> arrivals() {
    List<Route> routes = new ArrayList<>();
    for (Route route; (route = arrived.poll()) != null; ) {
      routes.add(route);
    }
    return routes;
  }

  /** Ends the look-out. */
  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
  }

  /** Finds the targets of one transport; of the same name there is one route at a time. */
  private final class Finder {
    private final Transport transport;
    private final Map<String, Route> routes = new LinkedHashMap<>();
    private volatile boolean asks;
    private volatile long took;
    private long begun = System.nanoTime();

    Finder(Transport transport) {
      this.transport = transport;
    }

    void lookFirst() {
      long start = System.nanoTime();
      try {
        for (Address target : transport.targets(this::ask)) {
          if (target.absent().isEmpty() || !routes.containsKey(target.name())) {
            add(target);
          }
        }
      } catch (Unreachable unreachable) {
        add(Address.absent(unreachable.asked(), unreachable.advice()));
      }
      took = System.nanoTime() - start;
    }

    private void add(Address target) {
      Route route = new Route(transport, target, this::look);
      routes.put(target.name(), route);
      arrived.add(route);
    }

    /** Asks the transport, unless another thread has begun to do so after this call. */
    void look() {
      long called = System.nanoTime();
      synchronized (this) {
        if (begun - called > 0) {
          return;
        }
        begun = System.nanoTime();
        try {
          take(transport.targets(this::ask));
        } catch (Unreachable unreachable) {
          routes.values().forEach(route -> route.isUnknown(unreachable.advice()));
        }
        took = System.nanoTime() - begun;
      }
    }

    synchronized List<Route> current() {
      return routes.values().stream().filter(route -> !route.isLeft()).toList();
    }

    /** New targets arrive before others go, so that never all targets have ended in between. */
    private void take(List<Address> now) {
      routes.values().removeIf(Route::isLeft);
      Set<String> names = new HashSet<>();
      for (Address target : now) {
        Route known = routes.get(target.name());
        if (names.add(target.name()) && (known == null || !known.stays(target))) {
          add(target);
        }
      }
      routes.forEach(
          (name, route) -> {
            if (!names.contains(name)) {
              route.goes();
            }
          });
    }

    private Transport.Result ask(List<String> command) throws Unreachable {
      asks = true;
      return Routes.ask(command);
    }
  }

  private static Transport.Result ask(List<String> command) throws Unreachable {
    try {
      Processes.Answer said =
          Processes.ask(new ProcessBuilder(Names.command(command)), PATIENCE, MOST);
      if (said == null) {
        throw new Unreachable(
            new Advice(command.get(0) + " does not answer", String.join(" ", command)).forNow());
      }
      Transport.Result result =
          new Transport.Result(said.exitCode(), new String(said.out()), new String(said.err()));
      Optional<Advice> notStarted = Route.notStarted(command, result.exitCode(), result.err(), "");
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
}
