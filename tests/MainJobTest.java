package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.frep.Session.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What frep is for, by its command line: the first copy, and then every change. */
class MainJobTest {

  @TempDir Path base;

  private Path source;
  private Path parent;
  private Path copy;
  private Path outside;
  private Trees.Canary canary;

  @BeforeEach
  void makeWorld() throws IOException {
    base = base.toRealPath();
    source = Files.createDirectories(base.resolve("here/project"));
    parent = base.resolve("there");
    copy = parent.resolve("project");
    outside = base.resolve("outside");
    sh(base, "mkdir -p outside/folder && echo canary | tee outside/file outside/folder/inner");
    canary = Trees.canary(outside, outside.resolve("none"));
  }

  @AfterEach
  void nothingElseHasHappened() {
    canary.assertUntouched();
    Trees.assertNoStage(base);
    assertFalse(Files.exists(base.resolve("pwned")), "a name was run as a command");
  }

  // ---- the ancestor's tests, each through a real bash ----

  @Test
  void copiesEmptyDirectories() {
    sh(source, "mkdir -p empty/within/one another");

    once(Shell.BASH);

    Trees.assertSame(source, copy);
    assertTrue(Files.isDirectory(copy.resolve("empty/within/one")));
  }

  @Test
  void copiesOneFile() throws IOException {
    Files.writeString(source.resolve("file"), "content\n");

    var said = once(Shell.BASH).out();

    assertEquals("content\n", Files.readString(copy.resolve("file")));
    assertTrue(said.contains("copied 1 file, 8 bytes in "), said);
    assertTrue(said.startsWith(source + " → " + copy + "\n"), said);
  }

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void copiesUnusualCharactersInNames(Shell shell) {
    makeZoo(source);

    once(shell);

    Trees.assertSame(source, copy, but(shell));
  }

  @Test
  void makesMissingParentDirectories() throws IOException {
    Files.writeString(source.resolve("file"), "content\n");
    parent = parent.resolve("not/there yet/at all");

    once(Shell.BASH);

    Trees.assertSame(source, parent.resolve("project"));
  }

  @Test
  void replicatesAllFiles() {
    makeFiles(source, 30, 10);

    var said = once(Shell.BASH).out();

    assertTrue(said.contains("copied 300 files"), said);
    Trees.assertSame(source, copy);
  }

