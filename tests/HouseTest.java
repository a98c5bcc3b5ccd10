package dev.frep;

import static java.util.stream.Collectors.toCollection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Keeps the sources in order: no circles between files, small files and methods, and the core on
 * top of everything else.
 *
 * <p>The compiler's own parser gives types and methods; jdeps gives the dependencies between the
 * compiled classes. Each class counts for the file that declares it.
 */
class HouseTest {
  private static final int LONGEST_FILE = 450;
  private static final int LONGEST_MAIN = 1_700;
  private static final int LONGEST_METHOD = 45;
  private static final int MOST_FLAT_FILES = 14;

  /**
   * The first version had 11,365. The rooms took lines away; the journal, the answers path by path,
   * targets that come and go, the help of the front, the single file and the completion brought
   * more. Raise it only for something that users get.
   */
  private static final int MOST_LINES = 14_600;

  /** Methods that are tables: a longer one is no harder to read. */
  private static final Set<String> TABLES = Set.of("Kubectl.explain", "Ssh.explain");

  private static final String MAIN = "frep.java";
  private static final Path REPOSITORY = LauncherTest.repository();

  /** The lines of every source of the program, by its path in the repository. */
  private static final Map<String, Integer> lines = new TreeMap<>();

  /** The files that declare a top-level type, by its simple name. */
  private static final Map<String, List<String>> declared = new TreeMap<>();

  /** The length of every method, by its file and {@code Type.name}. */
  private static final Map<String, Integer> methods = new TreeMap<>();

  /** The files that each file uses. */
  private static final Map<String, Set<String>> uses = new TreeMap<>();

