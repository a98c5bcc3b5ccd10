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
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What frep can be asked about itself; neither a source nor a target is needed for it. */
final class About {
  static final String VERSION = "0.1.0";

  @Option(
      names = "--eject",
      paramLabel = "DIR",
      description = "Write frep's own scripts into a folder of your repository, ready to run.")
  private String eject;

  @Option(
      names = "--completion",
      paramLabel = "SHELL",
      description = "Print a completion script for ${COMPLETION-CANDIDATES}.")
  private Shell completion;

  @Option(names = "--man", description = "Print a manual page: frep --man | man -l -")
  private boolean man;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print what runs: frep, its commit, JBang, Java.")
  private boolean version;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Print this help.")
  private boolean help;

  /** Those that picocli can complete for. */
  enum Shell {
    bash,
    zsh
  }

  /** Whether one of these was asked for. */
  boolean asked() {
    return eject != null || completion != null || man;
  }

  /** Does it. */
  Exit answer(CommandSpec command, Console console) throws IOException, Failure {
    if (completion != null) { // The same script serves both: it looks who reads it.
      console.answer(AutoComplete.bash(command.name(), command.commandLine()).stripTrailing());
    } else if (man) {
      console.answer(ManPage.of(command));
    } else {
      eject(console);
    }
    return Exit.IN_STEP;
  }

  /** Prints the rule that decides for a path of the source; returns 0 if it is sent, else 1. */
  static int why(Options options, String why, Console console) throws IOException {
    String path = why.replaceFirst("^(\\./)+", "").replaceFirst("/+$", "");
    Path file = Names.below(options.source(), path);
    boolean folder = why.endsWith("/") || Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS);
    IgnoreRules.Reason reason =
        IgnoreRules.load(
                options.source(), name -> Names.below(options.source(), name), options.selection())
            .why(path, folder);
    console.answer((reason.sent() ? "sent: " : "not sent: ") + Names.show(reason + ""));
    return reason.sent() ? 0 : 1;
  }

  private void eject(Console console) throws IOException, Failure {
    if (eject.isEmpty()) { // It would be the working folder.
      throw new Failure(Exit.USAGE, "--eject: DIR is empty", "is a variable not set?");
    }
    String shown = Names.show(eject);
    try {
      Scripts scripts = Scripts.read();
      List<String> written = scripts.writeTo(Names.path(eject));
      console.answer(
          written.isEmpty()
              ? shown + " has it all already"
              : "wrote " + Text.count(written.size(), "file") + " into " + shown);
    } catch (FileSystemException denied) {
      throw new Failure(
          Exit.USAGE,
          "--eject: "
              + Names.show(Objects.toString(denied.getFile(), eject))
              + ": cannot be written",
          "choose a folder that you may write in");
    }
    String folder = eject.replaceFirst("/+$", "").replaceFirst("^(?=-)", "./");
    console.answer(
        "next: " + quoted(folder + "/jbang") + " " + quoted(folder + "/frep.java") + " --help");
  }

  /** As a word of a shell. */
  private static String quoted(String word) {
    return word.matches("[A-Za-z0-9._/+-]+")
        ? Names.show(word)
        : "'" + Names.show(word).replace("'", "'\\''") + "'";
  }

  /** What --version prints: enough to tell which frep it was that did something. */
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
     * JBang does not tell a script where it has come from. If these very scripts stand in a
     * checkout around the launcher or the working folder, they are from there.
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

    /** Of frep itself: scripts that were ejected say nothing about the commit around them. */
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

    /** Our launcher says which it has brought; JBang's own stands beside the jar that it runs. */
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
