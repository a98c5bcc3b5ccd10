package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The transports that come with frep and those found on the class path, each given a group of its
 * own among the options. A broken one is reported by name and left out; it takes none of the others
 * with it.
 */
final class Transports {

  private Transports() {}

  /**
   * frep's own. Not in a service file: JBang keeps one file of a name, so the service file of a
   * plug-in that is used with {@code jbang -s} would take the place of ours.
   */
  private static List<Transport> own() {
    return List.of(
        new Ssh(), new Docker(), new DockerCompose(), new Podman(), new Kubectl(), new Local());
  }

  /**
   * Adds the options of every transport to a command.
   *
   * @param broken is told, in one line, of each transport that cannot be used
   * @return the transports that can
   */
  static List<Transport> addTo(CommandSpec command, Consumer<String> broken) {
    var added = new ArrayList<>(own());
    added.forEach(transport -> addOptions(command, transport));
    var plugIns = ServiceLoader.load(Transport.class).iterator();
    while (true) {
      try {
        if (!plugIns.hasNext()) {
          return added;
        }
        var plugIn = plugIns.next();
        addOptions(command, plugIn);
        added.add(plugIn);
      } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
        var cause = e.getCause() == null ? null : e.getCause().getMessage();
        broken.accept(e.getMessage() + (cause == null ? "" : ": " + cause));
      }
    }
  }

  private static void addOptions(CommandSpec command, Transport transport) {
    var group =
        ArgGroupSpec.builder()
            .heading("%n" + transport.name().replace("%", "%%") + ":%n")
            .validate(false)
            .multiplicity("0..1");
    for (var option : CommandSpec.forAnnotatedObject(transport).options()) {
      for (var name : option.names()) { // Picocli would notice when half of them are added.
        if (command.optionsMap().containsKey(name)) {
          throw new IllegalArgumentException(
              transport.getClass().getName() + ": its option " + name + " is another's already");
        }
      }
      group.addArg(option);
    }
    command.addArgGroup(group.build());
  }
}
