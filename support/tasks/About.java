package dev.frep;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The questions about frep itself; they need neither a source nor a target. */
final class About {
  static final String VERSION = "0.1.0";

  @Option(
      names = "--eject",
      paramLabel = "DIR",
      description =
          "Write frep's scripts into a folder of your repository; with DIR/frep.java, all of frep"
              + " as that one file.")
  private String eject;

  @Option(
      names = "--completion",
      paramLabel = "SHELL",
      description = "Print a completion script for ${COMPLETION-CANDIDATES}.")
  private Completes completion;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the versions of frep, its commit, JBang and Java.")
  private boolean version;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Print this help.")
  private boolean help;

  /** The shells that can read {@link Completion}; the same script serves both. */
  enum Completes {
    bash,
    zsh
  }

  /** Whether the command line asks one of these questions. */
  boolean asked() {
    return eject != null || completion != null;
  }

  /** Answers the question. */
  Exit answer(CommandSpec command, Console console) throws IOException, Failure {
    if (completion != null) {
      console.answer(Completion.of(command));
    } else {
      eject(console);
    }
    return Exit.IN_STEP;
  }

  /**
   * Prints the rule that decides whether a path of the source is sent.
   *
   * @param why the path, relative to SRC_DIR or absolute
   * @return 0 if the path is sent, else 1
   * @throws Failure if the path is not in the source
   */
  static int why(Options options, String why, Console console) throws IOException, Failure {
    Path named = why.startsWith("/") ? Names.path(why) : Names.below(options.source(), why);
    Path given = named.normalize();
    if (!given.startsWith(options.source())) {
      throw new Failure(
          Exit.PROBLEMS,
          "--why: " + Names.show(why) + ": not inside SRC_DIR",
          "give a path relative to SRC_DIR, such as src/main.c");
    }
    if (!Files.exists(given, LinkOption.NOFOLLOW_LINKS)) {
      throw new Failure(
          Exit.PROBLEMS,
          "--why: " + Names.show(why) + ": no such path in SRC_DIR",
          "give a path relative to SRC_DIR, such as src/main.c");
    }
    String path = Names.ofAll(options.source().relativize(given));
    boolean folder = Files.isDirectory(given, LinkOption.NOFOLLOW_LINKS);
    IgnoreRules.Reason reason =
        IgnoreRules.load(
                options.source(), name -> Names.below(options.source(), name), options.selection())
            .why(path, folder);
    console.answer((reason.sent() ? "sent: " : "not sent: ") + Names.show(reason + ""));
    return reason.sent() ? 0 : 1;
  }

  private void eject(Console console) throws IOException, Failure {
    if (eject.isEmpty()) { // An empty path would mean the working folder.
      throw new Failure(Exit.USAGE, "--eject: DIR is empty", "is a variable not set?");
    }
    boolean single = eject.endsWith(".java");
    String folder = single ? folderOf(eject) : eject.replaceFirst("(?<=.)/+$", "");
    if (!single && Scripts.areInlined()) {
      throw new Failure(
          Exit.USAGE,
          "--eject: this frep is a single file, which cannot be split into its scripts",
          "copy the file: --eject DIR/frep.java; or clone the repository of frep");
    }
    Scripts all = Scripts.read();
    Scripts scripts = single ? all.merged(SingleFile::of) : all.withLauncher();
    try {
      int written = scripts.writeTo(Names.path(folder)).size();
      console.answer(
          written == 0
              ? Names.show(eject) + " is complete already"
              : single
                  ? "wrote " + Names.show(eject)
                  : "wrote " + Text.count(written, "file") + " into " + Names.show(eject));
    } catch (FileSystemException denied) {
      String file = Objects.toString(denied.getFile(), eject);
      throw new Failure(
          Exit.USAGE,
          "--eject: " + Names.show(Names.bytes(file)) + ": cannot be written",
          "choose a folder that you may write in");
    }
    String below = folder.isEmpty() ? "" : folder.replaceFirst("^(?=-)", "./") + "/";
    String jbang = scripts.hasLauncher() ? quoted(below + "jbang") : "jbang";
    console.answer("next: " + jbang + " " + quoted(below + Scripts.MAIN) + " --help");
  }

