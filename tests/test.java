///usr/bin/env jbang "$0" "$@" ; exit $?
//DESCRIPTION Runs the tests; an argument selects those whose class or method name contains it
//JAVA 17+
//DEPS org.junit.jupiter:junit-jupiter:5.14.4
//DEPS org.junit.platform:junit-platform-launcher:1.14.4
//DEPS io.undertow:undertow-core:2.3.18.Final
//DEPS org.apache.commons:commons-compress:1.28.0
//DEPS commons-codec:commons-codec:1.22.1
//COMPILE_OPTIONS -encoding UTF-8 -XDignore.symbol.file
//SOURCES ../bench/league.java
//SOURCES ../frep.java
//SOURCES AboutTest.java
//SOURCES AtomicTest.java
//SOURCES BadInputTest.java
//SOURCES CheckTest.java
//SOURCES Commands.java
//SOURCES ConsoleTest.java
//SOURCES ContainersReplicationTest.java
//SOURCES ContentTest.java
//SOURCES CompressionTest.java
//SOURCES CutTest.java
//SOURCES DriftTest.java
//SOURCES DockerEngine.java
//SOURCES DryRunTest.java
//SOURCES EnduranceTest.java
//SOURCES Frep.java
//SOURCES GitPauseTest.java
//SOURCES GitSettingsTest.java
//SOURCES GuardTest.java
//SOURCES HooksTest.java
//SOURCES HouseTest.java
//SOURCES HostileSourceTest.java
//SOURCES IgnoreRulesTest.java
//SOURCES JsonLine.java
//SOURCES KubeApi.java
//SOURCES KnownTest.java
//SOURCES LauncherStartTest.java
//SOURCES LauncherTest.java
//SOURCES LeagueTest.java
//SOURCES LiarTest.java
//SOURCES LocalReplicationTest.java
//SOURCES MainJobTest.java
//SOURCES MessagesTest.java
//SOURCES ModelTest.java
//SOURCES MutationTest.java
//SOURCES NamesTest.java
//SOURCES OutboxTest.java
//SOURCES OwnerTest.java
//SOURCES PartsTest.java
//SOURCES PlanTest.java
//SOURCES PlugInTest.java
//SOURCES PodmanStore.java
//SOURCES PodsReplicationTest.java
//SOURCES ReadmeTest.java
//SOURCES ReceiverTest.java
//SOURCES ReleaseTest.java
//SOURCES Replication.java
//SOURCES Rootfs.java
//SOURCES RunTest.java
//SOURCES Session.java
//SOURCES SignalTest.java
//SOURCES SlowLink.java
//SOURCES Small.java
//SOURCES SshReplicationTest.java
//SOURCES Sshd.java
//SOURCES TarTest.java
//SOURCES TransportsTest.java
//SOURCES TrashTest.java
//SOURCES TreeTest.java
//SOURCES Trees.java
//SOURCES TroubleTest.java
//SOURCES TruthTest.java
//SOURCES Tmux.java
//SOURCES WatchTest.java
//SOURCES World.java
//FILES plugin/Shout.java=plugin/Shout.java

package dev.frep;

import static org.junit.platform.engine.FilterResult.includedIf;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClasspathRoots;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Finds every test in its own jar and runs those asked for; the last line printed is the sum. */
class test {

  /** Longer than the slowest test on a slow machine, shorter than the patience of who waits. */
  private static final String TIMEOUT = "10 m";

  /** JUnit warns of every link it clears away. A logger is forgotten if no one holds it. */
  private static final Logger CHATTER = Logger.getLogger("org.junit");

