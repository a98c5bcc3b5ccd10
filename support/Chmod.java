package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How --chmod changes modes: clauses as {@code chmod} takes them, {@code u=rwX,go=rX}. D before a
 * clause limits it to folders, F to files; octal clauses need one of them, {@code D755}.
 */
record Chmod(List<Clause> clauses) {
  static final Chmod NONE = new Chmod(List.of());

  /** chmod keeps these bits of a folder. */
  private static final int SET_ID = 06000;

  private static final Pattern CLAUSE =
      Pattern.compile("(?:([DF])?([ugoa]+)([-+=])([rwxX]*)|([DF])0?([0-7]{3}))");

  /**
   * One change.
   *
   * @param kind D, F or null for both
   * @param who the bits that it may change
   * @param bits the bits to add, to remove or to set, without those of X
   * @param big whether X is given: x for folders, and for files that anybody may run already
   */
  private record Clause(String kind, int who, char how, int bits, boolean big) {
    int apply(int mode, boolean folder) {
      if (kind != null && folder != kind.equals("D")) {
        return mode;
      }
      boolean runs = big && (folder || (mode & 0111) != 0);
      int chosen = (bits | (runs ? 0111 : 0)) & who;
      return switch (how) {
        case '+' -> mode | chosen;
        case '-' -> mode & ~chosen;
        default -> mode & (~who | (folder ? SET_ID : 0)) | chosen;
      };
    }
  }

  /**
   * Reads clauses separated by commas.
   *
   * @throws IllegalArgumentException if one cannot be read; that clause is the message
   */
  static Chmod parse(String text) {
    List<Clause> clauses = new ArrayList<>();
    for (String word : text.split(",", -1)) {
      Matcher clause = CLAUSE.matcher(word);
      if (!clause.matches()) {
        throw new IllegalArgumentException(word);
      }
      if (clause.group(6) != null) {
        int bits = Integer.parseInt(clause.group(6), 8);
        clauses.add(new Clause(clause.group(5), 07777, '=', bits, false));
      } else {
        String letters = clause.group(4);
        int who = bits(clause.group(2), "ugoa", 04700, 02070, 01007, 07777);
        int bits = bits(letters, "rwx", 0444, 0222, 0111);
        char how = clause.group(3).charAt(0);
        clauses.add(new Clause(clause.group(1), who, how, bits, letters.contains("X")));
      }
    }
    return new Chmod(List.copyOf(clauses));
  }

  private static int bits(String letters, String known, int... meanings) {
    return letters
        .chars()
        .map(known::indexOf)
        .filter(at -> at >= 0)
        .map(at -> meanings[at])
        .reduce(0, (a, b) -> a | b);
  }

  /** Applies all clauses in turn; none of them sets a set-id or sticky bit. */
  int apply(int mode, boolean folder) {
    for (Clause clause : clauses) {
      mode = clause.apply(mode, folder);
    }
    return mode;
  }
}
