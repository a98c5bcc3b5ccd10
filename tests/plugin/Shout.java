package org.example.shout;

import dev.frep.Transport;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** A plug-in: a shell of this machine that shouts before it listens. */
public final class Shout implements Transport {

  @Option(
      names = "--shout",
      paramLabel = "WORD",
      description = "Replicate to a shell that hears WORD.")
  List<String> words = List.of();

  @Override
  public String name() {
    return "shout";
  }

  @Override
  public List<Address> targets(Tools tools) {
    return words.stream().map(word -> new Address(word, command(word))).toList();
  }

  private static List<String> command(String word) {
    return List.of("sh", "-c", "printf '%s!\\n' \"$1\" && exec sh", "sh", word);
  }

  @Override
  public Optional<Advice> explain(Address target, int exitCode, String said) {
    return Optional.of(new Advice("nobody hears " + target.name(), "shout louder"));
  }
}
