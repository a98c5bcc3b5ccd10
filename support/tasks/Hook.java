package dev.frep;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Something to be done after changes at a target: in the background, never two at once. However
 * often it is asked for meanwhile, it is done once afterwards.
 */
final class Hook implements AutoCloseable {

  /** Takes its time; is interrupted if it shall end, and closed when it is not wanted any more. */
  interface Action extends AutoCloseable {
    void run(Route target) throws InterruptedException;

    @Override
    default void close() {}
  }

  private final Action action;
  private final Set<Route> asked = new LinkedHashSet<>();
  private final Thread thread;
  private boolean running;

  Hook(String name, Action action) {
    this.action = action;
    thread = Processes.thread(name, this::run);
  }

  /** Shall be done, since there is something new at a target. */
  synchronized void ask(Route target) {
    asked.add(target);
    notifyAll();
  }

  synchronized boolean idle() {
    return asked.isEmpty() && !running;
  }

  private void run() {
    try (action) {
      while (true) {
        action.run(next());
      }
    } catch (InterruptedException end) {
      // Nothing is done any more.
    }
  }

  private synchronized Route next() throws InterruptedException {
    running = false;
    notifyAll();
    while (asked.isEmpty()) {
      wait();
    }
    Iterator<Route> first = asked.iterator();
    Route target = first.next();
    first.remove();
    running = true;
    return target;
  }

  /** Shall do nothing any more, and end what it does. */
  void stop() {
    thread.interrupt();
  }

  /** Waits for that. */
  @Override
  public void close() {
    stop();
    try {
      thread.join();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
