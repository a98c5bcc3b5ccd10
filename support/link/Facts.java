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
}
