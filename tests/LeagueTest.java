package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.frep.league.league;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An episode of each kind of trouble, always the same one: ./jbang league plays any number. */
class LeagueTest {

  @ParameterizedTest
  @CsvSource({
    "none, 3",
    "kill, 3",
    "stop, 3",
    "tool, 3",
    "cut, 3",
    "slow, 3",
    "full, 3",
    "readonly, 3",
    "missing, 4",
    "meddle, 3",
    "two, 3",
    "down, 3",
    "ignore, 4",
    "watches, 3",
    "hosts, 4",
  })
  void endsInStep(String trouble, String seed) throws Exception {
    var said = new ByteArrayOutputStream();
    var failed =
        league.play(
            new PrintStream(said, true, StandardCharsets.UTF_8),
            words(
                "--shrink 0 --shell bash,dash --tar gnu --user root --without secret",
                trouble,
                seed));
    assertEquals(0, failed, said::toString);
  }

  private static String[] words(String fixed, String trouble, String seed) {
    var words = new ArrayList<>(List.of(fixed.split(" ")));
    words.addAll(List.of("--episodes", "1", "--only", trouble, "--seed", seed));
    words.addAll(List.of("--frep", command()));
    return words.toArray(String[]::new);
  }

  /** frep from the class path of the tests, without JBang. */
  private static String command() {
    var classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(part -> Path.of(part).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    var java = Path.of(System.getProperty("java.home"), "bin", "java");
    return java + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp " + classPath + " dev.frep.frep";
  }
}
