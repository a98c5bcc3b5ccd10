package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The scripts that frep is made of, by their paths in its repository, as they were when it was
 * built: JBang puts what the {@code //FILES} lines of frep.java name on the class path.
 */
final class Scripts {
  private final Map<String, byte[]> contents = new TreeMap<>();

  private Scripts() {}

  /** Reads them; there are none if something else than JBang has built frep. */
  static Scripts read() throws IOException {
    Scripts scripts = new Scripts();
    byte[] main = resource("frep.java");
    if (main != null) {
      for (String line : new String(main, StandardCharsets.UTF_8).split("\n")) {
        if (line.startsWith("package ")) {
          break;
        } else if (line.startsWith("//FILES ")) {
          for (String file : line.substring("//FILES ".length()).split(" ")) {
            String[] ends = file.split("="); // Either FILE, or RESOURCE=FILE.
            scripts.contents.put(
                ends[ends.length - 1], resource(ends.length > 1 ? ends[0] : Tree.name(file)));
          }
        }
      }
    }
    return scripts;
  }

  /** JBang takes no folders along; the scripts are all of one package, so no two have a name. */
  private static byte[] resource(String name) throws IOException {
    try (InputStream in = Scripts.class.getResourceAsStream("/" + name)) {
      return in == null ? null : in.readAllBytes();
    }
  }

  /** Tells two versions from each other, wherever they have come from; empty if there are none. */
  String digest() {
    if (contents.isEmpty()) {
      return "";
    }
    MessageDigest digest = Record.sha256();
    for (Map.Entry<String, byte[]> script : contents.entrySet()) {
      digest.update((script.getKey() + "\0").getBytes(StandardCharsets.UTF_8));
      digest.update(Record.sha256().digest(script.getValue()));
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 6);
  }

  /** Whether a folder has these very scripts. */
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
   * Writes them into a folder; what is there already stays.
   *
   * @return the names of those that were not there
   * @throws Failure if another file has the name of one; then nothing is written
   */
  List<String> writeTo(Path folder) throws IOException, Failure {
    if (contents.isEmpty()) {
      throw new Failure(
          Exit.USAGE, "--eject: frep has no scripts with it", "run it with JBang: jbang frep.java");
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
              + " has another "
              + String.join(", ", others)
              + ": nothing is written",
          "choose a folder of its own, such as tools/frep; or move what is there away");
    }
    for (String name : missing) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.write(file, contents.get(name), StandardOpenOption.CREATE_NEW);
      if (RUN_BY_NAME.contains(name) && !file.toFile().setExecutable(true, false)) {
        throw new IOException(file + ": cannot be made executable");
      }
    }
    return missing;
  }

  private static final List<String> RUN_BY_NAME = List.of("frep.java", "jbang");
}
