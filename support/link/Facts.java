package dev.frep;

/**
 * What the target can do, as it said itself.
 *
 * @param paxTimes whether its tar reads times from PAX headers, to the nanosecond
 */
record Facts(
    boolean gnuTar,
    boolean paxTimes,
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