  private static String folderOf(String file) throws Failure {
    int slash = file.lastIndexOf('/');
    if (!file.substring(slash + 1).equals(Scripts.MAIN)) {
      throw new Failure(
          Exit.USAGE,
          "--eject: " + Names.show(file) + ": the file must have the name frep.java",
          "the file is named after its class: --eject tools/frep.java");
    }
    return file.substring(0, Math.max(slash, file.startsWith("/") ? 1 : 0));
  }

  /** Returns a text as one word of a shell. */
  private static String quoted(String word) {
    return word.matches("[A-Za-z0-9._/+-]+")
        ? Names.show(word)
        : "'" + Names.show(word).replace("'", "'\\''") + "'";
  }

  /** The answer to --version: enough to tell which frep did something. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      Scripts scripts = Scripts.read();
      return new String[] {
        "frep " + VERSION,
        "commit " + commit(scripts),
        "JBang " + jbang(),
        "Java " + Runtime.version()
      };
    }

    /**
     * Returns the commit of the checkout, around the launcher or the working folder, that contains
     * these very scripts: JBang does not tell a script where it comes from.
     */
    private static String commit(Scripts scripts) {
      String launcher = System.getenv().getOrDefault("JBANG_LAUNCH_CMD", "");
      return Stream.of(Names.path(Names.bytes(launcher)), Path.of(""))
          .flatMap(path -> Stream.iterate(path.toAbsolutePath(), Objects::nonNull, Path::getParent))
          .filter(folder -> isCheckout(folder) && scripts.areIn(folder))
          .map(Version::head)
          .filter(head -> !head.isEmpty())
          .findFirst()
          .orElse("unknown" + (scripts.digest().isEmpty() ? "" : ", scripts " + scripts.digest()));
    }

    /** Whether a folder is a checkout of frep: ejected scripts stand in other repositories. */
    private static boolean isCheckout(Path folder) {
      return Files.exists(folder.resolve(".git"))
          && Files.isRegularFile(folder.resolve("tests/test.java"));
    }

    private static String head(Path folder) {
      String head = git(folder, "rev-parse", "--short", "HEAD");
      boolean changed = !git(folder, "status", "--porcelain", "--untracked-files=no").isEmpty();
      return head.isEmpty() || !changed ? head : head + ", changed since";
    }

    private static String git(Path folder, String... words) {
      try {
        Process git =
            new ProcessBuilder(
                    Stream.concat(Stream.of("git", "-C", folder.toString()), Stream.of(words))
                        .toList())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        git.getOutputStream().close();
        String answer = new String(git.getInputStream().readAllBytes()).strip();
        return git.waitFor() == 0 ? Names.show(answer) : "";
      } catch (IOException noGit) {
        return "";
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        return "";
      }
    }

    /** Our launcher tells the version; JBang's own launcher stands beside the jar that it runs. */
    private static String jbang() {
      String brought = System.getenv("FREP_JBANG_VERSION");
      if (brought != null) {
        return Names.show(brought);
      }
      String launcher = System.getenv("JBANG_LAUNCH_CMD");
      if (launcher == null) {
        return "not used";
      }
      try {
        Path bin = Path.of(launcher).toRealPath().getParent();
        for (String place : List.of("jbang.jar", ".jbang/jbang.jar")) {
          File jar = bin.resolve(place).toFile();
          if (jar.isFile()) {
            try (JarFile file = new JarFile(jar)) {
              return Names.show(file.getManifest().getMainAttributes().getValue("JBang-Version"));
            }
          }
        }
      } catch (IOException | RuntimeException elsewhere) {
        return "unknown";
      }
      return "unknown";
    }
  }
}
