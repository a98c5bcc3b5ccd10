package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.frep.league.league;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A few episodes of each kind of trouble, always the same: ./jbang league plays any number. */
class LeagueTest {

  @ParameterizedTest
  @CsvSource({
    "none, 1, 3",
  })
  void endsInStep(String fault, long seed, int episodes) throws Exception {
    var said = new ByteArrayOutputStream();
    var failed =
        league.play(
            new PrintStream(said, true),
            "--episodes",
            "" + episodes,
            "--seed",
            "" + seed,
            "--only",
            fault,
            "--frep",
            command());
    assertEquals(0, failed, said::toString);
  }

  private static String command() throws IOException {
    var classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(part -> Path.of(part).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    return Path.of(System.getProperty("java.home"), "bin", "java")
        + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "
        + classPath
        + " dev.frep.frep";
  }
}
