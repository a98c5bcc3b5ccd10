package dev.frep;

import java.util.List;
import picocli.CommandLine.Option;

/** This machine: its bash, or sh where there is none. */
public final class Local implements Transport {

  @Option(names = "--local", description = "Replicate to another folder of this machine.")
  boolean wanted;

  @Override
  public String name() {
    return "local";
  }

  @Override
  public List<Target> targets(Tools tools) {
    return wanted ? List.of(new Target(name(), SHELL)) : List.of();
  }

  @Override
  public String label(Target target) {
    return name();
  }

  @Override
  public String asRoot(Target target, String command) {
    return "sudo " + command;
  }
}
