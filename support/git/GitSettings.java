package dev.frep;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jgit.errors.ConfigInvalidException;
import org.eclipse.jgit.lib.Config;

/**
 * The settings of a repository that decide what Git ignores.
 *
 * <p>{@code git config} reads them. JGit reads them where Git is not installed: loading JGit takes
 * four times as long as starting Git, mostly to verify the signature of its jar.
 *
 * @param excludesFile the file named by core.excludesFile, or Git's default
 * @param ignoreCase core.ignoreCase
 * @param hashSize the bytes of an object's name
 */
record GitSettings(Path excludesFile, boolean ignoreCase, int hashSize) {
  private static final String EXCLUDES = "core.excludesfile";
  private static final String CASE = "core.ignorecase";
  private static final String FORMAT = "extensions.objectformat";
  private static final String ON_BRANCH = "onbranch:";
  private static final String WANTED =
      "^(" + EXCLUDES + "|" + CASE + "|" + FORMAT + "|include\\.path|includeif\\..*\\.path)$";

  /** Larger than any file in which Git keeps a few settings. */
  static final int LONGEST_TEXT = 1 << 20;

  /** Git's own limit. */
  private static final int DEEPEST_INCLUDE = 10;

  /**
   * Reads the settings.
   *
   * @param commonDir where the repository keeps what its worktrees share
   * @param depend receives every file that may hold a setting before the file is read
   */
  static GitSettings read(GitCommand git, Path commonDir, UnaryOperator<Path> depend)
      throws IOException {
    Path home = folder("HOME", Path.of(System.getProperty("user.home")));
    Path user = folder("XDG_CONFIG_HOME", home.resolve(".config")).resolve("git");
    List<Path> own = List.of(commonDir.resolve("config"), git.gitDir().resolve("config.worktree"));
    for (Path file : own) { // Git would block on a FIFO.
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw new FileSystemException(file.toString(), null, "is not a file");
      }
    }
    Map<String, String> found = new HashMap<>();
    List<Path> files =
        List.of(
            depend.apply(Path.of("/etc/gitconfig")),
            depend.apply(user.resolve("config")),
            depend.apply(home.resolve(".gitconfig")),
            depend.apply(own.get(0)),
            depend.apply(own.get(1)));
    byte[] printed =
        git.ask("config", "--null", "--show-origin", "--type=path", "--get-regexp", WANTED);
    if (printed != null) {
      parse(new String(printed, StandardCharsets.ISO_8859_1), git, depend, found);
    } else {
      WithoutGit reader = new WithoutGit(git.gitDir(), home, depend);
      for (Path file : files) {
        found.putAll(reader.read(file, 0));
      }
    }
    String excludes = found.getOrDefault(EXCLUDES, Names.ofAll(user.resolve("ignore")));
    String ignoreCase = found.getOrDefault(CASE, "").toLowerCase(Locale.ROOT);
    return new GitSettings(
        depend.apply(resolve(git.workTree(), excludes)),
        List.of("true", "yes", "on", "1").contains(ignoreCase),
        "sha256".equals(found.get(FORMAT)) ? 32 : 20);
  }

  private static Path folder(String variable, Path otherwise) {
    String value = System.getenv(variable);
    return value == null || value.isEmpty() ? otherwise : Path.of(value);
  }

  /** Parses the output of git config: file:ORIGIN NUL name LF value NUL, again and again. */
  private static void parse(
      String printed, GitCommand git, UnaryOperator<Path> depend, Map<String, String> found) {
    String[] words = printed.split("\0");
    for (int i = 0; i + 1 < words.length; i += 2) {
      String[] setting = words[i + 1].split("\n", 2);
      String value = setting.length < 2 ? "true" : setting[1];
      found.put(setting[0], value);
      if (setting[0].startsWith("include")) {
        Path origin = resolve(git.workTree(), words[i].replaceFirst("^file:", ""));
        depend.apply(resolve(origin.getParent(), value));
      }
      if (setting[0].startsWith("includeif." + ON_BRANCH)) {
        depend.apply(git.gitDir().resolve("HEAD"));
      }
    }
  }

  /** Returns the path that these bytes name, relative to a folder. */
  static Path resolve(Path folder, String bytes) {
    return (Names.isAscii(bytes)
            ? folder.resolve(bytes)
            : Names.below(bytes.startsWith("/") ? folder.getRoot() : folder, bytes))
        .normalize();
  }

  /**
   * Reads configuration files with JGit. Of the conditions of includeIf it knows gitdir, gitdir/i
   * and onbranch; an include under any other condition is left out.
   *
   * <p>Not JGit's FileBasedConfig: that blocks on a FIFO, resolves the includes of an included file
   * against the wrong folder, and takes another 150 ms to load.
   */
  private record WithoutGit(Path gitDir, Path home, UnaryOperator<Path> depend) {
    private static final Pattern HEADER =
        Pattern.compile("(?m)^[ \t]*\\[([^\\]\\s\"]+)(?:[ \t]+\"((?:[^\"\\\\\n]|\\\\.)*)\")?\\]");

    /** Returns those of the three settings that a file and its includes hold, as bytes. */
    Map<String, String> read(Path file, int depth) throws IOException {
      Map<String, String> found = new HashMap<>();
      if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
        return found;
      }
      Config config =
          new Config() {
            @Override
            protected byte[] readIncludedConfig(String path) throws ConfigInvalidException {
              return included(resolve(file.getParent(), expanded(path)), depth + 1);
            }
          };
      try {
        String text = SmallFile.text(file, LONGEST_TEXT).replaceFirst("^\u00EF\u00BB\u00BF", "");
        config.fromText(HEADER.matcher(text).replaceAll(header -> rewritten(header, file)));
        String excludes = config.getString("core", null, "excludesFile");
        if (excludes != null) {
          found.put(EXCLUDES, expanded(excludes));
        }
        if (config.getString("core", null, "ignoreCase") != null) {
          found.put(CASE, "" + config.getBoolean("core", "ignoreCase", false));
        }
        if (config.getString("extensions", null, "objectFormat") != null) {
          found.put(FORMAT, config.getString("extensions", null, "objectFormat"));
        }
      } catch (ConfigInvalidException | IllegalArgumentException invalid) {
        throw new IOException(file + ": " + invalid.getMessage(), invalid);
      }
      return found;
    }

    /** Returns what a file holds as text for the place of its include; null if it is missing. */
    private byte[] included(Path file, int depth) throws ConfigInvalidException {
      if (depth > DEEPEST_INCLUDE) {
        throw new ConfigInvalidException("includes itself, or nests includes too deeply");
      }
      Config flat = new Config();
      try {
        read(depend.apply(file), depth)
            .forEach(
                (name, value) -> {
                  int dot = name.indexOf('.');
                  flat.setString(name.substring(0, dot), null, name.substring(dot + 1), value);
                });
      } catch (IOException broken) {
        throw new ConfigInvalidException(broken.getMessage(), broken);
      }
      return flat.toText().getBytes(StandardCharsets.UTF_8); // JGit decodes it as such.
    }

    private String expanded(String path) {
      return path.startsWith("~/") ? Names.ofAll(home) + path.substring(1) : path;
    }

    /**
     * Turns the header of a conditional include that applies into that of a plain include, and ends
     * its line: JGit reads no setting on the line of a header.
     */
    private String rewritten(MatchResult header, Path file) {
      boolean applies =
          header.group(1).equalsIgnoreCase("includeIf")
              && header.group(2) != null
              && applies(header.group(2).replaceAll("\\\\(.)", "$1"), file);
      return Matcher.quoteReplacement((applies ? "[include]" : header.group()) + "\n");
    }

    private boolean applies(String condition, Path file) {
      String argument = condition.substring(condition.indexOf(':') + 1);
      argument = argument.endsWith("/") ? argument + "**" : argument;
      try {
        if (condition.startsWith(ON_BRANCH)) {
          String head = SmallFile.text(depend.apply(gitDir.resolve("HEAD")), LONGEST_TEXT).strip();
          String branch = head.replaceFirst("^ref: refs/heads/", "");
          return !branch.equals(head) && matches(argument, branch, false);
        }
        boolean ignoreCase = condition.startsWith("gitdir/i:");
        if (!ignoreCase && !condition.startsWith("gitdir:")) {
          return false;
        }
        argument = expanded(argument);
        if (argument.startsWith("./")) {
          argument = Names.ofAll(file.toRealPath().getParent()) + argument.substring(1);
        } else if (!argument.startsWith("/")) {
          argument = "**/" + argument;
        }
        return matches(argument, Names.ofAll(gitDir.toRealPath()), ignoreCase)
            || matches(argument, Names.ofAll(gitDir), ignoreCase);
      } catch (IOException missing) {
        return false;
      }
    }

    private static boolean matches(String glob, String text, boolean ignoreCase) {
      int name = text.lastIndexOf('/') + 1;
      return IgnorePattern.of("/" + glob, ignoreCase).matches(text, 0, name, false);
    }
  }
}
