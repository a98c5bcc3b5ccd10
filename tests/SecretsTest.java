package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What may hold a password is never printed: the environment, options of ssh, a command's words.
 */
class SecretsTest {
  private static final String SECRET = "hunter2secret";

  @TempDir Path base;

  private World world;

  @BeforeEach
  void makeWorld() throws IOException {
    world = new World(base);
    Files.writeString(world.source.resolve("file"), "file\n");
    var ssh = Files.createDirectory(base.resolve("bin")).resolve("ssh");
    Files.writeString(
        ssh,
        """
        #!/bin/sh
        case $SSH_DOES in
            works) unset TOKEN; exec bash ;;
            fails) echo "ssh: Could not resolve hostname host" >&2; exit 255 ;;
        esac
        """);
    assertTrue(ssh.toFile().setExecutable(true));
  }

  private static Stream<Arguments> runs() {
    var ways = List.of("--once", "--check", "--dry-run", "--verify");
    var tellings = List.of("--verbose", "--debugging", "--json");
    return Stream.of("works", "fails")
        .flatMap(
            does ->
                ways.stream()
                    .flatMap(
                        way -> tellings.stream().map(telling -> Arguments.of(does, way, telling))));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void arePrintedByNoOne(String does, String way, String telling) {
    var words = new ArrayList<Object>(List.of(world.source, world.parent, way, telling));
    words.addAll(List.of("--ssh", "host", "--ssh-option", "ProxyCommand=proxy --pass " + SECRET));

    var said =
        Frep.with()
            .environment("PATH", base.resolve("bin") + ":" + System.getenv("PATH"))
            .environment("SSH_DOES", does)
            .environment("TOKEN", SECRET)
            .runs(words.toArray());

    assertEquals(does.equals("works"), said.exit() < 2, said.out() + said.err());
    assertFalse((said.out() + said.err()).contains(SECRET), said.out() + said.err());
  }

  @Test
  void areNotInTheNameOfAPlainCommand() {
    for (var program : List.of("env", "no-such-program")) {
      var said =
          world.once(
              "--debugging",
              "--verbose",
              "--",
              program,
              "PASSWORD=" + SECRET,
              "sh",
              "-c",
              "exit 9");

      assertEquals(4, said.exit(), said.out() + said.err());
      assertFalse((said.out() + said.err()).contains(SECRET), said.out() + said.err());
    }
  }
}