  @BeforeAll
  static void readTheHouse() throws Exception {
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var manager = compiler.getStandardFileManager(null, null, null)) {
      var files = manager.getJavaFileObjectsFromPaths(sources());
      var task = (JavacTask) compiler.getTask(null, manager, null, null, null, files);
      var trees = Trees.instance(task);
      for (var unit : task.parse()) {
        read(unit, trees);
      }
    }
    readDependencies();
  }

  private static List<Path> sources() throws IOException {
    var sources = new ArrayList<>(List.of(REPOSITORY.resolve(MAIN)));
    for (var folder : List.of("support", "transports")) {
      try (var files = Files.walk(REPOSITORY.resolve(folder))) {
        files.filter(file -> file.toString().endsWith(".java")).sorted().forEach(sources::add);
      }
    }
    return sources;
  }

  private static void read(CompilationUnitTree unit, Trees trees) throws IOException {
    var path = Path.of(unit.getSourceFile().toUri());
    var file = REPOSITORY.relativize(path).toString();
    lines.put(file, Files.readAllLines(path).size());
    var positions = trees.getSourcePositions();
    var types = new ArrayDeque<String>();
    new TreeScanner<Void, Void>() {
      @Override
      public Void visitClass(ClassTree type, Void none) {
        if (types.isEmpty()) {
          declared.computeIfAbsent(type.getSimpleName() + "", name -> new ArrayList<>()).add(file);
        }
        types.push(type.getSimpleName() + "");
        super.visitClass(type, none);
        types.pop();
        return null;
      }

      @Override
      public Void visitMethod(MethodTree method, Void none) {
        var first = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, method));
        var last = unit.getLineMap().getLineNumber(positions.getEndPosition(unit, method));
        var name = types.peek() + "." + method.getName();
        methods.merge(file + ": " + name, (int) (last - first) + 1, Math::max);
        return super.visitMethod(method, none);
      }
    }.scan(unit, null);
  }

  /** A line of jdeps: a class of ours, and one that it uses. */
  private static final Pattern DEPENDENCY =
      Pattern.compile(" +dev\\.frep\\.(\\w+)\\S* +-> dev\\.frep\\.(\\w+).*");

  private static void readDependencies() throws Exception {
    var jar = Path.of(frep.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    var out = new StringWriter();
    var jdeps = java.util.spi.ToolProvider.findFirst("jdeps").orElseThrow();
    var printer = new PrintWriter(out);
    jdeps.run(printer, printer, "-verbose:class", "-filter:none", jar.toString());
    out.toString()
        .lines()
        .map(DEPENDENCY::matcher)
        .filter(found -> found.matches())
        .forEach(found -> use(found.group(1).split("\\$")[0], found.group(2).split("\\$")[0]));
  }

  /** Types of the tests are in no file of the program. */
  private static void use(String user, String used) {
    for (var from : declared.getOrDefault(user, List.of())) {
      for (var to : declared.getOrDefault(used, List.of())) {
        if (!from.equals(to)) {
          uses.computeIfAbsent(from, file -> new TreeSet<>()).add(to);
        }
      }
    }
  }

  // ---- what uses what ----

  @Test
  void noFilesUseEachOtherInACircle() {
    assertTrue(uses.getOrDefault(MAIN, Set.of()).size() > 10, "jdeps says nothing: " + uses);
    var circles = new TreeSet<String>();
    for (var file : uses.keySet()) {
      var circle =
          reachable(file).stream()
              .filter(other -> reachable(other).contains(file))
              .collect(toCollection(TreeSet::new));
      if (!circle.isEmpty()) {
        circles.add(describe(circle));
      }
    }
    assertEquals("", String.join("\n", circles), "files in a circle");
  }

  /** The files of a circle, each with those of the circle that it uses. */
  private static String describe(Set<String> circle) {
    var text = new StringBuilder(circle.size() + " files:");
    for (var file : circle) {
      var next = new TreeSet<>(uses.get(file));
      next.retainAll(circle);
      text.append("\n  ").append(file).append(" -> ").append(String.join(", ", next));
    }
    return text.toString();
  }

  private static final Map<String, Set<String>> reached = new HashMap<>();

  /** The files that a file uses, and those that these use, and so on. */
  private static Set<String> reachable(String file) {
    return reached.computeIfAbsent(
        file,
        start -> {
          var found = new TreeSet<String>();
          Deque<String> next = new ArrayDeque<>(uses.getOrDefault(start, Set.of()));
          while (!next.isEmpty()) {
            var one = next.pop();
            if (found.add(one)) {
              next.addAll(uses.getOrDefault(one, Set.of()));
            }
          }
          return found;
        });
  }

  @Test
  void nothingBelowUsesTheCore() {
    var users = uses.keySet().stream().filter(file -> uses.get(file).contains(MAIN)).toList();
    assertEquals(List.of(), users, "these files use a class of " + MAIN);
  }

  @Test
  void noTwoTopLevelTypesHaveOneName() {
    assertNone(
        declared.entrySet().stream()
            .filter(e -> e.getValue().size() > 1)
            .map(e -> e.getKey() + ": " + e.getValue()));
  }

  // ---- how large it is ----

  @Test
  void noFileIsTooLong() {
    var tooLong =
        lines.entrySet().stream()
            .filter(e -> e.getValue() > (e.getKey().equals(MAIN) ? LONGEST_MAIN : LONGEST_FILE))
            .map(e -> e.getKey() + ": " + e.getValue() + " lines");
    assertNone(tooLong);
  }

  @Test
  void noMethodIsTooLong() {
    var tooLong =
        methods.entrySet().stream()
            .filter(e -> e.getValue() > LONGEST_METHOD)
            .filter(e -> !TABLES.contains(e.getKey().replaceFirst(".*: ", "")))
            .map(e -> e.getKey() + ": " + e.getValue() + " lines");
    assertNone(tooLong);
  }

  @Test
  void fewFilesLieFlat() {
    var flat = lines.keySet().stream().filter(file -> file.matches("support/[^/]+")).toList();
    assertTrue(flat.size() <= MOST_FLAT_FILES, flat.size() + " files: " + flat);
  }

  @Test
  void theProgramDoesNotGrow() {
    var sum = lines.values().stream().mapToInt(count -> count).sum();
    assertTrue(sum <= MOST_LINES, sum + " lines of Java, " + (sum - MOST_LINES) + " too many");
  }

  private static void assertNone(Stream<String> faults) {
    var found = faults.toList();
    assertEquals("", String.join("\n", found), found.size() + " found");
  }
}
