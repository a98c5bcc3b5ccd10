package dev.frep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Targets that lie: whatever they answer, frep ends with one clear error and the right exit code,
 * in little memory, and shows nothing that a terminal would act upon.
 */
class LiarTest {

  /** Takes the nonce from the bootstrap; then each case says what it likes, when it is asked. */
  private static final String LIAR =
      """
      LC_ALL=C; export LC_ALL
      IFS= read -r _; read -r _ _ n _; n=${n#?}; n=${n%?}
      say() { printf '\\n%s %s\\n' "$n" "$*"; }
      asked() { while IFS= read -r line; do case $line in "$n $1"*) return ;; esac; done; exit 9; }
      facts='records=yes zip=no lists=gnu links=yes root=yes mounts= guard= free=9 uid=0'
      ready() { say ready "$facts tar=tar_(GNU_tar)_1.34"; asked list; }
      root() { say listing gnu; printf 'd 755 1700000000 \\0'; }
      end() { printf '\\0'; say listed; }
      empty() { ready; root; end; }
      nul() { yes "$1" | tr -d '\\n' | tr Z '\\0'; }
      much() { head -c 150000000 /dev/zero | tr '\\0' x; }
      wait() { cat >/dev/null; }
      red=$(printf '\\033[31mred\\033]0;title\\007')
      """;

  @TempDir Path base;

  private Path source;
  private SortedMap<String, String> before;

  @BeforeEach
  void makeSource() throws IOException {
    source = Files.createDirectories(base.resolve("here/project"));
    Files.writeString(source.resolve("file"), "content\n");
    Files.writeString(source.resolve("other"), "content\n");
    before = Trees.of(base.resolve("here"));
  }

  private Frep.Result run(String lie, Object... options) throws IOException {
    return run(10, lie, options);
  }

  private Frep.Result run(int timeout, String lie, Object... options) throws IOException {
    var liar = base.resolve("liar");
    Files.writeString(liar, LIAR + lie + "\n", ISO_8859_1);
    var words = new ArrayList<Object>(List.of("--once", "--timeout", "" + timeout));
    words.addAll(List.of(options));
    words.addAll(List.of(source, base.resolve("there"), "--", "sh", liar));
    return Frep.with().jvm("-Xmx64m").within(Duration.ofSeconds(40)).runs(words.toArray());
  }

  private void assertClean(Frep.Result result) {
    var said = result.out() + result.err();
    assertTrue(said.length() < 5000, "it says " + said.length() + " characters");
    for (var bad :
        List.of("\033", "\007", "\r", "Exception", "Error", "defect", "null", "Index ")) {
      assertFalse(said.contains(bad), said);
    }
    assertEquals(before, Trees.of(base.resolve("here")), "the source is never written");
    assertFalse(Files.exists(base.resolve("there")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        // what it does => exit => the error
        "wait => 4 => the target has been silent for .*",
        "much & much >&2; wait => 4 => the target has been silent for .*",
        "printf '\\n%s ' $n; much; wait => 4 => the target has been silent for .*",
        "printf '\\033[2J%s' \"$red\"; echo \"$red\" >&2; exit 3 => 4 => the connection ended"
            + " .*x1b.*",
        "much | tr x '\\33' >&2; exit 1 => 4 => the connection ended .*",
        "ready; exit 0 => 4 => the connection ended .exit code 0.",
        // refusals
        "say refused; wait => 4 => the target's answer cannot be understood: refused",
        "say refused unwritable; wait => 5 => the destination may not be written",
        "say refused $red $red; wait => 5 => refused: .x1b.31mred.*",
        "say refused missing $red; wait => 5 => no .*on the target",
        // facts
        "say ready tar=$red uid=x free=-1 guard=$red; wait => 4 => the target has been silent .*",
        // answers to no question
        "say ok 1; wait => 4 => the target's answer cannot be understood: .* no question: ok",
        "ready; say ready; wait => 4 => the target's answer cannot be understood: .*",
        "ready; yes \"$n pong 1\" => 4 => the target's answer cannot be understood: .*",
        "empty; root; end; wait => 4 => the target's answer cannot be understood: .*",
        "ready; say $red; wait => 4 => the target's answer cannot be understood: .*x1b.31mred.*",
        "ready; say; wait => 4 => the target's answer cannot be understood: .*",
        "empty; say gone; wait => 6 => another frep has taken over .*",
        // listings
        "ready; root; printf 'f 644 x 1 f\\0'; end; wait => 4 => .* understood: listing gnu",
        "ready; root; exit 0 => 4 => the connection ended .*",
        "ready; root; much; wait => 4 => the target has been silent for .*",
        "ready; root; nul 'f 644 5 1700000000 nameZ' => 4 => .* does not fit into memory",
        "ready; root; seq -f 'd 755 1700000000 %.0fZ' 99999999 | tr -d '\\n' | tr Z '\\0'"
            + " => 4 => .* does not fit into memory",
        "ready; say listing stat; nul ./nameZ => 4 => .* does not fit into memory",
        // acknowledgements
        "empty; asked commit; say ok 77; wait => 4 => the target acknowledges what was not sent",
        "empty; asked commit; say err 77; wait => 4 => the target acknowledges what was not sent",
        "empty; asked commit; say ok 99999999999999999999; wait => 4 => .* understood: ok 9+",
        "empty; asked commit; say ok; wait => 4 => the target's answer cannot be understood: ok",
        "ready; say listing same; wait => 4 => .* an answer to no question: listing same",
        "empty; asked commit; yes \"$n err 1\" => 4 => .* an answer to no question: ok",
        "empty; asked commit; wait => 4 => the target has been silent for .*",
        "empty; asked commit; exit 0 => 4 => the connection ended .*",
        "empty; exec <&-; sleep 60 => 4 => .*",
      })
  void isCaught(String lie, int exit, String error) throws IOException {
    var result =
        run(error.contains("silent") ? 1 : 10, lie); // Else a slow machine might be silent first.

    result.exits(exit);
    var lines = result.err().lines().toList();
    assertTrue(lines.size() <= 2, result.err());
    assertTrue(lines.get(0).matches("frep: \\S+: (" + error + ")"), result.err());
    assertClean(result);
  }

  @Test
  void aListingOfAbsurdSizesAndTimesIsOnlyThat() throws IOException {
    var absurd =
        "ready; root; for f in file other 'a b' d; do printf 'f 7777 9223372036854775807"
            + " -9223372036854775808 %s\\0' \"$f\"; done; end; asked commit; say ok 1; wait";
    var result = run(absurd).exits(0);
    assertTrue(result.out().contains("copied 2 files"), result.out());
    assertClean(result);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "644 1 1 f",
        "x",
        "f 999 1 1 f",
        "f 644 x 1 f",
        "f 644 1 99999999999999999999 f",
        "d 755 1 ..",
        "d 755 1 .",
        "d 755 1 ",
        "f 644 1 1 ../x",
        "f 644 1 1 /etc/passwd",
        "f 644 1 1 a//b",
        "f 644 1 1 a/./b",
        "f 644 1 1 ",
        "l name without a target",
      })
  void aRecordThatIsNoneIsFound(String record) {
    var listing = "d 755 1 \0" + record + "\0\0";
    var intake = new Intake(new ByteArrayInputStream(listing.getBytes(ISO_8859_1)));
    assertThrows(RuntimeException.class, () -> new Listing(intake, () -> {}).tree());
  }

