package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A folder of our own on a queue of file events: the event of a file made in it comes after those
 * of all that happened before.
 */
final class Cookie implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 5;

  private final Path folder;
  private final Semaphore seen = new Semaphore(0);

  Cookie(WatchService service) throws IOException {
    folder = Files.createTempDirectory("frep-cookies-");
    folder.register(service, StandardWatchEventKinds.ENTRY_CREATE);
  }

  /** Waits until every event of before this call was handed over; returns whether it was. */
  boolean await() throws IOException, InterruptedException {
    seen.drainPermits();
    Files.delete(Files.createTempFile(folder, "cookie", ""));
    return seen.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * Takes an event of this folder.
   *
   * @param overflow run if the queue has lost events; the other folders may hear of it later
   * @return false if it is another folder's
   */
  boolean take(WatchKey key, Runnable overflow) {
    if (!key.watchable().equals(folder)) {
      return false;
    }
    for (WatchEvent<?> event : key.pollEvents()) {
      if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
        overflow.run();
      }
    }
    seen.release();
    key.reset();
    return true;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(folder);
  }
}
