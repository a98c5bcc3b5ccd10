package dev.frep.league;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What else keeps a copy, for comparison: all of the source but .git. */
final class Peer {
  private Peer() {}

  static List<String> words(String name, Path source, Place place) throws IOException {
    return switch (name) {
      case "rsync" -> {
        var loop = "while :; do rsync -rlpt --delete --exclude=.git \"$1\" \"$2\"; sleep 0.2; done";
        yield List.of("sh", "-c", loop, "sh", "" + source, "" + place.parent);
      }
      case "lsyncd" -> {
        var settings =
            "settings { nodaemon = true }\nsync { default.rsync, source = \"%s\", target = \"%s\","
                + " delay = 0, exclude = { \".git\" }, rsync = { archive = true } }\n";
        var file = place.base.resolve("lsyncd.lua");
        Files.writeString(file, settings.formatted(source, place.copy));
        yield List.of("lsyncd", "" + file);
      }
      default -> throw new IllegalArgumentException(name + ": no such peer");
    };
  }
}