  @Test
  void errorsWithoutEndAreToldInShort() throws IOException {
    var stubborn =
        "empty; while IFS= read -r line; do case $line in"
            + " \"$n commit\"*) yes \"$red\" | head -n 1000; say err ${line##* } ;;"
            + " \"$n list\"*) root; end ;; esac; done";
    var result = run(stubborn).exits(1);
    assertEquals(6, result.err().lines().count(), result.err());
    assertClean(result);
  }

  @Test
  void sumsThatNeverEndDoNotFitIntoMemory() throws IOException {
    var sums = "empty; asked sums; say sums; yes ./name | tr '\\n' '\\0'";
    var result = run(sums, "--verify").exits(4);
    assertTrue(result.err().contains("does not fit into memory"), result.err());
    assertClean(result);
  }

  /** Each is caught, and tried again; and what was never acknowledged is not taken for sent. */
  @Test
  void oneThatLiesNowAndThenIsConnectedAgain() throws Exception {
    var once = base.resolve("lied");
    var lie = "if mkdir " + once + " 2>/dev/null; then empty; asked commit; say ok 77; exit; fi\n";
    Files.writeString(base.resolve("liar"), lie.isEmpty() ? "" : LIAR + lie, ISO_8859_1);
    var there = base.resolve("target");
    Files.createDirectories(there);
    // It lies as the second connection; the first and the third are those of an honest shell.
    var command =
        "n=$(cat "
            + base
            + "/count 2>/dev/null || echo 0); echo $((n + 1)) >"
            + base
            + "/count;"
            + " if [ $n = 1 ]; then exec sh "
            + base
            + "/liar; else exec bash; fi";
    try (var frep = Frep.start(source, there, "--", "sh", "-c", command)) {
      frep.awaitFirstCopy();
      frep.descendants().forEach(ProcessHandle::destroy);
      // Of another size: of a lie and a change within a second only that can tell.
      Files.writeString(source.resolve("file"), "changed since\n");
      Trees.awaitSame(source, there.resolve("project"));
      assertEquals(0, frep.stop());
      assertEquals("3", Files.readString(base.resolve("count")).strip(), frep.output());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"kubectl", "docker"})
  void aToolThatLiesIsCaught(String tool) throws IOException {
    var bin = Files.createDirectories(base.resolve("bin"));
    var lie =
        "#!/bin/sh\n"
            + "head -c 100000000 /dev/zero | tr '\\0' '\\033'; printf '\\033[31m' >&2; exit 1\n";
    Files.writeString(bin.resolve(tool), lie);
    assertTrue(bin.resolve(tool).toFile().setExecutable(true));
    var option =
        tool.equals("docker") ? List.of("--docker-compose", "web") : List.of("-l", "app=web");
    var words = new ArrayList<Object>(List.of("--once", source, base.resolve("there")));
    words.addAll(option);

    var result =
        Frep.with()
            .jvm("-Xmx64m")
            .environment("PATH", bin + ":" + System.getenv("PATH"))
            .runs(words.toArray())
            .exits(4);

    assertClean(result);
  }
}
