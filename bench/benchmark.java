///usr/bin/env jbang "$0" "$@" ; exit $?
//DESCRIPTION Measures frep beside tar, rsync and lsyncd on this machine; prints a table of medians
//JAVA 17+
//COMPILE_OPTIONS -encoding UTF-8
//RUNTIME_OPTIONS -XX:InitialHeapSize=64m -XX:MinHeapSize=16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30 -Xss16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto
//SOURCES ../frep.java

package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes seeded trees, lets the contenders copy and follow them in turns (A B C A B C, so that a
 * machine that slows down slows all of them), checks every copy, and prints medians.
 */
class benchmark {
  private static final String USAGE =
      "usage: ./jbang benchmark [--files N] [--ignored N] [--runs N] [--dir DIR]";
  private static final int FILES_PER_FOLDER = 17; // 5,000 in 300, as source code has it.
  private static final String BURST = "2,000 new files in 200 new folders, to identical";
  private static final int SAVES = 100;
  private static final int TARGETS = 8;
  private static final double DEADLINE = 300; // Seconds; who takes longer hangs.

  private final int files;
  private final int ignored;
  private final int runs;
  private final Path scratch;
  private final Table table = new Table();
  private final Contender floor = new Tar();
  private final List<Contender> copiers = new ArrayList<>(List.of(floor));
  private final List<Contender> watchers = new ArrayList<>();

  private benchmark(int files, int ignored, int runs, Path scratch) {
    this.files = files;
    this.ignored = ignored;
    this.runs = runs;
    this.scratch = scratch;
    Stream.of(new Rsync(), new Frep()).filter(Contender::present).forEach(copiers::add);
    Stream.of(new Lsyncd(), new Frep()).filter(Contender::present).forEach(watchers::add);
  }

