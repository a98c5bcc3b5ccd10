package dev.frep;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A connection for questions: one after the other, each with its answer. */
final class Inquiry implements AutoCloseable {
  private final Options options;
  private final Route route;
  private final BlockingQueue<Reply> inbox = new LinkedBlockingQueue<>();
  private final Link link;

  Inquiry(Options options, Route route, Console console) throws Failure {
    this.options = options;
    this.route = route;
    link = new Link(options, route, inbox::add, console, new Meter(console));
  }

  /** The next thing it says; at first, that it is ready, or why it refuses. */
  Reply hear() throws Failure, InterruptedException {
    Reply reply;
    do { // An answer may be long: as long as more of it comes, nobody is silent.
      Duration left = options.connecting().timeout().minus(link.silence());
      reply = inbox.poll(Math.max(1, left.toMillis()), TimeUnit.MILLISECONDS);
    } while (reply == null && link.silence().compareTo(options.connecting().timeout()) < 0);
    if (reply == null) {
      link.kill();
      throw new Failure(
          Exit.CONNECTION,
          "no answer for " + Text.seconds(options.connecting().timeout()),
          "the connection command must give a shell that reads commands: ssh host bash");
    } else if (reply instanceof Hangup) {
      throw link.epitaph();
    }
    return reply;
  }

  /**
   * Asks something.
   *
   * @throws IOException if the connection is broken, or the answer is to something else
   */
  <T extends Reply> T ask(String words, Class<T> type)
      throws Failure, IOException, InterruptedException {
    link.command(words);
    Reply reply = hear();
    link.refuse(type.isInstance(reply) ? null : reply);
    if (!type.isInstance(reply)) {
      throw new IOException("not what was asked for: " + reply);
    }
    return type.cast(reply);
  }

  @Override
  public void close() {
    link.close();
  }
}
