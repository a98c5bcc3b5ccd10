package dev.frep;

import java.time.Duration;
import java.util.Optional;

/** Decides whether a target whose link broke, or could not be made, is tried again, and when. */
final class Retry {
  private static final Duration FIRST = Duration.ofMillis(250);
  private static final Duration LAST = Duration.ofSeconds(30);

  /** The longest pause before a target that is not up yet is tried again: somebody starts it. */
  private static final Duration LAST_WAIT = Duration.ofSeconds(3);

  /** A Ctrl-C reaches the connection command, too, which may end before frep has heard of it. */
  private static final Duration STOP_COMES = Duration.ofMillis(300);

  /** How often to look whether the target is gone for good. */
  private static final Duration GLANCE = Duration.ofSeconds(1);

  private final Options options;
  private final Route route;
  private final Console console;
  private final Stop stop;
  private final long made = System.nanoTime();
  private Duration pause = FIRST;
  private Failure loss;
  private volatile boolean left;

  Retry(Options options, Route route, Console console, Stop stop) {
    this.options = options;
    this.route = route;
    this.console = console;
    this.stop = stop;
  }

  /** The target answers: the next loss is another. */
  void connected() {
    pause = FIRST;
  }

  /** Whether the target has never answered, and that was told. */
  boolean isWaiting(boolean connected) {
    return !connected && loss != null;
  }

  /** Whether the target is no more, while frep goes on with others. */
  boolean hasLeft() {
    return left;
  }

  /** How a target ends that is told to stop before it is connected. */
  Exit unconnected() {
    return loss == null ? Exit.INTERRUPTED : loss.exit;
  }

  /**
   * A link is lost.
   *
   * @param connected whether the target has answered in this run
   * @param verdict how the target would end now if it was connected
   * @return how the target ends; empty if it rests and is tried again
   */
  Optional<Exit> after(Failure failure, boolean connected, Exit verdict) {
    boolean broken = failure.exit == Exit.CONNECTION;
    boolean passes = broken || connected && failure.exit == Exit.TARGET; // A full disk, say.
    if (passes && (connected || loss != null) && stop.await(STOP_COMES)) {
      return Optional.of(connected ? verdict : failure.exit);
    } else if (broken && leaves(connected)) {
      return Optional.of(Exit.IN_STEP);
    } else if (!passes || !isTriedAgain(failure, connected)) {
      console.error(failure.getMessage(), failure.hint);
      route.giveUp();
      return Optional.of(failure.exit);
    } else if (connected) {
      console.tell(new Event.Disconnected(failure.getMessage(), "", pause));
    } else if (loss == null || !failure.getMessage().equals(loss.getMessage())) {
      console.tell(new Event.Waiting(failure.getMessage(), failure.hint));
    }
    loss = failure;
    return Optional.empty();
  }

  private boolean leaves(boolean connected) {
    route.lookAgain();
    if ((options.watch() || !connected) && route.leave()) {
      console.tell(new Event.Left(connected ? "no longer running: frep goes on without it" : ""));
      left = true;
    }
    return left;
  }

  private boolean isTriedAgain(Failure failure, boolean connected) {
    return connected
        ? options.watch()
        : failure.canCome && options.waits(Duration.ofNanos(System.nanoTime() - made));
  }

  /** Waits for the next try; returns how the target ends if there is none. */
  Optional<Exit> rest(boolean connected) {
    long until = System.nanoTime() + pause.toNanos();
    for (long left; (left = until - System.nanoTime()) > 0 && !route.isGone(); ) {
      if (stop.await(Duration.ofNanos(Math.min(left, GLANCE.toNanos())))) {
        return Optional.of(route.isGone() ? Exit.IN_STEP : loss.exit);
      }
    }
    Duration last = connected ? LAST : LAST_WAIT;
    pause = pause.compareTo(last.dividedBy(2)) < 0 ? pause.multipliedBy(2) : last;
    return Optional.empty();
  }
}
