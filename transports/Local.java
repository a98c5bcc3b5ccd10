package dev.frep;

import java.util.List;
import picocli.CommandLine.Option;

/** This machine: its bash, or sh where there is no bash. */
public final class Local implements BuiltIn {

  @Option(names = "--local", description = "Replicate to another folder of this machine.")
  boolean wanted;

  @Override
  public String name() {
    return "local";
  }

  @Override
  public List<Address> targets(Tools tools) {
    return wanted ? List.of(new Address(name(), SHELL)) : List.of();
  }

  @Override
  public String label(Address target) {
    return name();
  }

  @Override
  public String asRoot(Address target, String command) {
    return "sudo " + command;
  }
}
