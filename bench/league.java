///usr/bin/env jbang "$0" "$@" ; exit $?
//DESCRIPTION Plays random episodes of trouble with frep, and judges whether the copy is the source; --help tells more
//JAVA 17+
//COMPILE_OPTIONS -encoding UTF-8
//RUNTIME_OPTIONS -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto
//SOURCES league/Episode.java
//SOURCES league/Failed.java
//SOURCES league/Names.java
//SOURCES league/Op.java
//SOURCES league/Peer.java
//SOURCES league/Place.java
//SOURCES league/Script.java
//SOURCES league/Sender.java
//SOURCES league/Setting.java
//SOURCES league/Source.java
//SOURCES league/Tree.java
//SOURCES league/Verdict.java

package dev.frep.league;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Plays episodes, makes those that fail small, and prints a table. frep is a black box to it. */
public final class league {
  private static final String USAGE =
      """
      usage: ./jbang league [--episodes N] [--seed S] [--only FAULT,...] [--against rsync,lsyncd]
                            [--shell bash,dash,busybox,mksh] [--tar gnu,busybox,bsdtar]
                            [--user root,nobody] [--frep COMMAND] [--dir DIR]
                            [--patience SECONDS] [--shrink SECONDS] [--keep IDS]
                            [--without STEP,...]
      Episode S has the seed S, the next one S + 1. FAULT is one of
        %s
      --keep plays only these steps of the script of a seed, as a failure prints them;
      --without leaves out all of these names, say secret.
      --frep is what starts frep; words are separated by blanks.
      """
          .formatted(String.join(" ", Setting.FAULTS));

  private final Map<String, String> given = new LinkedHashMap<>();
  private final Map<String, String> usual = new LinkedHashMap<>();
  private final PrintStream out;
  private final Setting.Range range;
  private final Map<String, Map<String, List<Long>>> failures = new TreeMap<>();
  private Path scratch;
  private List<String> launch;
  private volatile boolean interrupted;
  private long episodes;
  private long operations;

