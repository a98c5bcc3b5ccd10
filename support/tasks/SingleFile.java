package dev.frep;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Merges all scripts into one Java file that JBang runs by itself.
 *
 * <p>The file has the header of frep.java, the imports of all sources, then the sources in the
 * order of {@link #ROOMS}, and at the end all other files as text blocks. Only the class frep stays
 * public, since a Java file can have but one public class; so the single file offers no {@link
 * Transport} to foreign plug-ins.
 *
 * <p>It relies on the form that google-java-format gives: top-level declarations begin in the first
 * column, and nothing else does.
 */
final class SingleFile {
  /** The folders in the order of the flow; frep.java, in no folder, tells the story first. */
  private static final List<String> ROOMS =
      List.of(
          "",
          "support/",
          "support/link/",
          "support/git/",
          "support/tasks/",
          "support/console/",
          "support/system/",
          "transports/");

  private static final Pattern IMPORT = Pattern.compile("(?m)^import (static )?([\\w.*]+);\n");

  private static final Pattern PUBLIC_TYPE =
      Pattern.compile("(?m)^public (?=((final|abstract|sealed) )*(class|interface|enum|record) )");

  /** The declaration in {@link Scripts} that a single file replaces. */
  private static final String NOTHING_INLINED = "String> INLINED = Map.of();";

  private final TreeSet<String> staticImports = new TreeSet<>();

  /** The imported names by their last part: one file cannot import two types of one simple name. */
  private final Map<String, String> imports = new TreeMap<>();

  private final StringBuilder bodies = new StringBuilder();

  private SingleFile() {}

  /**
   * Returns the merged file.
   *
   * @param scripts the texts of all files by their paths in the repository, frep.java among them
   * @throws Failure if the scripts cannot be merged, which is a defect of theirs
   */
  static String of(Map<String, String> scripts) throws Failure {
    SingleFile file = new SingleFile();
    String main = scripts.get(Scripts.MAIN);
    List<String> sources =
        scripts.keySet().stream()
            .filter(path -> path.endsWith(".java"))
            .sorted(Comparator.comparing(SingleFile::room).thenComparing(path -> path))
            .toList();
    for (String path : sources) {
      file.add(path, scripts.get(path));
    }
    String inlined = inlined(scripts, Scripts.files(main));
    return header(main) + "package dev.frep;\n\n" + file.imports() + file.bodies + inlined;
  }

  private static int room(String path) {
    int room = ROOMS.indexOf(path.substring(0, path.lastIndexOf('/') + 1));
    return room < 0 ? ROOMS.size() : room;
  }

  /** The header of frep.java, with itself as the only file to take along. */
  private static String header(String main) {
    StringBuilder header = new StringBuilder();
    main.lines()
        .takeWhile(line -> !line.startsWith("package "))
        .filter(line -> !line.startsWith("//SOURCES ") && !line.startsWith("//FILES "))
        .forEach(line -> header.append(line).append('\n'));
    int end = header.indexOf("//COMPILE_OPTIONS ");
    return header.insert(Math.max(end, 0), "//FILES " + Scripts.MAIN + "\n").toString();
  }

  private void add(String path, String text) throws Failure {
    Matcher matcher = IMPORT.matcher(text);
    int start = text.indexOf("package dev.frep;\n") + "package dev.frep;\n".length();
    while (matcher.find()) {
      start = matcher.end();
      String name = matcher.group(2);
      if (matcher.group(1) != null) {
        staticImports.add(name);
        continue;
      }
      String simple = name.endsWith("*") ? name : name.substring(name.lastIndexOf('.') + 1);
      String before = imports.put(simple, name);
      if (before != null && !before.equals(name)) {
        throw defect(path + " imports " + name + ", another file " + before);
      }
    }
    String body = text.substring(start).strip();
    if (path.endsWith("/Scripts.java")) {
      if (!body.contains(NOTHING_INLINED)) {
        throw defect(path + " has no empty INLINED");
      }
      body = body.replace(NOTHING_INLINED, "String> INLINED = Inlined.FILES;");
    }
    if (!path.equals(Scripts.MAIN)) {
      bodies.append("// ---- ").append(path).append(" ----\n\n");
      body = PUBLIC_TYPE.matcher(body).replaceAll("");
    }
    bodies.append(body).append("\n\n");
  }

  private static Failure defect(String fault) {
    return new Failure(
        Exit.INTERNAL,
        "--eject: the scripts cannot be merged: " + fault,
        "--eject DIR writes them as they are");
  }

  private String imports() {
    StringBuilder lines = new StringBuilder();
    staticImports.forEach(name -> lines.append("import static ").append(name).append(";\n"));
    lines.append(staticImports.isEmpty() ? "" : "\n");
    new TreeSet<>(imports.values())
        .forEach(name -> lines.append("import ").append(name).append(";\n"));
    return lines.append('\n').toString();
  }

  /** A class with every file that is not Java, by its name on the class path. */
  private static String inlined(Map<String, String> scripts, Map<String, String> names) {
    StringBuilder entries = new StringBuilder();
    scripts.forEach(
        (path, text) -> {
          if (!path.endsWith(".java")) {
            entries.append(entries.isEmpty() ? "" : ",\n");
            entries.append("          Map.entry(\n              \"").append(names.get(path));
            entries.append("\",\n              \"\"\"\n").append(textBlock(text)).append("\"\"\")");
          }
        });
    return "/** The files that frep reads at run time, by name. */\nfinal class Inlined {\n"
        + "  static final Map<String, String> FILES =\n      Map.ofEntries(\n"
        + entries
        + ");\n\n  private Inlined() {}\n}\n";
  }

  /** The lines of a text block up to its end, which stands in the column of the text. */
  private static String textBlock(String text) {
    String indent = " ".repeat(14);
    String escaped = text.replace("\\", "\\\\").replace("\"\"\"", "\\\"\"\"");
    StringBuilder block = new StringBuilder();
    for (String line : escaped.split("\n", -1)) {
      String kept = line.endsWith(" ") ? line.substring(0, line.length() - 1) + "\\s" : line;
      kept = kept.endsWith("\t") ? kept.substring(0, kept.length() - 1) + "\\t" : kept;
      block.append(kept.isEmpty() ? "" : indent).append(kept).append('\n');
    }
    block.setLength(block.length() - 1); // The last line is empty if the text ends with a newline.
    return text.endsWith("\n") ? block + indent : block.toString();
  }
}
