package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** --owner and --chmod: the owner and the modes that sent files have in the copy. */
class OwnerTest {

  private Path base;
  private Path source;
  private Path copy;

  @BeforeEach
  void makeASource(@TempDir Path folder) throws IOException {
    base = folder.toRealPath();
    source = Files.createDirectories(base.resolve("here/proj"));
    copy = base.resolve("there/proj");
    sh("echo 1 >file; echo 1 >$'-R new\\nline'; ln -s /etc/hostname link; echo 1 >run");
    sh("for i in 1 2 3 4 5 6; do mkdir -p $i/in; echo $i >$i/in/file; done; chmod 500 6/in");
    sh("chmod 600 file; chmod 6755 run; chmod 2700 .");
  }

  private String sh(String script) {
    var line = "set -e; cd \"$IN\"; " + script;
    return Commands.succeed(Map.of("IN", source.toString()), List.of("bash", "-c", line));
  }

  private static void assumeRoot() {
    assumeTrue(Commands.run("id", "-u").out().strip().equals("0"), "only root can give files away");
  }

  private Object[] words(List<String> command, String... options) {
    var words = new ArrayList<Object>(List.of("--once"));
    words.addAll(List.of(options));
    words.addAll(List.of(source, copy.getParent(), "--"));
    words.addAll(command);
    return words.toArray();
  }

  /** Returns each combination of owner, kind and mode in the copy once. */
  private List<String> owners() {
    return sh("cd ../../there/proj; find . -printf '%U:%G %y %m\\n' | sort -u").lines().toList();
  }

  @ParameterizedTest
  @EnumSource
  void givesWhatIsSentAwayWithTheModesAskedFor(Shell shell) throws IOException {
    assumeRoot();
    var words = words(shell.complete(), "--owner", "12345:54321", "--chmod", "u=rwX,go=,g+rX");

    Frep.run(words).succeeds();

    var expected =
        List.of("d 2750", "d 750", "f 640", "f 750", "l 777").stream()
            .map(what -> "12345:54321 " + what)
            .toList();
    assertEquals(expected, owners());
    assertTrue(Frep.run(words).succeeds().out().contains("nothing to copy"), "it is in step");
    sh("for i in 1 2 3 4 5; do echo 22 >$i/in/file; done; echo 22 >6/in/new; mkdir -p 7/in");
    sh(
        "ln -sfn elsewhere link; echo theirs >../../there/proj/theirs; chown 7:7"
            + " ../../there/proj/1");
    sh("chown 8:8 ../../there/proj/theirs");
    Frep.run(words).succeeds();
    assertEquals("22\n", Files.readString(copy.resolve("5/in/file")));
    assertEquals("7:7 8:8", sh("cd ../../there/proj; stat -c %u:%g 1 theirs | xargs"));
    sh("chown -h 12345:54321 ../../there/proj/1; rm ../../there/proj/theirs");
    assertEquals(expected, owners());
  }

  @Test
  void showsNothingWithAnotherOwner() throws IOException {
    assumeRoot();
    var words = new ArrayList<String>();
    var tools = Files.createDirectory(base.resolve("tools"));
    for (var tool : List.of("mv", "cp")) { // Every file gets into place through one of these.
      var real = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v " + tool));
      var spy =
          "#!/bin/sh\nfor f; do [ -e \"$f\" ] || [ -L \"$f\" ] || continue\n"
              + ("case $f in */.frep-*/in/d/.) ;; */.frep-*) find \"$f\" -mindepth ")
              + (tool.equals("cp") ? "1 ! -type d" : "0")
              + (" -printf '%u\\n' >>" + base + "/seen;; esac; done\n")
              + ("exec " + real + " \"$@\"\n");
      Files.writeString(tools.resolve(tool), spy);
    }
    sh("chmod +x ../../tools/*");
    words.addAll(List.of("env", "PATH=" + tools + ":" + System.getenv("PATH"), "bash"));
    Frep.run(words(words, "--owner", "nobody")).succeeds();
    sh("for i in 1 2 3 4 5 6; do echo 22 >$i/in/file; done");
    Frep.run(words(words, "--owner", "nobody")).succeeds();
    var seen = Files.readAllLines(base.resolve("seen"));
    assertTrue(seen.size() > 15, seen.toString());
    assertEquals(List.of("nobody"), seen.stream().distinct().toList());
  }