  private league(PrintStream out, Path here, String... args)
      throws IOException, InterruptedException {
    this.out = out;
    for (var name : List.of("--against", "--frep", "--keep", "--without")) {
      given.put(name, "");
    }
    given.put("--episodes", "100");
    given.put("--seed", "" + System.currentTimeMillis() / 1000);
    given.put("--only", String.join(",", Setting.FAULTS));
    given.put("--shell", installed("bash", "dash", "busybox", "mksh"));
    given.put("--tar", "gnu," + installed("busybox", "bsdtar"));
    given.put("--user", "root".equals(System.getProperty("user.name")) ? "root,nobody" : "root");
    given.put("--dir", System.getProperty("java.io.tmpdir"));
    given.put("--patience", "45");
    given.put("--shrink", "240");
    usual.putAll(given);
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length || given.replace(args[i], args[i + 1]) == null) {
        throw new IllegalArgumentException(args[i]);
      }
    }
    range = new Setting.Range(list("--shell"), list("--tar"), list("--user"), list("--only"));
    launch =
        given.get("--frep").isEmpty()
            ? List.of("" + here.resolve("jbang"), "frep")
            : Arrays.asList(given.get("--frep").split(" "));
  }

  private static String installed(String... tools) throws IOException, InterruptedException {
    var found = new ArrayList<String>();
    for (var tool : tools) {
      if (!Place.which(tool).isEmpty()) {
        found.add(tool);
      }
    }
    return String.join(",", found);
  }

  private List<String> list(String name) {
    var value = given.get(name);
    return value.isEmpty() || value.equals("none") ? List.of() : List.of(value.split(","));
  }

  private long number(String name) {
    return Long.parseLong(given.get(name));
  }

  public static void main(String... args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(USAGE);
      return;
    }
    league league = null;
    try {
      league = new league(System.out, Path.of("").toAbsolutePath(), args);
    } catch (IllegalArgumentException wrong) {
      System.err.print("league: " + wrong.getMessage() + "\n" + USAGE);
      System.exit(2);
    }
    System.exit(league.play() == 0 ? 0 : 1);
  }

  /**
   * Plays what is asked for on a command line.
   *
   * @return how many episodes of frep's have failed
   * @throws IllegalArgumentException if the words are wrong
   */
  public static long play(PrintStream out, String... args)
      throws IOException, InterruptedException {
    return new league(out, Path.of("").toAbsolutePath(), args).play();
  }

  private long play() throws IOException, InterruptedException {
    scratch = Files.createTempDirectory(Path.of(given.get("--dir")), "frep-league-");
    Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString("rwxr-xr-x"));
    var player = Thread.currentThread();
    var cleaner = new Thread(() -> interrupt(player));
    Runtime.getRuntime().addShutdownHook(cleaner);
    try {
      launch = Sender.direct(launch, scratch.resolve("start"));
      var started = System.nanoTime();
      for (long i = 0; i < number("--episodes"); i++) {
        episode(number("--seed") + i);
      }
      table((System.nanoTime() - started) / 1e9);
    } finally {
      if (!interrupted) {
        Runtime.getRuntime().removeShutdownHook(cleaner);
        clean();
      }
    }
    return failures.getOrDefault("frep", Map.of()).values().stream().mapToLong(List::size).sum();
  }

  /** The episode that is played ends its processes first. */
  private void interrupt(Thread player) {
    interrupted = true;
    player.interrupt();
    try {
      player.join(20_000);
    } catch (InterruptedException now) {
      System.err.println("league: interrupted twice");
    }
    clean();
  }

  private void clean() {
    try {
      Tree.Shell.run(
          "sh", "-c", "umount -l " + scratch + "/*/parent 2>/dev/null; rm -rf " + scratch);
    } catch (IOException | InterruptedException e) {
      System.err.println("league: " + scratch + ": could not be removed: " + e);
    }
  }

  // ---- one episode ----

  private void episode(long seed) throws IOException, InterruptedException {
    var random = new Random(seed);
    random.nextInt(); // The first numbers of seeds beside each other are alike.
    var setting = Setting.draw(random, range);
    var script = scratch.resolve("script" + seed);
    var written =
        Script.write(
            random,
            setting,
            new Source(
                Files.createDirectories(script.resolve("proj")),
                Files.createDirectories(script.resolve("away"))));
    Tree.Shell.run("rm", "-rf", "" + script);
    var ops = kept(written);
    episodes++;
    operations += ops.size();
    var failed = attempt("frep", setting, ops, number("--patience"));
    if (failed != null) {
      count("frep", failed.kind, seed);
      out.printf(
          "%nFAILED seed %d: %s%n  %s%n    %s%n", seed, failed.kind, setting, failed.getMessage());
      var again = "./jbang league --episodes 1 --seed " + seed + lists();
      out.printf("  again: %s%n", again);
      out.flush();
      if (number("--shrink") > 0) {
        shrink(setting, ops, failed.kind, again);
      }
    }
    for (var peer : list("--against")) {
      var lost = attempt(peer, setting, ops, 10);
      if (lost != null) {
        count(peer, lost.kind, seed);
      }
    }
    if (episodes % 25 == 0) {
      out.printf("(%d episodes, up to seed %d)%n", episodes, seed);
    }
    out.flush();
  }

  /** The lists that an episode is drawn from, unless they are those of every day. */
  private String lists() {
    return List.of("--shell", "--tar", "--user", "--only", "--without", "--frep").stream()
        .filter(name -> !given.get(name).equals(usual.get(name)))
        .map(name -> " " + name + " '" + given.get(name) + "'")
        .collect(Collectors.joining());
  }

  private List<Op> kept(List<Op> ops) {
    var ids = list("--keep");
    var without = list("--without");
    return ops.stream()
        .filter(op -> ids.isEmpty() || ids.contains("" + op.id()))
        .filter(op -> !without.contains(op.verb()))
        .toList();
  }

  private void count(String player, String kind, long seed) {
    failures
        .computeIfAbsent(player, name -> new TreeMap<>())
        .computeIfAbsent(kind, name -> new ArrayList<>())
        .add(seed);
  }

  /** Plays it once; null if all is well. */
  private Failed attempt(String player, Setting setting, List<Op> ops, long patience)
      throws IOException, InterruptedException {
    var base = Files.createDirectory(scratch.resolve("episode" + System.nanoTime()));
    try (var episode = new Episode(base, player, launch, setting, patience)) {
      episode.play(ops);
      return null;
    } catch (Failed failed) {
      return failed;
    } finally {
      Tree.Shell.run("rm", "-rf", "" + base);
    }
  }

  // ---- small is better ----

  /** Leaves out steps as long as it still fails in the same way, and there is time. */
  private void shrink(Setting setting, List<Op> all, String kind, String again)
      throws IOException, InterruptedException {
    var until = System.nanoTime() + number("--shrink") * 1_000_000_000;
    var times = 0;
    for (int i = 0; i < 3; i++) {
      times += fails(setting, all, kind, 1) ? 1 : 0;
    }
    if (times == 0) {
      out.printf("  it does not fail each time%n");
      all.forEach(op -> out.printf("    %s%n", op));
      return;
    }
    var ops = all;
    for (int size = ops.size() / 2; size > 0; size /= 2) {
      for (int from = 0; from < ops.size() && System.nanoTime() < until; ) {
        var fewer = new ArrayList<>(ops.subList(0, from));
        fewer.addAll(ops.subList(Math.min(ops.size(), from + size), ops.size()));
        if (fails(setting, fewer, kind, 4 - times)) {
          ops = fewer;
        } else {
          from += size;
        }
      }
    }
    var ids = ops.stream().map(op -> "" + op.id()).collect(Collectors.joining(","));
    out.printf("  in %d steps: %s --keep %s%n", ops.size(), again, ids);
    ops.forEach(op -> out.printf("    %s%n", op));
  }

  /** Short of patience: what a sweep puts right after half a minute fails, too. */
  private boolean fails(Setting setting, List<Op> ops, String kind, int times)
      throws IOException, InterruptedException {
    for (int i = 0; i < times; i++) {
      var failed = attempt("frep", setting, ops, Math.min(6, number("--patience")));
      if (failed != null && failed.kind.equals(kind)) {
        return true;
      }
    }
    return false;
  }

  private void table(double seconds) {
    out.printf("%n%d episodes, %d operations, %.0f s%n", episodes, operations, seconds);
    var players = new ArrayList<>(List.of("frep"));
    players.addAll(list("--against"));
    for (var player : players) {
      var kinds = failures.getOrDefault(player, Map.of());
      out.printf(
          "%s: %d failed%s%n",
          player,
          kinds.values().stream().mapToInt(List::size).sum(),
          player.equals("frep") ? "" : ", played without any trouble");
      kinds.forEach(
          (kind, seeds) -> out.printf("  %4d  %s (seeds %s)%n", seeds.size(), kind, some(seeds)));
    }
  }

  private static String some(List<Long> seeds) {
    return seeds.stream().limit(6).map(String::valueOf).collect(Collectors.joining(" "))
        + (seeds.size() > 6 ? " …" : "");
  }
}
