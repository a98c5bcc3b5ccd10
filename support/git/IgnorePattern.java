package dev.frep;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * One pattern of an ignore file, as Git 2.39 reads it: bytewise, matched in linear time.
 *
 * <p>Not JGit's FastIgnoreRule, which reads UTF-8, uses java.util.regex and decides differently
 * from Git for {@code foo**}{@code /bar}, three stars, {@code a//b}, {@code [a&&b]}, {@code \a\*},
 * and for {@code [[:space:]]}, {@code [[:alpha:]]} and others beyond ASCII. It does not know
 * core.ignoreCase.
 */
final class IgnorePattern {
  private static final String SPECIAL = "*?[\\";
  private static final BitSet ANY = allBut(-1);
  private static final BitSet NOT_SLASH = allBut('/');
  private static final BitSet NONE = new BitSet();

  /** Whether the pattern begins with {@code !}: send what it matches after all. */
  final boolean negated;

  private final boolean folderOnly;
  private final boolean nameOnly;
  private final boolean ignoreCase;
  private final String head; // up to the first special character: compared, without steps
  private final String suffix; // of a pattern like "*.o", else null
  private final Step[] steps; // after the head; null if the head is all

  /** The bytes that may come next, once or any number of times. */
  private record Step(BitSet bytes, boolean repeats) {}

  /** Precedes the two steps of {@code **}{@code /}: consumes nothing, and lets both be skipped. */
  private static final Step OPTIONAL = new Step(NONE, true);

  /** The first and last bytes of what a set of patterns can match: a check before the patterns. */
  static final class Edges {
    private final boolean[] first = new boolean[256];
    private final boolean[] last = new boolean[256];
    private boolean any;

    void add(IgnorePattern pattern) {
      String literal = pattern.head.isEmpty() ? pattern.suffix : pattern.head;
      if (literal == null || literal.isEmpty()) {
        any = true;
      } else if (pattern.head.isEmpty()) {
        mark(last, literal.charAt(literal.length() - 1), pattern.ignoreCase);
      } else {
        mark(first, literal.charAt(0), pattern.ignoreCase);
      }
    }

    private static void mark(boolean[] bytes, char c, boolean ignoreCase) {
      bytes[c & 0xFF] = true;
      if (ignoreCase && c >= 'a' && c <= 'z') {
        bytes[c + 'A' - 'a'] = true;
      }
    }

    /** Whether one of the patterns may match a child of a folder; base as in {@link #matches}. */
    boolean allow(String folder, int base, String name) {
      return any
          || name.isEmpty()
          || first[name.charAt(0) & 0xFF]
          || last[name.charAt(name.length() - 1) & 0xFF]
          || base < folder.length() && first[folder.charAt(base) & 0xFF];
    }
  }

  private IgnorePattern(String line, boolean ignoreCase) {
    String glob = line;
    this.ignoreCase = ignoreCase;
    negated = glob.startsWith("!");
    glob = negated ? glob.substring(1) : glob;
    folderOnly = glob.endsWith("/");
    glob = folderOnly ? glob.substring(0, glob.length() - 1) : glob;
    nameOnly = glob.indexOf('/') < 0;
    glob = glob.startsWith("/") ? glob.substring(1) : glob;
    int end = plainLength(glob);
    head = folded(glob.substring(0, end));
    String tail = glob.substring(end);
    String rest = tail.isEmpty() ? "" : tail.substring(1);
    boolean ends = nameOnly && head.isEmpty() && tail.startsWith("*");
    suffix = ends && plainLength(rest) == rest.length() ? folded(rest) : null;
    // Like Git, compile the tail alone: "foo**/bar" matches "foox/y/bar".
    steps = tail.isEmpty() ? null : new Compiler(tail, ignoreCase).steps();
  }

  /** Reads a pattern of the command line: trims nothing, and knows no comments. */
  static IgnorePattern of(String pattern, boolean ignoreCase) {
    int end = pattern.indexOf('\0'); // Git's C code ends the line at this byte
    return new IgnorePattern(end < 0 ? pattern : pattern.substring(0, end), ignoreCase);
  }

  /**
   * Returns the pattern of a line of an ignore file, without its trailing blanks and carriage
   * return; null if the line is empty or a comment. The line has no line feed.
   */
  static String ofLine(String line) {
    if (line.isEmpty() || line.startsWith("#")) {
      return null;
    }
    String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    int blanks = -1;
    for (int i = 0; i < text.length() && text.charAt(i) != '\0'; i++) {
      char c = text.charAt(i);
      if (c != ' ') {
        blanks = -1;
      } else if (blanks < 0) {
        blanks = i;
      }
      if (c == '\\' && ++i == text.length()) {
        return text;
      }
    }
    return blanks < 0 ? text : text.substring(0, blanks);
  }

  /**
   * Whether the pattern, written in the folder whose path is the first {@code base} characters,
   * matches the path, whose name begins at {@code name}.
   */
  boolean matches(String path, int base, int name, boolean isFolder) {
    if (folderOnly && !isFolder) {
      return false;
    }
    String text = folded(path);
    int from = nameOnly ? name : base;
    if (suffix != null) {
      return text.length() - from >= suffix.length() && text.endsWith(suffix);
    }
    if (!text.startsWith(head, from)) {
      return false;
    }
    from += head.length();
    return steps == null ? from == text.length() : matches(text, from);
  }

  /** Runs through the text once, and keeps the set of the steps that can come next. */
  private boolean matches(String text, int from) {
    boolean[] at = new boolean[steps.length + 1];
    at[0] = true;
    skip(at);
    for (int i = from; i < text.length(); i++) {
      boolean[] next = new boolean[at.length];
      boolean alive = false;
      for (int s = 0; s < steps.length; s++) {
        if (at[s] && steps[s].bytes.get(text.charAt(i))) {
          next[steps[s].repeats ? s : s + 1] = true;
          alive = true;
        }
      }
      if (!alive) {
        return false;
      }
      skip(next);
      at = next;
    }
    return at[steps.length];
  }

  private void skip(boolean[] at) {
    for (int s = 0; s < steps.length; s++) {
      if (at[s] && steps[s].repeats) {
        at[s + 1] = true;
        if (steps[s] == OPTIONAL) {
          at[s + 3] = true;
        }
      }
    }
  }

  /** Returns the text in lower case as Git folds it: ASCII only. */
  static String fold(String text) {
    StringBuilder folded = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      folded.setCharAt(i, (char) lower(text.charAt(i)));
    }
    return folded.toString();
  }

  private static int lower(int c) {
    return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
  }

  private String folded(String text) {
    return ignoreCase ? fold(text) : text;
  }

  private static int plainLength(String glob) {
    int end = 0;
    while (end < glob.length() && SPECIAL.indexOf(glob.charAt(end)) < 0) {
      end++;
    }
    return end;
  }

  private static BitSet allBut(int excepted) {
    BitSet bytes = new BitSet(256);
    bytes.set(0, 256);
    if (excepted >= 0) {
      bytes.clear(excepted);
    }
    return bytes;
  }

  /** Compiles a glob from left to right. A part that Git calls malformed matches nothing. */
  private static final class Compiler {
    private final String glob;
    private final boolean ignoreCase;
    private final List<Step> steps = new ArrayList<>();
    private int at;

    Compiler(String glob, boolean ignoreCase) {
      this.glob = glob;
      this.ignoreCase = ignoreCase;
    }

    Step[] steps() {
      while (at < glob.length()) {
        switch (glob.charAt(at)) {
          case '*' -> star();
          case '?' -> once(NOT_SLASH);
          case '[' -> once(bracket());
          case '\\' -> {
            at++;
            once(at < glob.length() ? only(at()) : NONE);
          }
          default -> once(only(ignoreCase ? lower(at()) : at()));
        }
      }
      return steps.toArray(Step[]::new);
    }

    private void once(BitSet bytes) {
      steps.add(new Step(bytes, false));
      at++;
    }

    /** Two or more stars cross folders only if they stand alone between two slashes. */
    private void star() {
      int start = at;
      while (at() == '*') {
        at++;
      }
      boolean crosses =
          at - start > 1
              && (start == 0 || glob.charAt(start - 1) == '/')
              && (at() == 0 || at() == '/' || glob.startsWith("\\/", at));
      if (crosses && at() == '/') {
        steps.add(OPTIONAL);
      }
      steps.add(new Step(crosses ? ANY : NOT_SLASH, true));
    }

    /** Reads the bracket that begins at this byte, and stops at its last byte. */
    private BitSet bracket() {
      BitSet bytes = new BitSet(256);
      at++;
      boolean inverted = at() == '!' || at() == '^';
      at += inverted ? 1 : 0;
      int previous = 0;
      do {
        int c = at();
        if (c == '\\') {
          at++;
          c = at();
          bytes.set(c);
        } else if (c == '-' && previous != 0 && peek() != 0 && peek() != ']') {
          at += peek() == '\\' ? 2 : 1;
          range(bytes, previous, at());
          c = at() == 0 ? 0 : -1;
        } else if (c == '[' && peek() == ':') {
          c = named(bytes);
        } else {
          bytes.set(c);
        }
        if (c == 0) { // The pattern has ended, or a class has an unknown name.
          at = glob.length();
          return NONE;
        }
        previous = Math.max(c, 0);
        at++;
      } while (at() != ']');
      if (inverted) {
        bytes.flip(0, 256);
      }
      bytes.clear('/');
      return bytes;
    }

    private void range(BitSet bytes, int first, int last) {
      for (int c = first; c <= last; c++) {
        bytes.set(c);
        if (ignoreCase) {
          bytes.set(lower(c));
        }
      }
    }

    /**
     * Reads {@code [:name:]} and returns -1; 0 if no class has the name; '[' if it is only that.
     */
    private int named(BitSet bytes) {
      int end = glob.indexOf(']', at);
      if (end < 0) {
        return 0;
      }
      if (end < at + 3 || glob.charAt(end - 1) != ':') {
        bytes.set('[');
        return '[';
      }
      String name = glob.substring(at + 2, end - 1);
      name = ignoreCase && name.equals("upper") ? "alpha" : name;
      boolean known = false;
      for (int c = 0; c < 256; c++) {
        if (isNamed(name, c)) {
          bytes.set(c);
          known = true;
        }
      }
      if (!known) {
        return 0;
      }
      at = end;
      return -1;
    }

    /** Returns the current byte; 0 at the end. */
    private int at() {
      return at < glob.length() ? glob.charAt(at) : 0;
    }

    private int peek() {
      return at + 1 < glob.length() ? glob.charAt(at + 1) : 0;
    }

    private static BitSet only(int c) {
      BitSet bytes = new BitSet(256);
      bytes.set(c);
      return bytes;
    }

    /** Git's named classes: ASCII only, and space without \\v and \\f. */
    private static boolean isNamed(String name, int c) {
      return switch (name) {
        case "alnum" -> isNamed("alpha", c) || isNamed("digit", c);
        case "alpha" -> isNamed("lower", c) || isNamed("upper", c);
        case "blank" -> c == ' ' || c == '\t';
        case "cntrl" -> c < ' ' || c == 0x7F;
        case "digit" -> c >= '0' && c <= '9';
        case "graph" -> c > ' ' && c < 0x7F;
        case "lower" -> c >= 'a' && c <= 'z';
        case "print" -> c >= ' ' && c < 0x7F;
        case "punct" -> isNamed("graph", c) && !isNamed("alnum", c);
        case "space" -> " \t\n\r".indexOf(c) >= 0;
        case "upper" -> c >= 'A' && c <= 'Z';
        case "xdigit" -> isNamed("digit", c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
        default -> false;
      };
    }
  }
}
