package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;

/**
 * A transport that comes with frep. JBang keeps one file of a name, so the service file of a
 * plug-in used with {@code jbang -s} would replace ours if both were of one type.
 */
interface BuiltIn extends Transport {}

/** Finds all transports and gives the options of each a group of its own in the help. */
final class Transports {
  private static final String SERVICE = "META-INF/services/dev.frep.BuiltIn";

  private Transports() {}

  /**
   * Adds the options of every transport to a command.
   *
   * @param broken gets one line for each transport that cannot be used; the others still work
   * @return the transports that can be used, those of frep first
   */
  static List<Transport> addTo(CommandSpec command, Consumer<String> broken) {
    List<Transport> added = new ArrayList<>();
    addEach(builtIn(), command, added, broken);
    addEach(ServiceLoader.load(Transport.class), command, added, broken);
    return added;
  }

  /** Finds frep's own, in a single ejected file by the same list: that has no service file. */
  private static Iterable<? extends Transport> builtIn() {
    if (Transports.class.getResource("/" + SERVICE) != null) {
      return ServiceLoader.load(BuiltIn.class);
    }
    try {
      List<BuiltIn> found = new ArrayList<>();
      for (String name : new String(Scripts.resource(SERVICE), UTF_8).lines().toList()) {
        found.add((BuiltIn) Class.forName(name).getDeclaredConstructor().newInstance());
      }
      return found;
    } catch (IOException | ReflectiveOperationException defect) {
      throw new AssertionError(defect);
    }
  }

  private static void addEach(
      Iterable<? extends Transport> found,
      CommandSpec command,
      List<Transport> added,
      Consumer<String> broken) {
    var transports = found.iterator();
    while (true) {
      String name = "";
      try {
        if (!transports.hasNext()) {
          return;
        }
        var transport = transports.next();
        name = transport.getClass().getName() + ": ";
        OptionGroups.add(command, transport.name(), transport);
        added.add(transport);
      } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
        var cause = e.getCause() == null ? null : e.getCause().getMessage();
        broken.accept(name + e.getMessage() + (cause == null ? "" : ": " + cause));
      }
    }
  }
}
