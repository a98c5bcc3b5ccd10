package dev.frep;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.ArrayAccessTree;
import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.CaseTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.SwitchExpressionTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.Tree.Kind;
import com.sun.source.tree.YieldTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.lang.model.element.VariableElement;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Lists every message that a user can meet, with its subject and its hint, in data/messages.txt, so
 * that a new one is seen beside the others. The compiler reads the list out of the sources; {@code
 * -Dfrep.fix=true} writes it anew.
 */
class MessagesTest {

  /** Calls that make a message: the indices of the arguments with its text and its hint. */
  private static final Map<String, int[]> MAKERS =
      Map.ofEntries(
          Map.entry("error", new int[] {0, 1}),
          Map.entry("problem", new int[] {1, 2}),
          Map.entry("failure", new int[] {0, 1}),
          Map.entry("fail", new int[] {1, 2}),
          Map.entry("new Failure", new int[] {1, 2}),
          Map.entry("new Disconnected", new int[] {0, 1}),
          Map.entry("new SourceLost", new int[] {0, 1}),
          Map.entry("new Problem", new int[] {1, 2}),
          Map.entry("new Advice", new int[] {0, 1}),
          Map.entry("new Symptom", new int[] {1, 2}),
          Map.entry("new IllegalArgumentException", new int[] {0}));

  /** Calls that make a text harmless or plain: the argument stands for them. */
  private static final Set<String> TRANSPARENT =
      Set.of("bytes", "named", "orElse", "show", "toString");

  /** Methods that return parts of messages. */
  private static final Set<String> PARTS =
      Set.of(
          "copy",
          "count",
          "cut",
          "join",
          "label",
          "line",
          "name",
          "ofAll",
          "quote",
          "seconds",
          "toString",
          "tool",
          "until");

  /** Makers whose message the console prints behind the target's label. */
  private static final Set<String> OF_TARGETS = Set.of("new Advice", "new Symptom");

  /** Classes that speak of one target, and only through its console. */
  private static final Set<String> SPEAKERS_OF_TARGETS =
      Set.of(
          "Ask", "Check", "Compare", "Inbox", "Link", "Outbox", "Refusal", "Report", "Retry",
          "Route", "Shell", "Target");

  private static final String NO_HINT = "(no hint)";

  private static final Path LIST =
      LauncherTest.repository().resolve("tests").resolve("data").resolve("messages.txt");

  /** By file, each message with its hint below it, and the texts of methods that make parts. */
  private static final Map<String, Set<String>> found = new TreeMap<>();

  /** Those that are printed as they are. */
  private static final Set<String> printed = new LinkedHashSet<>();

  private static final Set<String> ofTypesThatAreNoTexts = new TreeSet<>();

