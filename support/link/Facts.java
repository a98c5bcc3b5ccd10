package dev.frep;

/** What the target can do, as it said itself. */
record Facts(
    boolean gnuTar,
    boolean records,
    boolean unzips,
    boolean links,
    boolean ownsRoot,
    boolean mounts,
    boolean superuser,
    String guard) {
  boolean mayDelete() {
    return guard.isEmpty();
  }

  /** BusyBox's tar changes the mode of a folder that it has made before for root alone. */
  boolean changesModes() {
    return gnuTar || superuser;
  }

  /** Parses a number of KiB; returns bytes, very many if the target does not know. */
  static long bytes(String kib) {
    return kib.matches("[0-9]{1,15}") ? Long.parseLong(kib) * 1024 : Long.MAX_VALUE;
  }
}