  @Test
  void isRefusedBeforeAnythingIsSent() throws IOException {
    assumeRoot();
    var unknown = Frep.run(words(List.of("bash"), "--owner", "no.such-user")).exits(5);
    var line = "frep: bash: files cannot be given to no.such-user: chown: invalid user: ";
    assertTrue(unknown.err().startsWith(line), unknown.err());
    assertFalse(Files.exists(copy), "it was made");
    Commands.succeed(Map.of(), List.of("chmod", "-R", "a+rX", base.toString()));
    Frep.giveAway(copy.getParent());
    var user = Frep.with().unprivileged().runs(words(List.of("bash"), "--owner", "root")).exits(5);
    line =
        "frep: bash: user nobody may not give files to root\nhint: connect as root, or leave out ";
    assertTrue(user.err().startsWith(line), user.err());
    assertFalse(Files.exists(copy), "it was made");
    Trees.assertNoStage(base);
    Frep.with().unprivileged().runs(words(List.of("bash"), "--owner", "nobody")).exits(0);
    Trees.assertNoStage(base);
  }

  @Test
  void isUnderstoodOrRefused() {
    for (var owner : List.of("-R", "a:b:c", "")) {
      var result = Frep.run(words(List.of("bash"), "--owner=" + owner)).exits(2);
      assertTrue(result.err().startsWith("frep: --owner: "), result.err());
    }
    var octal = Frep.run(words(List.of("bash"), "--chmod", "0644")).exits(2);
    assertTrue(octal.err().startsWith("frep: --chmod: '0644' is not a mode such as "));
    assertFalse(Files.exists(copy));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-R", "a b", "a:b:c", ":b", "a:", "a;id", "a\nb", "--reference=/x"})
  void theReceiverTakesNoOptionForAnOwner(String owner) throws Exception {
    for (var shell : List.of(Shell.DASH, Shell.BUSYBOX)) {
      var parent = Files.createDirectories(copy.getParent()).toString();
      var nonce = Session.NONCE;
      try (var session =
          new Session(
              shell.complete(), nonce, Session.TAG, parent, "proj", "replicate", "", owner)) {
        var said = session.until("refused", "ready");
        assertTrue(said.get(said.size() - 1).startsWith("refused owner "), said.toString());
      }
    }
  }

  // ---- the modes alone ----

  /** Compares with chmod itself. */
  @Test
  void readsClausesAsChmodDoes() {
    var clauses =
        List.of(
            "u=rwX,go=rX",
            "a+X",
            "go-rwx",
            "o=,g=rx",
            "ug+w,o-w",
            "a-x,a+X",
            "u-x,go+X",
            "a=",
            "u+x,a+X",
            "uo=rX",
            "ga-w");
    var modes = List.of("644", "755", "600", "711", "010", "000", "4755", "1777", "2640", "7777");
    var script = "";
    var ours = new ArrayList<String>();
    for (var clause : clauses) {
      for (var mode : modes) {
        script += "chmod 00" + mode + " f d; chmod " + clause + " f d; stat -c %a f d; ";
        var chmod = Chmod.parse(clause);
        for (var folder : List.of(false, true)) {
          ours.add(Integer.toOctalString(chmod.apply(Integer.parseInt(mode, 8), folder)));
        }
      }
    }
    var theirs = sh("cd ../..; rm -rf f d; touch f; mkdir d; " + script);
    assertEquals(theirs.lines().toList(), ours);
  }

  @Test
  void readsModesForFoldersAndForFiles() {
    var chmod = Chmod.parse("D755,F0640,Du+w,Fo+r");
    assertEquals(0755, chmod.apply(0500, true));
    assertEquals(0644, chmod.apply(0777, false));
    assertEquals(0640, Chmod.NONE.apply(0640, false));
    for (var wrong :
        List.of("", "644", "0644", "D", "D75", "D4755", "u=s", "x=r", "u", "+x", "u=r,", "Xu=r")) {
      assertThrows(IllegalArgumentException.class, () -> Chmod.parse(wrong), wrong);
    }
  }
}
