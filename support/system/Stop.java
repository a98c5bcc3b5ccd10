package dev.frep;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Ctrl-C and SIGTERM: the first asks for a clean end, the second ends at once. */
final class Stop {
  /** Nobody who asks twice waits longer: what hangs may hold up even the last words. */
  private static final long LAST_WORDS_MILLIS = 300;

  private final Runnable wake;
  private final Runnable lastWords;
  private volatile boolean asked;

  /**
   * Listens from now on.
   *
   * @param wake run when a clean end is asked for
   * @param lastWords run before the end at once
   */
  Stop(Runnable wake, Runnable lastWords) {
    this.wake = wake;
    this.lastWords = lastWords;
    List.of("INT", "TERM", "HUP").forEach(name -> on(name, this::ask));
  }

  boolean asked() {
    return asked;
  }

  /** Waits until a stop is asked for, or some time has passed; returns whether it is. */
  synchronized boolean await(Duration time) {
    long until = System.nanoTime() + time.toNanos();
    try {
      for (long left; !asked && (left = until - System.nanoTime()) > 0; ) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
    return asked;
  }

  /**
   * Runs something, in a thread of its own, whenever a signal comes. By reflection: javac warns of
   * this class wherever it is named, and there is no other.
   */
  static void on(String name, Runnable work) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object mine =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) -> {
                work.run();
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), mine);
    } catch (ReflectiveOperationException | IllegalArgumentException unknownHere) {
      // Then the signal does what it does to any JVM; the receiver cleans up by itself.
    }
  }

  private void ask() {
    synchronized (this) {
      if (!asked) {
        asked = true;
        notifyAll();
        new Thread(wake, "stop").start(); // It may wait for what hangs: the next must get through.
        return;
      }
    }
    Thread last = new Thread(lastWords, "last words");
    last.start();
    try {
      last.join(LAST_WORDS_MILLIS);
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
    Runtime.getRuntime().halt(Exit.INTERRUPTED.code);
  }
}
