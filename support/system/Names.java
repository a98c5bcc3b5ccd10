package dev.frep;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Names of files as bytes. A name is carried as a {@code String} in which each char is one byte
 * (ISO-8859-1), since names need not be valid in any encoding; here it is turned into what Java
 * opens and what people read.
 */
final class Names {
  /** What the JDK encodes names with; with any other than UTF-8 only ASCII names are safe. */
  private static final boolean UTF_8_LOCALE =
      StandardCharsets.UTF_8.equals(
          Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));

  private static final boolean BYTES = Path.of("/").toString().equals("/");
  private static final char LOST = '\uFFFD';

  private Names() {}

  /** The bytes of the last element of a path. */
  static String of(Path path) {
    String name = path.getFileName().toString();
    if (isAscii(name)) {
      return name;
    }
    if (!BYTES || UTF_8_LOCALE && name.indexOf(LOST) < 0) {
      return bytes(name);
    }
    String uri = path.toUri().getRawPath(); // exact, where toString() is not
    uri = uri.endsWith("/") ? uri.substring(0, uri.length() - 1) : uri;
    return unescape(uri.substring(uri.lastIndexOf('/') + 1));
  }

  /** What is in a folder, by the bytes of its name. */
  static SortedMap<String, Path> list(Path folder) throws IOException {
    SortedMap<String, Path> names = new TreeMap<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(child -> names.put(of(child), child));
    } catch (DirectoryIteratorException broken) {
      throw broken.getCause();
    }
    return names;
  }

  /** The bytes of a whole path. */
  static String ofAll(Path path) {
    String root = path.getRoot() == null ? "" : path.getRoot().toString();
    List<String> names = new ArrayList<>();
    for (Path up = path; up != null && up.getFileName() != null; up = up.getParent()) {
      names.add(0, of(up));
    }
    return root + String.join("/", names);
  }

  /** The bytes of what a symlink points to. */
  static String ofLink(Path target) {
    String text = target.toString();
    if (isAscii(text) || !BYTES || UTF_8_LOCALE && text.indexOf(LOST) < 0) {
      return bytes(text);
    }
    // Nothing is looked up below what is no folder, and so every byte stays where it is.
    String base = target.isAbsolute() ? "" : "/dev/null/";
    String uri = Path.of("/dev/null").resolve(target).toUri().getRawPath();
    boolean slashAdded = uri.endsWith("/") && !text.endsWith("/");
    return unescape(uri.substring(base.length(), uri.length() - (slashAdded ? 1 : 0)));
  }

  /** The path of a folder's child, given the bytes of its name. */
  static Path in(Path folder, String name) {
    if (isAscii(name)) {
      return folder.resolve(name);
    }
    String text = text(name);
    if (!BYTES || UTF_8_LOCALE && text.indexOf(LOST) < 0) {
      return folder.resolve(text);
    }
    String uri = folder.toUri().toString();
    return Path.of(URI.create((uri.endsWith("/") ? uri : uri + "/") + escape(name)));
  }

  /** The path below a folder, given the bytes of a relative path. */
  static Path below(Path folder, String relative) {
    Path path = folder;
    for (String name : relative.split("/")) {
      path = name.isEmpty() ? path : in(path, name);
    }
    return path;
  }

  /** For people: UTF-8 decoded, and what could move a cursor made visible. */
  static String show(String bytes) {
    StringBuilder shown = new StringBuilder();
    text(bytes)
        .codePoints()
        .forEach(
            c -> {
              if (c == '\n') {
                shown.append("\\n");
              } else if (isHarmful(c)) {
                shown.append(String.format("\\x%02x", c));
              } else {
                shown.appendCodePoint(c);
              }
            });
    return shown.toString();
  }

  /** A text with what could move a cursor made visible, should someone have forgotten to. */
  static String harmless(String text) {
    if (text.chars().noneMatch(Names::isHarmful)) {
      return text;
    }
    StringBuilder shown = new StringBuilder();
    text.chars()
        .forEach(c -> shown.append(isHarmful(c) ? String.format("\\x%02x", c) : (char) c + ""));
    return shown.toString();
  }

  private static boolean isHarmful(int c) {
    return Character.isISOControl(c) || Character.getType(c) == Character.FORMAT;
  }

  /** The bytes of a text. */
  static String bytes(String text) {
    return isAscii(text)
        ? text
        : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static String text(String bytes) {
    return isAscii(bytes)
        ? bytes
        : new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /**
   * The program's arguments as bytes. Java decodes them by the locale, which loses bytes; Linux
   * keeps them for us in /proc.
   */
  static List<String> arguments(String[] args) {
    List<String> given = List.of(args);
    if (given.stream().allMatch(Names::isAscii)) {
      return given;
    }
    try {
      String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.ISO_8859_1);
      List<String> all = List.of(line.substring(0, line.length() - 1).split("\0", -1));
      return all.subList(all.size() - args.length, all.size());
    } catch (IOException | IndexOutOfBoundsException notLinux) {
      return given.stream().map(Names::bytes).toList();
    }
  }

  /** The path that an argument names. */
  static Path path(String argument) {
    Path start = argument.startsWith("/") && BYTES ? Path.of("/") : Path.of("").toAbsolutePath();
    return BYTES ? below(start, argument) : Path.of(text(argument)).toAbsolutePath();
  }

  /**
   * A command as the system starts it: with its words as bytes, and out of reach of the signals
   * that a terminal or a {@code kill} sends to all of frep's process group. So frep alone decides
   * when a connection ends, and can say goodbye over it.
   */
  static List<String> command(List<String> words) {
    if (!Files.isExecutable(Path.of("/bin/sh"))) {
      return words; // Not Unix: as they are.
    }
    boolean apart = !SETSID.isEmpty() && !mayAskForPassword(words);
    List<String> command = new ArrayList<>(apart ? SETSID : List.of());
    String deaf = apart ? "" : "trap '' INT HUP; "; // docker, for one, listens all the same.
    if (words.stream().allMatch(Names::isAscii)) {
      command.addAll(List.of("/bin/sh", "-c", deaf + "exec \"$@\"", "sh"));
      command.addAll(words);
    } else {
      StringBuilder line = new StringBuilder();
      words.forEach(word -> line.append(' ').append(Text.quote(word)));
      StringBuilder octal = new StringBuilder();
      line.chars().forEach(c -> octal.append(String.format("\\0%03o", c)));
      String eval = "eval \"exec$(printf %b '" + octal + "')\"";
      command.addAll(List.of("/bin/sh", "-c", deaf + eval));
    }
    return command;
  }

  /** Starts a command in a session of its own; empty if the system has no setsid, as macOS. */
  private static final List<String> SETSID =
      Arrays.stream(System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":"))
          .filter(folder -> folder.startsWith("/"))
          .map(folder -> folder + "/setsid")
          .filter(file -> Files.isExecutable(Path.of(file)))
          .limit(1)
          .toList();

  /** They ask at the terminal, which a session of its own does not have. */
  private static final Set<String> ASKING = Set.of("doas", "ssh", "su", "sudo");

  private static boolean mayAskForPassword(List<String> words) {
    String name = words.get(0).substring(words.get(0).lastIndexOf('/') + 1);
    return ASKING.contains(name) && !words.contains("BatchMode=yes");
  }

  static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static String escape(String bytes) {
    StringBuilder uri = new StringBuilder();
    for (char c : bytes.toCharArray()) {
      uri.append(String.format("%%%02X", (int) c));
    }
    return uri.toString();
  }

  private static String unescape(String uri) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < uri.length(); i++) {
      if (uri.charAt(i) == '%') {
        bytes.append((char) Integer.parseInt(uri.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.append(uri.charAt(i));
      }
    }
    return bytes.toString();
  }
}
