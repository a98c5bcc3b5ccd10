package dev.frep;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The replies of one link, in order, with a sign now and then that there is something to do. */
final class Inbox {
  private static final Reply WAKE = new Pong(-1);

  private final Duration timeout;
  private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
  private Link link;

  /**
   * @param timeout a target that is silent for longer counts as lost
   */
  Inbox(Duration timeout) {
    this.timeout = timeout;
  }

  void add(Reply reply) {
    replies.add(reply);
  }

  /** Ends a wait without a reply. */
  void wake() {
    replies.add(WAKE);
  }

  /** The replies come over this link. */
  void from(Link link) {
    this.link = link;
  }

  /**
   * Returns the next reply, or null after some time.
   *
   * @throws Failure if the target has been silent for too long
   */
  Reply poll(Duration time) throws Failure, InterruptedException {
    Reply reply = replies.poll(time.toNanos(), TimeUnit.NANOSECONDS);
    if (reply == null || reply == WAKE) {
      checkSilence(timeout);
      return null;
    }
    return reply;
  }

  private void checkSilence(Duration patience) throws Failure {
    if (link.silence().compareTo(patience) > 0) {
      link.kill();
      throw new Failure(
          Exit.CONNECTION,
          "the target has been silent for " + Text.seconds(timeout),
          "COMMAND must start a shell that reads from stdin: ssh host bash");
    }
  }

  /**
   * Waits for a reply of a type; another one that ends the conversation is a failure.
   *
   * @param more besides the timeout, for a target that has much to do
   * @param meanwhile run whenever the reply has not come for so long
   * @param enough whether to give up waiting; then the answer is null
   */
  <T extends Reply> T await(
      Class<T> type, Duration more, Duration tick, Runnable meanwhile, BooleanSupplier enough)
      throws Failure, InterruptedException {
    while (true) {
      Reply reply = replies.poll(tick.toNanos(), TimeUnit.NANOSECONDS);
      if (type.isInstance(reply) && reply != WAKE) {
        return type.cast(reply);
      } else if (reply == null) {
        meanwhile.run();
        checkSilence(timeout.plus(more));
      } else {
        link.refuse(reply);
      }
      if (enough.getAsBoolean()) {
        return null;
      }
    }
  }

  /** Why the link broke: the receiver may have said so, else its end says it. */
  Failure lastWords() {
    try {
      for (Reply reply; (reply = replies.poll(1, TimeUnit.SECONDS)) != null; ) {
        if (!(reply instanceof Outcome)) {
          link.refuse(reply);
        }
      }
      return link.epitaph();
    } catch (Failure said) {
      return said;
    } catch (InterruptedException stop) {
      return new Failure(Exit.INTERRUPTED, "interrupted", "start frep again");
    }
  }
}
