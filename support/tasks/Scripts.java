package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The scripts that frep consists of, by their paths in its repository, as they were when frep was
 * built. JBang copies each file of the {@code //FILES} lines of frep.java to the class path.
 */
final class Scripts {
  static final String MAIN = "frep.java";

  /** The other files by name, inside a frep that {@link SingleFile} has made; otherwise none. */
  private static final Map<String, String> INLINED = Map.of();

  private static final String FILES = "//FILES ";
  private static final String LAUNCHER = "jbang";
  private static final List<String> EXECUTABLE = List.of(MAIN, LAUNCHER);

  private final Map<String, byte[]> contents;

  private Scripts(Map<String, byte[]> contents) {
    this.contents = contents;
  }

  /** Returns the file that a {@code //FILES} line puts on the class path, or null. */
  static byte[] resource(String name) throws IOException {
    String text = INLINED.get(name);
    if (text != null) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    try (InputStream in = Scripts.class.getResourceAsStream("/" + name)) {
      return in == null ? null : in.readAllBytes();
    }
  }

  /** Reads all scripts. The result is empty if something other than JBang has built frep. */
  static Scripts read() throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    byte[] main = resource(MAIN);
    for (Map.Entry<String, String> file : files(main == null ? "" : text(main)).entrySet()) {
      contents.put(file.getKey(), resource(file.getValue()));
    }
    return new Scripts(contents);
  }

  /**
   * Returns the files that the header of frep.java takes along: each path in the repository with
   * its name on the class path. JBang drops the folders of a {@code path}, and keeps the name of a
   * {@code name=path}.
   */
  static Map<String, String> files(String main) {
    Map<String, String> files = new TreeMap<>();
    main.lines()
        .takeWhile(line -> !line.startsWith("package "))
        .filter(line -> line.startsWith(FILES))
        .flatMap(line -> Arrays.stream(line.substring(FILES.length()).split(" ")))
        .map(word -> word.split("=", 2))
        .forEach(
            word -> files.put(word[word.length - 1], word.length > 1 ? word[0] : base(word[0])));
    return files;
  }

  private static String base(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static String text(byte[] content) {
    return new String(content, StandardCharsets.UTF_8);
  }

  /** Returns these scripts as one: by {@link SingleFile}, unless there is but one. */
  Scripts merged(Merge merge) throws Failure {
    if (contents.size() < 2) {
      return this;
    }
    Map<String, String> texts = new TreeMap<>();
    contents.forEach((path, content) -> texts.put(path, text(content)));
    return new Scripts(Map.of(MAIN, merge.of(texts).getBytes(StandardCharsets.UTF_8)));
  }

  /** Makes one text of many by path. */
  interface Merge {
    String of(Map<String, String> texts) throws Failure;
  }

  /**
   * Returns these scripts and the launcher that has started this frep, if it is the one of frep's
   * repository: with it the scripts need no installed JBang.
   */
  Scripts withLauncher() throws IOException {
    String launcher = System.getenv().getOrDefault("JBANG_LAUNCH_CMD", "");
    boolean ours = !System.getenv().getOrDefault("FREP_JBANG_VERSION", "").isEmpty();
    if (!ours || launcher.isEmpty() || contents.isEmpty()) {
      return this;
    }
    Map<String, byte[]> more = new TreeMap<>(contents);
    more.put(LAUNCHER, Files.readAllBytes(Names.path(Names.bytes(launcher))));
    return new Scripts(more);
  }

  boolean hasLauncher() {
    return contents.containsKey(LAUNCHER);
  }

  /** Whether frep runs from a single file that {@link SingleFile} has made. */
  static boolean areInlined() {
    return !INLINED.isEmpty();
  }

  /** Returns 12 hexadecimal digits that differ between versions, or "" if there are no scripts. */
  String digest() {
    if (contents.isEmpty()) {
      return "";
    }
    MessageDigest digest = sha256();
    contents.forEach(
        (path, content) -> {
          digest.update((path + "\0").getBytes(StandardCharsets.UTF_8));
          digest.update(sha256().digest(content));
        });
    return HexFormat.of().formatHex(digest.digest(), 0, 6);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException never) {
      throw new AssertionError(never); // Every Java has it.
    }
  }

  /** Whether a folder contains these very scripts. */
  boolean areIn(Path folder) {
    return !contents.isEmpty()
        && contents.keySet().stream().allMatch(name -> isSame(folder.resolve(name), name));
  }

  private boolean isSame(Path file, String name) {
    try {
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          && Arrays.equals(Files.readAllBytes(file), contents.get(name));
    } catch (IOException unreadable) {
      return false;
    }
  }

  /**
   * Writes the scripts into a folder. Files that are there already stay as they are.
   *
   * @return the names of the files that were missing
   * @throws Failure if a file with other content has the name of a script; then nothing is written
   */
  List<String> writeTo(Path folder) throws IOException, Failure {
    if (contents.isEmpty()) {
      throw new Failure(
          Exit.USAGE,
          "--eject: this frep does not contain its scripts",
          "run it with JBang: jbang frep.java");
    }
    List<String> missing =
        contents.keySet().stream()
            .filter(name -> !Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS))
            .toList();
    List<String> others =
        contents.keySet().stream()
            .filter(name -> !missing.contains(name) && !isSame(folder.resolve(name), name))
            .toList();
    if (!others.isEmpty()) {
      throw new Failure(
          Exit.USAGE,
          "--eject: "
              + Names.show(folder.toString())
              + " contains a different "
              + String.join(", ", others)
              + ": wrote nothing",
          "choose another folder, such as tools/frep, or move the old files away");
    }
    for (String name : missing) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(file, contents.get(name), StandardOpenOption.CREATE_NEW);
      if (EXECUTABLE.contains(name) && !file.toFile().setExecutable(true, false)) {
        throw new IOException(file + ": cannot be made executable");
      }
    }
    return missing;
  }
}