  @Test
  void detectsAndCopiesANewFile() throws IOException {
    Files.writeString(source.resolve("old"), "content\n");
    try (var frep = watch(Shell.BASH)) {
      Files.writeString(source.resolve("new"), "content\n");

      Trees.awaitSame(source, copy);
      frep.awaitLine("sent new \\(8 bytes\\) in .*");
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void detectsAndCopiesAModifiedFile() throws IOException {
    Files.writeString(source.resolve("file"), "content\n");
    try (var frep = watch(Shell.BASH)) {
      Files.writeString(source.resolve("file"), "modified content\n");

      Trees.awaitSame(source, copy);
      frep.awaitLine("sent file \\(17 bytes\\) in .*");
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void detectsAndCopiesANewFileInNewDirectories() throws IOException {
    try (var frep = watch(Shell.BASH)) {
      Files.createDirectories(source.resolve("one/two/three"));
      Files.writeString(source.resolve("one/two/three/file"), "content\n");

      Trees.awaitSame(source, copy);
      assertEquals("content\n", Files.readString(copy.resolve("one/two/three/file")));
      assertEquals(0, frep.stop());
    }
  }

  // ---- every kind of change ----

  /** What is done at the source, one after the other; after each the target shall be the same. */
  private static final List<String> CHANGES =
      List.of(
          "echo new >new; mkdir -p made/deep/er; echo x >made/deep/er/x; : >made/empty",
          "mkdir -p one/two; for i in 1 2 3; do mkdir one/two/$i; echo $i >one/two/$i/$i; done",
          "echo more >>new; : >made/deep/er/x",
          "touch -r new stamp; echo MORE | dd of=new conv=notrunc status=none; touch -r stamp new",
          "chmod 600 new; chmod 700 made; chmod 1777 one; chmod 444 one/two/1/1",
          "touch -d 2001-02-03T04:05:06 new made one/two; touch -h -d 2002-02-02 links/dangling",
          "mv new renamed; mv one/two/3 one/moved; mv made/deep .",
          "mv renamed tmp; mv deep/er/x renamed; mv tmp deep/er/x; mv one/moved made/moved",
          "mv one tmp; mv made one; mv tmp made",
          "rm -r deep; echo a file >deep; rm renamed; mkdir -p renamed/in; echo y >renamed/in/y",
          "ln -s one link; ln -sf renamed/in/y deep; rm -r renamed; ln -s one/empty renamed",
          "rm renamed link; mkdir link renamed; echo z >link/z; echo z >renamed/z",
          "rm -r made; ln -s \"$OUTSIDE/folder\" made; rm deep; ln -s \"$OUTSIDE/file\" deep",
          "rm made deep; mkdir made; echo within >made/inner; echo within >deep",
          "ln one/empty one/hardlink; ln -sfn elsewhere link/nowhere; cp -a links/* one/",
          "chmod 555 link renamed; chmod 555 made; rm -f stamp",
          "chmod 755 link; rm link/z; echo in >link/in; rm -rf made renamed",
          "rm -r one/moved one/empty link");

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void followsEveryKindOfChange(Shell shell) {
    makeZoo(source);
    try (var frep = watch(shell)) {
      Trees.assertSame(source, copy, but(shell));
      for (var change : CHANGES) {
        sh(source, change);
        try {
          Trees.awaitSame(source, copy, but(shell));
        } catch (AssertionError e) {
          throw new AssertionError("after: " + change + "\n" + frep.output(), e);
        }
      }
      sh(source, "mkdir again");
      makeZoo(source.resolve("again"));
      Trees.awaitSame(source, copy, but(shell));
      sh(source, "mv again/names 'a new\nname'; mv 'again/folders' again/-f");
      Trees.awaitSame(source, copy, but(shell));
      sh(source, "rm -rf -- 'a new\nname'/* again/-f/* names/*");
      Trees.awaitSame(source, copy, but(shell));

      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
  }

  /** Without the receiver's user being root, permission bits stand in its way. */
  @ParameterizedTest
  @EnumSource(names = {"BASH", "BUSYBOX"})
  void replicatesWithoutBeingRoot(Shell shell) throws IOException {
    sh(base, "chmod 755 . here && mkdir there");
    makeZoo(source);
    sh(source, "rm -r modes/0000 modes/closed; mkdir -p open/0555/deep; echo >open/0555/deep/file");
    sh(source, "chmod 666 open/0555/deep/file; chmod 777 open; chmod 555 open/0555/deep open/0555");
    var words = new ArrayList<Object>(List.of(source, parent, "--"));
    words.addAll(shell.complete());
    for (var given : List.of(source, parent)) {
      Frep.giveAway(given);
    }
    try (var frep = Frep.with().unprivileged().starts(words.toArray())) {
      frep.awaitFirstCopy();
      Trees.assertSame(source, copy, but(shell));
      sh(source, "echo new >modes/0555/new; rm modes/0555/inner; echo more >>modes/0444");
      Frep.giveAway(source.resolve("modes"));
      Trees.awaitSame(source, copy, but(shell));
      sh(source, "mv modes/0555 modes/moved; rm -r modes/0444; rm -rf folders");
      Trees.awaitSame(source, copy, but(shell));

      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
  }

  @Test
  void makesAnExistingCopyTheSame() {
    makeZoo(source);
    once(Shell.DASH);
    sh(
        source,
        "rm -r links; mkdir new; echo x >new/x; echo more >>modes/0644; chmod 600 modes/0755");

    once(Shell.DASH);

    Trees.assertSame(source, copy);
    assertTrue(once(Shell.DASH).out().contains("nothing to copy"));
  }

  /** Some tars make links to elsewhere at their end, when the folder's time has been set. */
  @Test
  void keepsTheTimeOfAFolderWithNewFoldersAndLinks() {
    sh(source, "for i in 1 2 3 4 5 6; do mkdir $i; echo $i >$i/file; done");
    once(Shell.BASH);
    sh(source, "for i in 1 2 3 4 5 6; do echo new >$i/file; done");
    sh(source, "mkdir 3/new; echo >3/new/file; ln -s /elsewhere 3/z; ln -s ../.. 4/z");
    sh(source, "touch -d 2001-02-03 3 4");

    once(Shell.BASH);

    Trees.assertSame(source, copy);
  }

  @Test
  void leavesOtherFilesAtTheTargetAlone() throws IOException {
    makeFiles(source, 3, 3);
    sh(base, "mkdir -p there/project/0 there/project/others; echo theirs >there/project/0/theirs");
    sh(copy, "echo theirs | tee theirs others/theirs; ln -s ../outside others/link");
    try (var frep = watch(Shell.BASH)) {
      sh(source, "rm -r 0 1");

      // Nothing else tells that the deletes are done: a later change is.
      frep.awaitLine("deleted .*");
      Files.writeString(source.resolve("last"), "");
      Trees.awaitSame(source, copy, "0", "theirs", "others", ".");
      assertEquals(
          List.of(
              "",
              "0",
              "0/theirs",
              "2",
              "2/0",
              "2/1",
              "2/2",
              "last",
              "others",
              "others/link",
              "others/theirs",
              "theirs"),
          new ArrayList<>(Trees.of(copy).keySet()));
      assertEquals("theirs\n", Files.readString(copy.resolve("0/theirs")));
      assertEquals(0, frep.stop());
    }
  }

  @Test
  void cleansOutFirstIfAsked() {
    makeFiles(source, 3, 3);
    sh(base, "mkdir -p there/project/others there/beside; touch there/beside/file");
    sh(copy, "echo theirs | tee theirs others/theirs; ln -s ../../../outside others/link");

    run(Shell.BASH, "--once", "--clean-out-first").succeeds();

    Trees.assertSame(source, copy);
    assertTrue(Files.exists(parent.resolve("beside/file")));
  }

  @Test
  void doesOnlyWhatIsAskedFor() throws IOException {
    makeFiles(source, 1, 2);
    try (var frep = start(Shell.BASH, "--no-with-initial-replication")) {
      frep.awaitLine("assumed to be up to date; changes follow");
      Files.writeString(source.resolve("new"), "content\n");
      frep.awaitLine("(sent new|copied 1 file).*");
      assertEquals(0, frep.stop());
    }
    assertEquals(List.of("", "new"), new ArrayList<>(Trees.of(copy).keySet()));
    run(Shell.BASH, "--no-replicate-on-change").succeeds();
    Trees.assertSame(source, copy);
  }

  // ---- many at once ----

  @Test
  void sendsWhatHasChangedWhileItConnected() throws IOException {
    makeFiles(source, 1, 2);
    var go = base.resolve("go");
    var slow = "until [ -e " + go + " ]; do sleep 0.05; done; exec sh";
    var words = List.of("--no-with-initial-replication", source, base.resolve("there"), "--local");
    var all = new ArrayList<Object>(words);
    all.addAll(List.of("--", "sh", "-c", slow));
    try (var frep = Frep.start(all.toArray())) {
      frep.awaitLine("local: assumed to be up to date; changes follow");
      Files.writeString(source.resolve("new"), "content\n");
      frep.awaitLine("local: sent new .*");

      Files.createFile(go);

      frep.awaitLine("sh: sent new .*");
    }
  }

  @Test
  void startsNoProcessForEachFileAndNeedsLittleMemory() throws IOException {
    makeFiles(source, 100, 50);
    var log = base.resolve("calls");
    var tools = wrappers("printf '%s\\n' \"${0##*/}\" >>" + log + "; exec %s \"$@\"");
    var shell = List.of("env", "PATH=" + tools + ":" + System.getenv("PATH"), "bash");
    try (var frep =
        Frep.with().jvm("-Xmx256m").starts(words(List.of(source, parent, "--"), shell))) {
      frep.awaitFirstCopy();
      Trees.assertSame(source, copy);
      var first = Files.readAllLines(log);
      sh(source, "for f in */1*; do echo more >>$f; done");
      Trees.awaitSame(source, copy);
      sh(source, "rm */2*; mkdir new; for i in $(seq 2000); do echo $i >new/$i; done");
      Trees.awaitSame(source, copy);
      assertEquals(0, frep.stop());

      var calls = Files.readAllLines(log);
      assertTrue(calls.contains("tar"), "the wrappers are not in use");
      assertTrue(first.size() < 150, "for 5,000 files in 100 folders: " + counts(first));
      // Some calls a folder touched, in a few sets: far from one a file.
      assertTrue(calls.size() < 1500, "for 4,200 files more: " + counts(calls));
    }
  }

  @Test
  void showsEachOfAHundredSaves() throws IOException {
    makeFiles(source, 20, 20);
    try (var frep = watch(Shell.BASH)) {
      var times = new ArrayList<Double>();
      for (int i = 0; i < 100; i++) {
        var file = source.resolve(i % 20 + "/" + i / 20);
        var text = "save " + i + " ".repeat(i % 3) + "\n";
        var started = System.nanoTime();
        if (i % 2 == 0) {
          Files.writeString(file, text);
        } else { // As editors do.
          var fresh = Files.writeString(file.resolveSibling("4913"), text);
          Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        }
        awaitText(frep, copy.resolve(source.relativize(file)), text);
        times.add((System.nanoTime() - started) / 1e6);
      }
      Collections.sort(times);
      System.out.printf("a save is there after %.1f ms (median of 100)%n", times.get(50));
      assertTrue(times.get(50) < 250, "milliseconds: " + times);
      Trees.awaitSame(source, copy);
      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
  }

  private static void awaitText(Frep.Running frep, Path file, String text) throws IOException {
    var deadline = System.nanoTime() + Frep.PATIENCE.toNanos();
    while (!Files.readString(file).equals(text)) {
      assertTrue(System.nanoTime() < deadline, () -> "missed " + text + frep.output());
    }
  }

  @Test
  void followsBurstsOfFilesInNestedFoldersAndOfRemovals() {
    makeFiles(source, 5, 20);
    try (var frep = watch(Shell.BASH)) {
      sh(
          source,
          "for a in 1 2 3 4 5 6 7 8 9 10; do for b in 1 2 3 4 5; do"
              + " mkdir -p new/$a/b/$b/deep; for i in 1 2 3 4 5 6 7 8 9 10; do"
              + " for f in new/$a new/$a/b new/$a/b/$b new/$a/b/$b/deep;"
              + " do echo $a $b $i >$f/$b-$i; done; done; done; done");
      Trees.awaitSame(source, copy);
      sh(source, "rm -r new/*[13579]");
      Trees.awaitSame(source, copy);
      sh(source, "cp -a new again; mv new/2 again/2/moved; rm -r new/4 again/4; mv again/6 .");
      Trees.awaitSame(source, copy);

      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
  }

  @Test
  void followsAGitCheckoutOfAnotherBranch() {
    makeFiles(source, 20, 25);
    sh(
        source,
        "git init -q -b main . && git config user.name n && git config user.email e"
            + " && git config commit.gpgsign false && git config gc.auto 0"
            + " && git add . && git commit -qm one && git checkout -qb other"
            + " && git rm -rq 0 1 2 && git mv 3 moved && mkdir -p 1 && echo dir >1/only"
            + " && echo a file >0 && ln -s moved 2 && for i in 4 5 6; do mkdir -p new/$i;"
            + " for f in $i/*; do echo more >>$f; cp $f new/$i/; done; done && chmod 755 7/*"
            + " && git add . && git commit -qm two && git checkout -q main");
    try (var frep = watch(Shell.BASH)) {
      for (var branch : List.of("other", "main", "other", "main~0", "other")) {
        sh(source, "git checkout -q " + branch);
        Trees.awaitSame(source, copy, ".git");
      }
      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
    assertFalse(Files.exists(copy.resolve(".git")));
  }

  // ---- names that could be taken for commands ----

  @ParameterizedTest
  @EnumSource(names = {"BASH", "DASH", "BUSYBOX"})
  void runsNothingThatIsInTheNameOfADestination(Shell shell) throws IOException {
    var pwned = base.resolve("pwned");
    var evil =
        "-a 'b' \"c\" `touch " + pwned + "` $(touch " + pwned + ")\n;touch " + pwned + " \\n é";
    var working = Files.createDirectories(base.resolve("work"));
    var from = Files.createDirectories(working.resolve("-s'\"$(touch pwned)`touch pwned`\n;x \\n"));
    makeFiles(from, 2, 2);
    var there = parent + "/" + evil;
    // Java might not be able to name that here.
    sh(base, "mkdir -p \"$1\"; ln -s \"$1\" plain", there);
    var target = base.resolve("plain");
    try (var frep =
        Frep.with().in(working).starts(words(List.of(from, there, "--"), shell.complete()))) {
      frep.awaitFirstCopy();
      var to = target.resolve(from.getFileName());
      Trees.assertSame(from, to);
      Files.writeString(from.resolve("new"), "content\n");
      sh(from, "rm -r 0; mkdir '$(touch pwned)'; echo x >'$(touch pwned)/`touch pwned`'");
      Trees.awaitSame(from, to);

      assertEquals(0, frep.stop());
      assertEquals("", frep.err());
    }
    var found = Commands.run("find", base.toString(), "-name", "pwned", "-o", "-name", "pwned)");
    assertEquals(
        List.of(),
        found.lines().stream()
            .filter(s -> s.endsWith("/pwned"))
            .filter(s -> !s.contains("touch "))
            .toList());
    assertEquals(
        List.of("plain", "there"),
        names(base).stream().filter(s -> s.equals("plain") || s.equals("there")).toList());
    assertEquals(List.of(from.getFileName().toString()), names(working));
  }

  // ---- the world of these tests ----

  /** BusyBox's tar gives symlinks no time. */
  private static String[] but(Shell shell) {
    return shell == Shell.BUSYBOX ? new String[] {Trees.LINK_TIMES} : new String[0];
  }

  private static List<String> names(Path folder) throws IOException {
    try (var all = Files.list(folder)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private Frep.Result once(Shell shell) {
    return run(shell, "--once").succeeds();
  }

  private Frep.Result run(Shell shell, String... options) {
    return Frep.run(words(words(shell, options)));
  }

  private Frep.Running watch(Shell shell) {
    return start(shell).awaitFirstCopy();
  }

  private Frep.Running start(Shell shell, String... options) {
    return Frep.start(words(words(shell, options)));
  }

  private List<Object> words(Shell shell, String... options) {
    var words = new ArrayList<Object>(Arrays.asList(options));
    words.addAll(List.of(source, parent, "--"));
    words.addAll(shell.complete());
    return words;
  }

  private static Object[] words(List<?>... parts) {
    return Arrays.stream(parts).flatMap(List::stream).toArray();
  }

  /** Does something in a folder, as a bash line; further words are its arguments. */
  private void sh(Path folder, String script, Object... arguments) {
    var command = new ArrayList<>(List.of("bash", "-c", "set -eu; cd -- \"$IN\"; " + script, "sh"));
    Arrays.stream(arguments).forEach(word -> command.add(word.toString()));
    var environment =
        Map.of("IN", folder.toString(), "OUTSIDE", outside.toString(), "LC_ALL", "C.UTF-8");
    Commands.succeed(environment, command);
  }

  /** Folders 0, 1, 2 … of files 0, 1, 2 … */
  private void makeFiles(Path folder, int folders, int files) {
    sh(
        folder,
        "for d in $(seq 0 $1); do mkdir $d; for f in $(seq 0 $2); do"
            + " printf '%s in %s\\n' $f $d >$d/$f; done; done",
        folders - 1,
        files - 1);
  }

  /** Everything a tree may have in it. */
  private void makeZoo(Path folder) {
    sh(
        folder,
        String.join(
            "\n",
            "shopt -s dotglob",
            "mkdir names folders links modes empty",
            "names=('with space' \"it's\" '\"quoted\"' $'new\\nline' $'\\n' $'ends\\n' -rf -- -",
            "  ümläut 日本語 $'\\xff\\xfe' '$(touch pwned)' '`touch pwned`' '*' '?' '[a]' '{a,b}'",
            "  '\\' '\\n"
                + "' '\\0101' ' leading' 'trailing ' '  ' ... ..x .hidden '~x' '%s%n' 'a;b' '!'",
            "  $'\\t' $'\\e[31m' $'\\x7f' '&' '|' '<' '#' '=' 'a=b' 'a:b' '@file' '$HOME' ',' '(')",
            "long=$(printf %0100d 0)",
            "for name in \"${names[@]}\"; do",
            "  printf %s \"$name\" >\"names/$name\"",
            "  mkdir \"folders/$name\"; printf %s \"$name\" >\"folders/$name/$name\"",
            "  ln -s -- \"$name\" \"links/$name\"",
            "done",
            "mkdir -p \"$long/$long/$long/$long\"; echo far >\"$long/$long/$long/$long/file\"",
            "echo long >\"$(printf %0255d 0)\"; : >\"$long/$(printf %0255d 1)\"",
            "mkdir -p \"$long/$(printf 'ü%.0s' $(seq 120))/d\"; ln -s \"$long$long$long\""
                + " links/long",
            "ln -s nowhere links/dangling; ln -s self links/self; ln -s .. links/up; ln -s /"
                + " links/root",
            "ln -s \"$OUTSIDE\" links/outside; ln -s ../../.. links/out",
            "for mode in 0400 0444 0600 0644 0755 0000 0777; do echo $mode >modes/$mode; done",
            "chmod -R u+rw modes; for f in modes/*; do chmod ${f#*/} $f; done",
            "mkdir -p modes/0555/below modes/closed modes/sticky; echo in | tee modes/0555/inner",
            "echo in >modes/0555/below/inner; echo in >modes/closed/inner",
            "chmod 555 modes/0555 modes/0555/below; chmod 000 modes/closed; chmod 1777"
                + " modes/sticky",
            ": >nothing; head -c 3000000 /dev/urandom >large; ln large hardlink",
            "touch -d 2001-02-03T04:05:06.789 nothing names empty; touch -d 2035-01-01 large",
            "touch -d 1970-01-01T00:00:00Z modes/0600; touch -h -d 2010-10-10 links/up"));
  }

  /** A folder of stand-ins for the tools of a target, each a line of shell; %s is the tool. */
  private Path wrappers(String line) throws IOException {
    var folder = Files.createDirectories(base.resolve("tools"));
    for (var tool :
        "tar dd find xargs mv cp rm mkdir rmdir chmod touch stat head grep cat sh ln sed"
            .split(" ")) {
      var real = Commands.succeed(Map.of(), List.of("sh", "-c", "command -v " + tool));
      var file = folder.resolve(tool);
      Files.writeString(file, "#!/bin/sh\n" + line.replace("exec %s", "exec " + real) + "\n");
      assertTrue(file.toFile().setExecutable(true));
    }
    return folder;
  }

  private static Map<String, Integer> counts(List<String> calls) {
    var counts = new HashMap<String, Integer>();
    calls.forEach(call -> counts.merge(call, 1, Integer::sum));
    return counts;
  }
}
