package dev.frep.league;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * What an episode is played with.
 *
 * @param faults which kinds of trouble may come
 * @param once whether frep is run again and again with --once, instead of watching
 * @param relayed whether the receiver outlives its link, as one behind ssh does
 * @param restarted whether another run in the end must find nothing to do
 * @param words further options of frep
 */
record Setting(
    String shell,
    String tar,
    String user,
    Set<String> faults,
    boolean once,
    boolean relayed,
    boolean restarted,
    List<String> words,
    int operations) {

  static final List<String> FAULTS =
      List.of(
          "kill",
          "stop",
          "tool",
          "cut",
          "slow",
          "full",
          "readonly",
          "missing",
          "meddle",
          "lock",
          "two",
          "down",
          "ignore",
          "hard",
          "watches",
          "hosts");

  /** What may be drawn. */
  record Range(List<String> shells, List<String> tars, List<String> users, List<String> faults) {}

  static Setting draw(Random random, Range range) {
    var faults = new TreeSet<String>();
    for (int i = random.nextInt(4); i > 0 && !range.faults.isEmpty(); i--) {
      faults.add(any(random, range.faults));
    }
    var words = new TreeSet<String>();
    if (random.nextInt(5) == 0) {
      words.add("--trash");
    }
    if (random.nextInt(6) == 0) {
      words.add(random.nextBoolean() ? "--compress" : "--no-compress");
    }
    if (random.nextInt(8) == 0) {
      words.add("--heal");
    }
    var shell = any(random, range.shells);
    var tar = any(random, range.tars);
    return new Setting(
        shell,
        shell.equals("busybox") ? shell : tar, // It prefers its own tools to those of the PATH.
        any(random, range.users),
        faults,
        random.nextInt(6) == 0,
        random.nextBoolean(),
        random.nextInt(3) == 0,
        List.copyOf(words),
        20 + random.nextInt(140));
  }

  private static String any(Random random, List<String> list) {
    return list.get(random.nextInt(list.size()));
  }

  boolean has(String fault) {
    return faults.contains(fault);
  }

  @Override
  public String toString() {
    return String.join(
        " ",
        List.of(
            shell,
            "tar:" + tar,
            user,
            once ? "once" : "watching",
            relayed ? "relayed" : "direct",
            String.join(" ", words),
            "faults:" + String.join(",", faults)));
  }
}
