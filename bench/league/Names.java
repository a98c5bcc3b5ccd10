package dev.frep.league;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.net.URI;
import java.nio.file.Path;

/** Paths as bytes, one a char: a Java string would lose those that the locale does not know. */
final class Names {
  private Names() {}

  /** Returns the path below a folder; "" is the folder itself. */
  static Path at(Path folder, String bytes) {
    var uri = new StringBuilder("file://").append(raw(folder));
    if (!bytes.isEmpty() || uri.length() == 7) {
      uri.append('/');
    }
    for (byte b : bytes.getBytes(ISO_8859_1)) {
      uri.append(b == '/' ? "/" : String.format("%%%02x", b & 0xff));
    }
    return Path.of(URI.create(uri.toString()));
  }

  /** Returns what leads from a folder to a path below it; the inverse of at(). */
  static String of(Path folder, Path path) {
    var raw = raw(path);
    var bytes = new StringBuilder();
    for (int i = Math.min(raw.length(), raw(folder).length() + 1); i < raw.length(); i++) {
      var escaped = raw.charAt(i) == '%';
      bytes.append(escaped ? (char) Integer.parseInt(raw, i + 1, i + 3, 16) : raw.charAt(i));
      i += escaped ? 2 : 0;
    }
    return bytes.toString();
  }

  private static String raw(Path path) {
    var raw = path.toUri().getRawPath();
    return raw.endsWith("/") ? raw.substring(0, raw.length() - 1) : raw;
  }

  static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  static String join(String folder, String name) {
    return folder.isEmpty() ? name : folder + "/" + name;
  }

  static boolean isBelow(String path, String folder) {
    return folder.isEmpty() ? !path.isEmpty() : path.startsWith(folder + "/");
  }

  /** Returns it for people: what a terminal would not show is written as in a shell's $''. */
  static String show(String bytes) {
    var text = new StringBuilder();
    for (char c : bytes.toCharArray()) {
      text.append(c >= ' ' && c < 127 && c != '\\' ? "" + c : String.format("\\x%02x", (int) c));
    }
    return text.isEmpty() ? "." : text.toString();
  }
}