  @BeforeAll
  static void readTheSources() throws IOException {
    var repository = LauncherTest.repository();
    var sources = new ArrayList<Path>(List.of(repository.resolve("frep.java")));
    for (var folder : List.of("support", "transports")) {
      try (var files = Files.walk(repository.resolve(folder))) {
        files.filter(file -> file.toString().endsWith(".java")).sorted().forEach(sources::add);
      }
    }
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var manager = compiler.getStandardFileManager(null, null, null)) {
      var files = manager.getJavaFileObjectsFromPaths(sources);
      var options = List.of("-proc:none", "-classpath", System.getProperty("java.class.path"));
      var task = (JavacTask) compiler.getTask(null, manager, null, options, null, files);
      var units = new ArrayList<CompilationUnitTree>();
      task.parse().forEach(units::add);
      task.analyze();
      var reader = new Reader(task);
      units.forEach(reader::messages);
      reader.texts(units);
    }
  }

  @Test
  void everyMessageIsListedWithItsHint() throws IOException {
    var now =
        found.entrySet().stream()
            .filter(file -> !file.getValue().isEmpty())
            .map(file -> "== " + file.getKey() + "\n" + String.join("\n", file.getValue()) + "\n")
            .collect(joining("\n"));
    if (Boolean.getBoolean("frep.fix")) {
      Files.writeString(LIST, now);
    }
    var listed = Files.readString(LIST);
    var pairs = pairs(now);
    pairs.removeAll(pairs(listed));
    assertEquals("", String.join("\n", pairs), "not in " + LIST);
    pairs = pairs(listed);
    pairs.removeAll(pairs(now));
    assertEquals("", String.join("\n", pairs), "listed, but nowhere in the sources");
    assertTrue(pairs(now).size() > 100, "the sources are not read any more");
  }

  private static Set<String> pairs(String list) {
    return new LinkedHashSet<>(
        Arrays.asList(list.replaceAll("(?m)^(== .*)?\n", "").split("\n(?! {4})")));
  }

  @Test
  void noneShowsTheNameOfAClass() {
    assertEquals(Set.of(), ofTypesThatAreNoTexts);
    all().forEach(text -> assertTrue(!text.matches("(?s).*(Exception|[a-z]\\.[A-Z]).*"), text));
  }

  /** Only when frep reconnects by itself the user need not do anything. */
  @Test
  void allHaveHints() {
    var without = all().filter(text -> text.contains(NO_HINT)).toList();
    assertEquals(List.of("{label}: {getMessage}\n    " + NO_HINT), without);
  }

  @Test
  void eachBeginsWithItsSubject() {
    var nameless = printed.stream().filter(text -> !text.matches(SUBJECT)).toList();
    assertEquals(List.of(), nameless);
  }

  /** A value, an option or argument, or one of the subjects that have no name. */
  private static final String SUBJECT =
      "(?s)(\\{|--|SRC_DIR|DEST_PARENT_DIR|/|no target|a transport|this is a defect|"
          + "the system|more than).*";

  @Test
  void allAreInOneForm() {
    all()
        .flatMap(text -> text.lines())
        .map(String::strip)
        .forEach(
            line -> {
              assertTrue(!line.endsWith("."), "a full stop: " + line);
              assertTrue(!line.matches("[A-Z][a-z].*(?<!SHELL)") || line.matches(BEGINNINGS), line);
              assertTrue(!line.contains("  "), "two blanks: " + line);
            });
  }

  /** Words with a capital letter that may begin a line. */
  private static final String BEGINNINGS = "(SRC_DIR|DEST_PARENT_DIR|COMMAND).*";

  private static Stream<String> all() {
    return found.values().stream().flatMap(Set::stream);
  }

  /** Reads the sources as the compiler sees them. */
  private static final class Reader {
    private final Trees trees;
    private final JavacTask task;
    private final Set<String> called = new TreeSet<>();

    Reader(JavacTask task) {
      this.task = task;
      this.trees = Trees.instance(task);
    }

    void messages(CompilationUnitTree unit) {
      var texts = found.computeIfAbsent(file(unit), any -> new LinkedHashSet<>());
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitMethodInvocation(MethodInvocationTree call, Void none) {
          add(name(call.getMethodSelect()), call.getArguments());
          return super.visitMethodInvocation(call, none);
        }

        @Override
        public Void visitNewClass(NewClassTree made, Void none) {
          add("new " + name(made.getIdentifier()), made.getArguments());
          return super.visitNewClass(made, none);
        }

        private void add(String maker, List<? extends ExpressionTree> arguments) {
          var which = MAKERS.get(maker);
          if (which == null || which[which.length - 1] >= arguments.size()) {
            return;
          }
          var isPrinted = !maker.equals("new IllegalArgumentException");
          var subject = isPrinted ? subject(maker) : ""; // Its catcher names the subject.
          for (var message : texts(at(arguments.get(which[0])))) {
            var text = subject + message;
            if (isPrinted) {
              printed.add(text);
            }
            var hints = which.length == 1 ? List.<String>of() : texts(at(arguments.get(which[1])));
            var below = hints.stream().map(hint -> hint.isEmpty() ? NO_HINT : hint);
            texts.add(text + below.map(hint -> "\n    " + hint).collect(joining()));
          }
        }

        private String subject(String maker) {
          var path = getCurrentPath();
          while (!(path.getLeaf() instanceof ClassTree)
              || ((ClassTree) path.getLeaf()).getSimpleName().length() == 0) {
            path = path.getParentPath();
          }
          var speaker = ((ClassTree) path.getLeaf()).getSimpleName().toString();
          var ofPath = maker.endsWith("roblem");
          return (OF_TARGETS.contains(maker) || SPEAKERS_OF_TARGETS.contains(speaker)
                  ? "{label}: "
                  : "")
              + (ofPath ? "{path} " : "");
        }

        private TreePath at(Tree tree) {
          return new TreePath(getCurrentPath(), tree);
        }
      }.scan(unit, null);
    }

    /** Adds the texts of the methods called in messages, and of those called in these. */
    void texts(List<CompilationUnitTree> units) {
      var read = new TreeSet<String>();
      while (!read.containsAll(called)) {
        var now = new TreeSet<>(called);
        now.removeAll(read);
        read.addAll(now);
        units.forEach(unit -> texts(unit, now));
      }
    }

    private void texts(CompilationUnitTree unit, Set<String> methods) {
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitMethod(MethodTree method, Void none) {
          var name = method.getName().toString();
          var type = String.valueOf(method.getReturnType());
          if (methods.contains(name)
              && !PARTS.contains(name)
              && type.equals("String")
              && !MAKERS.containsKey(name)) {
            var texts = new LinkedHashSet<String>();
            returned(getCurrentPath()).forEach(path -> texts.addAll(Reader.this.texts(path)));
            texts.removeIf(text -> text.isEmpty() || text.matches("\\{\\w*}"));
            texts.forEach(text -> found.get(file(unit)).add("{" + name + "} " + text));
          }
          return super.visitMethod(method, none);
        }
      }.scan(unit, null);
    }

    private static List<TreePath> returned(TreePath method) {
      var paths = new ArrayList<TreePath>();
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitReturn(ReturnTree node, Void none) {
          if (node.getExpression() != null) {
            paths.add(new TreePath(getCurrentPath(), node.getExpression()));
          }
          return super.visitReturn(node, none);
        }

        @Override
        public Void visitLambdaExpression(LambdaExpressionTree node, Void none) {
          return null;
        }

        @Override
        public Void visitClass(ClassTree node, Void none) {
          return null;
        }
      }.scan(method, null);
      return paths;
    }

    /** Returns the values an expression can have, parts known only at run time in braces. */
    private List<String> texts(TreePath path) {
      var tree = path.getLeaf();
      Function<Tree, List<String>> inside = part -> texts(new TreePath(path, part));
      if (tree instanceof LiteralTree literal) {
        return List.of(String.valueOf(literal.getValue()).replace("\n", "\\n"));
      } else if (tree instanceof ParenthesizedTree parenthesized) {
        return inside.apply(parenthesized.getExpression());
      } else if (tree instanceof BinaryTree sum && sum.getKind() == Kind.PLUS) {
        var both = new ArrayList<String>();
        for (var left : inside.apply(sum.getLeftOperand())) {
          inside.apply(sum.getRightOperand()).forEach(right -> both.add(left + right));
        }
        return both;
      } else if (tree instanceof ConditionalExpressionTree choice) {
        var both = new ArrayList<>(inside.apply(choice.getTrueExpression()));
        both.addAll(inside.apply(choice.getFalseExpression()));
        return both;
      } else if (tree instanceof SwitchExpressionTree choice) {
        var all = new ArrayList<String>();
        choice.getCases().forEach(one -> all.addAll(ofCase(new TreePath(path, one))));
        return all;
      } else if (tree instanceof MethodInvocationTree call) {
        var name = name(call.getMethodSelect());
        if (TRANSPARENT.contains(name) && !call.getArguments().isEmpty()) {
          return inside.apply(call.getArguments().get(call.getArguments().size() - 1));
        }
        called.add(name);
        return placeholder(path, name);
      }
      return placeholder(path, name(tree));
    }

    private List<String> ofCase(TreePath path) {
      var body = ((CaseTree) path.getLeaf()).getBody();
      if (body instanceof ExpressionTree) {
        return texts(new TreePath(path, body));
      }
      var all = new ArrayList<String>();
      new TreeScanner<Void, Void>() {
        @Override
        public Void visitYield(YieldTree node, Void none) {
          all.addAll(texts(TreePath.getPath(path, node.getValue())));
          return super.visitYield(node, none);
        }
      }.scan(body, null);
      return all;
    }

    /**
     * Returns a constant's text, or the name of a value in braces. The value must not be an
     * exception or a class, which would show the name of a class.
     */
    private List<String> placeholder(TreePath path, String name) {
      if (trees.getElement(path) instanceof VariableElement variable
          && variable.getConstantValue() instanceof String text) {
        return List.of(text);
      }
      var type = trees.getTypeMirror(path);
      var elements = task.getElements();
      for (var wrong : List.of("java.lang.Throwable", "java.lang.Class")) {
        var no = task.getTypes().erasure(elements.getTypeElement(wrong).asType());
        if (type != null && task.getTypes().isSubtype(task.getTypes().erasure(type), no)) {
          ofTypesThatAreNoTexts.add(file(path.getCompilationUnit()) + ": " + path.getLeaf());
        }
      }
      return List.of("{" + name + "}");
    }

    private static String file(CompilationUnitTree unit) {
      return Path.of(unit.getSourceFile().getName()).getFileName().toString();
    }

    /** Returns the last word. */
    private static String name(Tree tree) {
      if (tree instanceof IdentifierTree identifier) {
        return identifier.getName().toString();
      } else if (tree instanceof MemberSelectTree select) {
        return select.getIdentifier().toString();
      } else if (tree instanceof ArrayAccessTree element) {
        return name(element.getExpression());
      }
      return "";
    }
  }
}