  public static void main(String... args) throws Exception {
    Map<String, String> given = new LinkedHashMap<>();
    given.putAll(Map.of("--files", "5000", "--ignored", "100000", "--runs", "3"));
    given.put("--dir", System.getProperty("java.io.tmpdir"));
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length || given.replace(args[i], args[i + 1]) == null) {
        System.err.println(USAGE);
        System.exit(2);
      }
    }
    Path scratch = Files.createTempDirectory(Path.of(given.get("--dir")), "frep-benchmark-");
    Thread cleaner = new Thread(() -> clean(scratch));
    Runtime.getRuntime().addShutdownHook(cleaner);
    new benchmark(
            Integer.parseInt(given.get("--files")),
            Integer.parseInt(given.get("--ignored")),
            Integer.parseInt(given.get("--runs")),
            scratch.toRealPath())
        .run();
  }

  private static void clean(Path scratch) {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
    ProcessHandle.current().descendants().forEach(child -> child.onExit().join());
    try {
      shell("rm -rf -- " + quote(scratch));
    } catch (IOException | InterruptedException e) {
      System.err.println("benchmark: " + scratch + ": could not be removed: " + e);
    }
  }

  private void run() throws Exception {
    Path small = Trees.small(scratch.resolve("trees/small"), files);
    Path big = Trees.big(scratch.resolve("trees/big"));
    Path beside = Trees.ignoring(scratch.resolve("trees/beside"), files, ignored);
    for (int run = 1; run <= runs; run++) {
      say("run %d of %d", run, runs);
      firstCopy(small, String.format(Locale.ROOT, "first copy, %,d small files", files));
      restart(small, "restart, nothing changed");
      Trees.rewrite(small, Math.max(1, files / 100), run);
      restart(small, "restart, 1 % changed");
      firstCopy(big, "first copy, 2 × 128 MiB");
      String with = String.format(Locale.ROOT, ", with %,d ignored files", ignored);
      firstCopy(beside, "first copy" + with);
      restart(beside, "restart, nothing changed" + with);
      for (Contender watcher : watchers) {
        follow(watcher, small);
      }
      burst(small);
      fanOut(small, files);
    }
    table.print(Stream.concat(copiers.stream(), watchers.stream()).map(Contender::name).distinct());
  }

  private void firstCopy(Path source, String scenario) throws Exception {
    for (Contender contender : copiers) {
      forget(contender);
      table.add(scenario, contender.name(), seconds(contender, contender.copy(source)));
      verify(source, home(contender));
    }
  }

  /** Once more over what firstCopy has left; the floor is to look at both ends. */
  private void restart(Path source, String scenario) throws Exception {
    for (Contender contender : copiers) {
      boolean looks = contender == floor;
      String command = looks ? look(source) : contender.copy(source);
      table.add(scenario, contender.name(), seconds(contender, command));
      if (!looks) {
        verify(source, home(contender));
      }
    }
  }

  private String look(Path source) {
    String find = "find %s -name node_modules -prune -o -printf '%%P %%s %%T@ %%m\\n' >/dev/null";
    Path copy = home(floor).resolve(source.getFileName());
    return String.format(find + " & " + find + " & wait", quote(source), quote(copy));
  }

  /** Starts a watcher, waits until it is in step, and saves files; then comes a burst. */
  private void follow(Contender watcher, Path source) throws Exception {
    forget(watcher);
    Path copy = home(watcher).resolve(source.getFileName());
    Path folder = Files.createDirectories(source.resolve("saved"));
    Process process = start(watcher, watcher.watch(source));
    try {
      awaitReady(source, copy);
      for (boolean rename : List.of(false, true)) {
        String scenario = "save to visible, " + (rename ? "by rename" : "in place");
        for (int i = 1; i <= SAVES; i++) {
          // Nobody saves faster than this; not a wait for anything.
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20 + i * 7 % 40));
          table.add(scenario, watcher.name(), save(folder, copy, i, rename));
        }
      }
      Path burst = source.resolve("burst");
      long started = System.nanoTime();
      List<Path> made = Trees.burst(burst);
      for (Path file : made) {
        long size = Files.size(file);
        await(file, () -> copy.resolve(source.relativize(file)).toFile().length() == size);
      }
      table.add(BURST, watcher.name(), since(started));
      verify(source, home(watcher));
    } finally {
      process.destroy();
      process.waitFor();
      shell("rm -rf -- " + quote(source.resolve("burst")) + " " + quote(folder));
    }
  }

  /** What the burst costs those who do not watch but are called when it is over. */
  private void burst(Path source) throws Exception {
    for (Contender contender : copiers) {
      if (watchers.stream().anyMatch(watcher -> watcher.name().equals(contender.name()))) {
        continue;
      }
      forget(contender);
      seconds(contender, contender.copy(source));
      Path burst = source.resolve("burst");
      long started = System.nanoTime();
      Trees.burst(burst);
      Path copy = home(contender).resolve(source.getFileName());
      String command = contender == floor ? pipe(burst, copy) : contender.copy(source);
      seconds(contender, command);
      table.add(BURST, contender.name(), since(started));
      verify(source, home(contender));
      shell("rm -rf -- " + quote(burst));
    }
  }

  /** What many copies cost this machine, made at once or one after another: processor time. */
  private void fanOut(Path source, int files) throws Exception {
    String scenario =
        String.format(Locale.ROOT, "%,d files to %d targets, processor time", files, TARGETS);
    for (Contender contender : copiers) {
      forget(contender);
      List<Path> homes = new ArrayList<>();
      for (int i = 1; i <= TARGETS; i++) {
        homes.add(Files.createDirectories(home(contender).resolve("" + i)));
      }
      table.add(scenario, contender.name(), processor(contender, contender.copies(source, homes)));
      for (Path home : homes) {
        verify(source, home);
      }
      forget(contender);
    }
  }

  /** The seconds that all processes of a command have worked. */
  private double processor(Contender contender, String command) throws Exception {
    seconds(contender, "TIMEFORMAT='%U %S'; time { " + command + "; }");
    List<String> said = Files.readAllLines(log(contender));
    String[] times = said.get(said.size() - 1).split(" ");
    return Double.parseDouble(times[0]) + Double.parseDouble(times[1]);
  }

  /** Until a change arrives soon: some watchers miss what happens while they begin. */
  private static void awaitReady(Path source, Path copy) throws IOException {
    Path probe = source.resolve("saved/probe");
    long started = System.nanoTime();
    for (int i = 0; since(started) < DEADLINE; i++) {
      byte[] content = String.valueOf(i).getBytes(UTF_8);
      Files.write(probe, content);
      long written = System.nanoTime();
      while (since(written) < 2) {
        if (Arrays.equals(content, contentOf(copy.resolve("saved/probe")))) {
          return;
        }
        LockSupport.parkNanos(200_000);
      }
    }
    throw new IllegalStateException(copy + ": never follows");
  }

  private double save(Path folder, Path copy, int number, boolean rename) throws IOException {
    // Each of another size: rsync, and so lsyncd, would miss the same within a second.
    byte[] content = (rename + " " + number + " " + "x".repeat(2000 + 10 * number)).getBytes(UTF_8);
    Path file = folder.resolve("file.txt");
    Path seen = copy.resolve(folder.getFileName()).resolve(file.getFileName());
    Path written = rename ? Files.write(folder.resolve("file.tmp"), content) : file;
    long started = System.nanoTime();
    if (rename) {
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    } else {
      Files.write(written, content);
    }
    await(file, () -> Arrays.equals(content, contentOf(seen)));
    return since(started);
  }

  private static byte[] contentOf(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      return null; // Not there yet.
    }
  }

  /** Looks each 0.2 ms: a fiftieth of what is measured, and the processor stays free. */
  private static void await(Path what, BooleanSupplier condition) {
    long started = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (since(started) > DEADLINE) {
        throw new IllegalStateException(what + ": never came to the copy");
      }
      LockSupport.parkNanos(200_000);
    }
  }

  /** Names, kinds, modes, sizes, links, times to the second, and then contents. */
  private static void verify(Path source, Path home) throws IOException, InterruptedException {
    String list =
        "(cd %s && find . -mindepth 1 -name node_modules -prune -o -type d -printf 'd %%m %%P\\n"
            + "' -o -printf '%%y %%m %%s %%Ts %%l %%P\\n"
            + "' | LC_ALL=C sort)";
    Path copy = home.resolve(source.getFileName());
    String from = String.format(list, quote(source));
    String to = String.format(list, quote(copy));
    shell("diff <(" + from + ") <(" + to + ")");
    shell("diff -r --no-dereference -x node_modules " + quote(source) + " " + quote(copy));
  }

  private Path home(Contender contender) {
    return scratch.resolve("copies").resolve(contender.name().replaceAll("\\W.*", ""));
  }

  /** Its copies and what it remembers of them; and what others have written goes to the disk. */
  private void forget(Contender contender) throws IOException, InterruptedException {
    Path home = home(contender);
    shell("rm -rf -- " + quote(home) + "* && sync -f " + quote(scratch));
    Files.createDirectories(home);
  }

  private double seconds(Contender contender, String command) throws Exception {
    long started = System.nanoTime();
    Process process = start(contender, command);
    if (!process.waitFor((long) DEADLINE, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException(command + "\n" + Files.readString(log(contender)));
    }
    return since(started);
  }

  private Process start(Contender contender, String command) throws IOException {
    var builder = new ProcessBuilder("bash", "-c", "set -o pipefail; " + command);
    builder.environment().put("XDG_CACHE_HOME", home(contender) + ".cache");
    builder.redirectErrorStream(true).redirectOutput(log(contender).toFile());
    return builder.start();
  }

  private Path log(Contender contender) {
    return Path.of(home(contender) + ".log");
  }

  private static void shell(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("bash", "-c", command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(command + "\n" + said.lines().limit(20).toList());
    }
  }

  private static String pipe(Path source, Path to) {
    return String.format(
        "tar -C %s -c --exclude=node_modules %s | tar -C %s -xp",
        quote(source.getParent()), quote(source.getFileName()), quote(to));
  }

  private static String quote(Object word) {
    return "'" + word.toString().replace("'", "'\\''") + "'";
  }

  private static double since(long started) {
    return (System.nanoTime() - started) / 1e9;
  }

  private static void say(String format, Object... arguments) {
    System.err.printf("benchmark: " + format + "%n", arguments);
  }

  /** One who can copy, or watch: which command, for bash. The copy is home/basename(source). */
  private abstract class Contender {
    abstract String name();

    String copy(Path source) {
      throw new AssertionError(name() + " only watches");
    }

    String watch(Path source) throws IOException {
      throw new AssertionError(name() + " does not watch");
    }

    /** Copies into each of the folders. */
    abstract String copies(Path source, List<Path> homes) throws IOException;

    boolean present() {
      String tool = name().split(" ")[0];
      return Stream.of(System.getenv("PATH").split(":"))
          .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
    }
  }

  private final class Tar extends Contender {
    @Override
    String name() {
      return "the floor";
    }

    @Override
    String copy(Path source) {
      return pipe(source, home(this));
    }

    @Override
    String copies(Path source, List<Path> homes) {
      return homes.stream().map(home -> pipe(source, home)).collect(Collectors.joining("; "));
    }
  }

  private final class Rsync extends Contender {
    @Override
    String name() {
      return "rsync -a";
    }

    @Override
    String copy(Path source) {
      return "exec " + copy(source, home(this));
    }

    private String copy(Path source, Path home) {
      return "rsync -a --exclude=node_modules " + quote(source) + " " + quote(home);
    }

    @Override
    String copies(Path source, List<Path> homes) {
      return homes.stream().map(home -> copy(source, home)).collect(Collectors.joining("; "));
    }
  }

  /** The watcher that calls rsync, told not to wait. */
  private final class Lsyncd extends Contender {
    @Override
    String name() {
      return "lsyncd";
    }

    @Override
    String copies(Path source, List<Path> homes) {
      throw new AssertionError(name() + " only watches");
    }

    @Override
    String watch(Path source) throws IOException {
      String lua =
          "settings { nodaemon = true }\nsync { default.rsync, source = \"%s\", target = \"%s\","
              + " delay = 0, rsync = { archive = true } }\n";
      Path copy = home(this).resolve(source.getFileName());
      Path file = Path.of(home(this) + ".lua");
      return "exec lsyncd " + quote(Files.writeString(file, String.format(lua, source, copy)));
    }
  }

  private final class Frep extends Contender {
    @Override
    String name() {
      return "frep";
    }

    @Override
    boolean present() {
      return true;
    }

    @Override
    String copy(Path source) {
      return "exec " + command("--once", source, home(this)) + " -- bash";
    }

    @Override
    String watch(Path source) {
      return "exec " + command("", source, home(this)) + " -- bash";
    }

    /** The destination is the same path at all of them: so each has a working folder of its own. */
    @Override
    String copies(Path source, List<Path> homes) throws IOException {
      Path ssh = Files.createDirectories(scratch.resolve("bin")).resolve("ssh");
      Files.writeString(
          ssh, "#!/bin/bash\ncd \"${@: -2:1}\" && exec sh -c \"${@: -1}\" # ... HOST COMMAND\n");
      Files.setPosixFilePermissions(ssh, PosixFilePermissions.fromString("rwx------"));
      String command = command("--once", source, Path.of("/proc/self/cwd"));
      for (Path home : homes) {
        command += " --ssh " + quote(home);
      }
      return "PATH=" + quote(ssh.getParent()) + ":$PATH " + command;
    }

    private String command(String option, Path source, Path home) {
      return String.format(
          "%s %s -cp %s dev.frep.frep %s %s %s",
          quote(Path.of(System.getProperty("java.home"), "bin", "java")),
          String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments()),
          quote(System.getProperty("java.class.path")),
          option,
          quote(source),
          quote(home));
    }
  }

  /** The trees, the same each time. */
  private static final class Trees {
    static Path small(Path root, int files) throws IOException {
      Random random = new Random(1);
      for (int i = 0; i < files; i++) {
        Path file = file(root, i);
        if (i % FILES_PER_FOLDER == 0) {
          Files.createDirectories(file.getParent());
        }
        // Log-normal: half of them are below 2 KiB, few are large.
        int size = (int) Math.min(1 << 20, 2048 * Math.exp(1.5 * random.nextGaussian()));
        Files.write(file, bytes(random, size));
      }
      return root;
    }

    static Path big(Path root) throws IOException {
      Files.createDirectories(root);
      for (int i = 0; i < 2; i++) {
        Random random = new Random(i);
        try (var out = Files.newOutputStream(root.resolve("big" + i))) {
          for (int mebibyte = 0; mebibyte < 128; mebibyte++) {
            out.write(bytes(random, 1 << 20));
          }
        }
      }
      return root;
    }

    /** The small files once more, and beside them what nobody wants to have copied. */
    static Path ignoring(Path root, int files, int ignored) throws IOException {
      small(root, files);
      Files.writeString(root.resolve(".gitignore"), "node_modules/\n");
      for (int i = 0; i < ignored; i++) {
        Path file = file(root.resolve("node_modules"), i);
        if (i % FILES_PER_FOLDER == 0) {
          Files.createDirectories(file.getParent());
        }
        Files.writeString(file, "module " + i);
      }
      return root;
    }

    /** Gives that many files other contents and other sizes. */
    static void rewrite(Path root, int count, int seed) throws IOException {
      Random random = new Random(seed);
      for (int i = 0; i < count; i++) {
        Files.write(file(root, i * 100), bytes(random, 1000 + 3000 * seed + i));
      }
    }

    static List<Path> burst(Path root) throws IOException {
      List<Path> made = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        Path folder = root.resolve("folder" + i / 10);
        Files.createDirectories(folder);
        made.add(Files.writeString(folder.resolve("file" + i), ("line " + i + "\n").repeat(100)));
      }
      return made;
    }

    private static Path file(Path root, int number) {
      int folder = number / FILES_PER_FOLDER;
      return root.resolve("part" + folder % 10 + "/folder" + folder + "/file" + number + ".txt");
    }

    private static byte[] bytes(Random random, int size) {
      byte[] bytes = new byte[size];
      random.nextBytes(bytes);
      return bytes;
    }
  }

  /** What was measured: scenario, contender, seconds. */
  private static final class Table {
    private final Map<String, Map<String, List<Double>>> rows = new LinkedHashMap<>();

    void add(String scenario, String name, double seconds) {
      rows.computeIfAbsent(scenario, key -> new LinkedHashMap<>())
          .computeIfAbsent(name, key -> new ArrayList<>())
          .add(seconds);
    }

    void print(Stream<String> contenders) {
      List<String> names = contenders.collect(Collectors.toList());
      System.out.println("| scenario | " + String.join(" | ", names) + " |");
      System.out.println("|---|" + "---:|".repeat(names.size()));
      rows.forEach(
          (scenario, row) -> {
            List<Double> floor = row.get("the floor");
            boolean latency = scenario.startsWith("save");
            Function<String, String> cell =
                name -> !row.containsKey(name) ? "" : text(row.get(name), floor, latency);
            String cells = names.stream().map(cell).collect(Collectors.joining(" | "));
            System.out.println("| " + scenario + " | " + cells + " |");
          });
      System.out.println();
      System.out.println(
          "Medians; × is the ratio to the floor: `tar | tar`, for restarts a `find` at both ends."
              + " Saves: median / 99th of 100.");
    }

    private static String text(List<Double> samples, List<Double> floor, boolean latency) {
      double median = rank(samples, 0.5);
      if (latency) {
        double worst = rank(samples, 0.99);
        return String.format(Locale.ROOT, "%.1f / %.1f ms", median * 1e3, worst * 1e3);
      }
      String ratio = floor == null || floor == samples ? "" : ", %.2f ×";
      double unit = floor == null ? 1 : rank(floor, 0.5);
      return String.format(Locale.ROOT, "%.2f s" + ratio, median, median / unit);
    }

    private static double rank(List<Double> samples, double share) {
      List<Double> sorted = samples.stream().sorted().collect(Collectors.toList());
      return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
    }
  }
}
