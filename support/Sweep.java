package dev.frep;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The net under the watcher: now and then holds what is on the disk against the snapshot and hints
 * at what differs. Writes through a memory map or another hard link raise no event.
 */
final class Sweep {
  /** Soon enough for a change that no one has told of, at a cost that no one notices. */
  private static final Duration SHORTEST = Duration.ofSeconds(30);

  /** It works in slices, with rests between: never so much at once that a fan would start. */
  private static final Duration SLICE = Duration.ofMillis(5);

  private static final int REST_PER_WORK = 800;

  /** Looks up attributes of a folder of the source. */
  interface Attributes {
    Folder of(Path folder) throws IOException;
  }

  /** Whether a file of the source is as it is known. */
  interface AsKnown {
    boolean test(RegularFile known, Path file) throws IOException;
  }

  private final Path root;
  private final Supplier<Folder> snapshot;
  private final Attributes attributes;
  private final AsKnown asKnown;
  private final Hints dirty;
  private Map<String, Long> listed = Map.of();
  private Map<String, Long> nowListed = new HashMap<>();
  private long sliceBegun;

  Sweep(Path root, Supplier<Folder> snapshot, Attributes attributes, AsKnown asKnown, Hints dirty) {
    this.root = root;
    this.snapshot = snapshot;
    this.attributes = attributes;
    this.asKnown = asKnown;
    this.dirty = dirty;
  }

  /** Sweeps in the background for as long as the program runs. */
  static void start(
      Path root, Supplier<Folder> snapshot, Attributes attributes, AsKnown asKnown, Hints dirty) {
    Processes.thread("sweep", new Sweep(root, snapshot, attributes, asKnown, dirty)::run);
  }

  private void run() {
    try {
      while (true) {
        TimeUnit.NANOSECONDS.sleep(SHORTEST.toNanos());
        once();
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** Goes through it all. */
  void once() throws InterruptedException {
    sliceBegun = System.nanoTime();
    nowListed = new HashMap<>();
    look("", root, snapshot.get());
    listed = nowListed;
  }

  private void look(String path, Path file, Entry known) throws InterruptedException {
    if (System.nanoTime() - sliceBegun > SLICE.toNanos()) {
      TimeUnit.NANOSECONDS.sleep(REST_PER_WORK * SLICE.toNanos());
      sliceBegun = System.nanoTime();
    }
    try {
      if (known instanceof RegularFile was) {
        if (!asKnown.test(was, file)) {
          dirty.look(path);
        }
      } else if (known instanceof Folder was) {
        Folder now = attributes.of(file);
        if (now.modified() != was.modified() || now.mode() != was.mode()) {
          dirty.whole(path);
          return;
        }
        if (!listed.getOrDefault(path, 0L).equals(now.modified())) {
          list(path, file, was);
        }
        if (!Stat.isYoung(now.modified())) {
          nowListed.put(path, now.modified());
        }
        for (Map.Entry<String, Entry> child : was.children().entrySet()) {
          String name = child.getKey();
          look(Tree.join(path, name), Names.in(file, name), child.getValue());
        }
      }
    } catch (IOException gone) {
      dirty.look(path);
    }
  }

  /** That a folder has the time it is known with does not say that all in it is known. */
  private void list(String path, Path folder, Folder known) throws IOException {
    for (String name : Names.list(folder).keySet()) {
      if (!known.children().containsKey(name)) {
        dirty.look(Tree.join(path, name));
      }
    }
  }
}