  public static void main(String... args) throws Exception {
    CHATTER.setLevel(Level.SEVERE);
    var wanted = args.length == 0 ? "" : args[0];
    var jar = Path.of(test.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    var request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectClasspathRoots(Set.of(jar)))
            .filters((PostDiscoveryFilter) found -> includedIf(name(found).contains(wanted)))
            .configurationParameter("junit.jupiter.execution.timeout.default", TIMEOUT)
            // Two classes at a time, the tests of each in turn: most of a test is waiting.
            .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
            .configurationParameter("junit.jupiter.execution.parallel.mode.default", "same_thread")
            .configurationParameter(
                "junit.jupiter.execution.parallel.mode.classes.default", "concurrent")
            .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
            .configurationParameter(
                "junit.jupiter.execution.parallel.config.fixed.parallelism", "2")
            .configurationParameter(
                "junit.jupiter.execution.parallel.config.fixed.max-pool-size", "2")
            // What looks like a test and would not run, say a private method, is an error.
            .configurationParameter("junit.platform.discovery.issue.severity.critical", "WARNING")
            .build();
    var report = new Report(System.out);
    LauncherFactory.create().execute(request, report);
    System.exit(report.sum() ? 0 : 1);
  }

  private static String name(TestDescriptor found) {
    return found.getSource().map(test::name).orElse("");
  }

  /** {@code Class.method}, without the package. */
  private static String name(TestSource source) {
    if (source instanceof MethodSource method) {
      return simple(method.getClassName()) + "." + method.getMethodName();
    }
    return source instanceof ClassSource type ? simple(type.getClassName()) : "";
  }

  private static String simple(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }

  /** Prints a line for each class, more for what failed or was skipped, and keeps the count. */
  private static final class Report implements TestExecutionListener {

    private final PrintStream out;
    private final Map<String, Long> started = new HashMap<>();
    private TestPlan plan;
    private int passed;
    private int failed;
    private int skipped;

    Report(PrintStream out) {
      this.out = out;
    }

    /** Prints the sum, and says whether it is a good one. */
    synchronized boolean sum() {
      out.printf("%d passed, %d failed, %d skipped%n", passed, failed, skipped);
      out.flush();
      return failed == 0 && passed > 0;
    }

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
      this.plan = plan;
    }

    @Override
    public synchronized void executionStarted(TestIdentifier id) {
      started.put(id.getUniqueId(), System.nanoTime());
    }

    @Override
    public synchronized void executionSkipped(TestIdentifier id, String reason) {
      skipped += id.isTest() ? 1 : (int) plan.countTestIdentifiers(within(id));
      out.printf("SKIPPED %s: %s%n", title(id), reason);
    }

    private Predicate<TestIdentifier> within(TestIdentifier container) {
      return id -> id.isTest() && plan.getDescendants(container).contains(id);
    }

    @Override
    public synchronized void executionFinished(TestIdentifier id, TestExecutionResult result) {
      var problem = result.getThrowable();
      switch (result.getStatus()) {
        case FAILED -> {
          failed++;
          out.printf("FAILED %s: %s%n", title(id), problem.map(Report::trace).orElse("?"));
        }
        case ABORTED -> {
          skipped++;
          out.printf("SKIPPED %s: %s%n", title(id), problem.map(Throwable::getMessage).orElse("?"));
        }
        case SUCCESSFUL -> passed += id.isTest() ? 1 : 0;
      }
      if (id.getSource().orElse(null) instanceof ClassSource type) {
        var seconds = (System.nanoTime() - started.get(id.getUniqueId())) / 1e9;
        out.printf("%-60s %6.2f s%n", simple(type.getClassName()), seconds);
      }
    }

    private static String title(TestIdentifier id) {
      var name = id.getSource().map(test::name).orElse("");
      var shown = id.getDisplayName();
      return name.endsWith(shown.replaceFirst("\\(.*", "")) ? name : (name + " " + shown).strip();
    }

    /** What went wrong and where in our own code: the frames of JUnit and the JDK say nothing. */
    private static String trace(Throwable problem) {
      var text = new StringBuilder(problem.toString());
      Arrays.stream(problem.getStackTrace())
          .filter(frame -> frame.getClassName().startsWith("dev.frep."))
          .limit(8)
          .forEach(frame -> text.append("\n    at ").append(frame));
      if (problem.getCause() != null) {
        text.append("\n  caused by ").append(trace(problem.getCause()));
      }
      return text.toString();
    }
  }
}
