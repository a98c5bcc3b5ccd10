package dev.frep;

import java.lang.reflect.Proxy;
import java.util.List;

/** Ctrl-C and SIGTERM: the first asks for a clean end, the second ends at once. */
final class Stop {
  private final Runnable wake;
  private volatile boolean asked;

  /**
   * Listens from now on.
   *
   * @param wake run when a clean end is asked for
   */
  Stop(Runnable wake) {
    this.wake = wake;
    List.of("INT", "TERM", "HUP").forEach(this::handle);
  }

  boolean asked() {
    return asked;
  }

  /** By reflection: javac warns of this class wherever it is named, and there is no other. */
  private void handle(String name) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object mine =
          Proxy.newProxyInstance(
              handler.getClassLoader(), new Class<?>[] {handler}, (self, method, args) -> ask());
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), mine);
    } catch (ReflectiveOperationException | IllegalArgumentException unknownHere) {
      // Then the JVM ends at once, and the receiver cleans up by itself.
    }
  }

  private Object ask() {
    if (asked) {
      Runtime.getRuntime().halt(frep.Exit.INTERRUPTED.code);
    }
    asked = true;
    wake.run();
    return null;
  }
}
