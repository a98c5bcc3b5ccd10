package dev.frep;

import java.util.Map;

/**
 * What the target can do, as its receiver found out.
 *
 * @param tar the tar there, in its own words
 * @param gnuTar whether that is GNU's
 * @param paxTimes whether tar reads times from PAX headers, to the nanosecond
 * @param records whether tar takes no byte more than whole records from a pipe
 * @param unzips whether there is a gzip
 * @param lists whether find prints records, so that digests can be compared
 * @param links whether cp links many files in one go, each by an atomic rename
 * @param ownsRoot whether the copy itself can be given modes and times
 * @param mounts whether other file systems are, or may be, mounted inside the copy
 * @param superuser whether the shell is root's
 * @param free bytes; {@link Long#MAX_VALUE} if unknown
 * @param guard why nothing may be deleted in the copy; empty if it may
 */
record Facts(
    String tar,
    boolean gnuTar,
    boolean paxTimes,
    boolean records,
    boolean unzips,
    boolean lists,
    boolean links,
    boolean ownsRoot,
    boolean mounts,
    boolean superuser,
    long free,
    String guard) {

  /** Parses the words KEY=VALUE of the receiver's "ready". */
  static Facts of(Map<String, String> words) {
    String tar = words.getOrDefault("tar", "");
    String free = words.getOrDefault("free", "");
    return new Facts(
        Names.show(tar).replace('_', ' '),
        tar.contains("GNU"),
        false, // Not yet: listings and digests compare whole seconds.
        "yes".equals(words.get("records")),
        "gzip".equals(words.get("zip")),
        "gnu".equals(words.get("lists")),
        "yes".equals(words.get("links")),
        "yes".equals(words.get("root")),
        !"".equals(words.get("mounts")),
        "0".equals(words.get("uid")),
        free.matches("[0-9]{1,15}") ? Long.parseLong(free) * 1024 : Long.MAX_VALUE, // KiB
        words.getOrDefault("guard", ""));
  }

  boolean mayDelete() {
    return guard.isEmpty();
  }

  /** BusyBox's tar changes the mode of a folder that it has made before for root alone. */
  boolean changesModes() {
    return gnuTar || superuser;
  }
}
