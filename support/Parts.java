package dev.frep;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Hands on what the first scan knows by now, so that a copy from nothing begins while the source is
 * still scanned. What is not known yet is {@link Closed}.
 */
final class Parts {
  /**
   * A folder while those in it are scanned.
   *
   * @param own its attributes
   * @param children what is known by now; guarded by itself
   * @param folders the names that are still scanned
   */
  private record Unfinished(Folder own, TreeMap<String, Entry> children, List<String> folders) {}

  private final Map<String, Unfinished> unfinished = new ConcurrentHashMap<>();
  private final AtomicLong next;
  private final Consumer<Folder> to;
  private final long pause;

  /**
   * @param pause before each part: a scan that is over sooner is one set
   */
  Parts(Consumer<Folder> to, Duration pause) {
    this.to = to;
    this.pause = pause.toNanos();
    next = new AtomicLong(System.nanoTime() + this.pause);
  }

  void begin(String path, Folder own, TreeMap<String, Entry> children, List<String> folders) {
    unfinished.put(path, new Unfinished(own, children, folders));
  }

  /** A folder is finished: hands on what is known, unless that was done just before. */
  void end(String path) {
    unfinished.remove(path);
    long due = next.get();
    long now = System.nanoTime();
    if (now - due > 0 && next.compareAndSet(due, now + pause) && soFar("") instanceof Folder part) {
      to.accept(part);
    }
  }

  private Entry soFar(String path) {
    Unfinished folder = unfinished.get(path);
    if (folder == null) {
      return Closed.UNREADABLE; // Not begun; or just finished, which the next part will have.
    }
    TreeMap<String, Entry> children;
    synchronized (folder.children) {
      children = new TreeMap<>(folder.children);
    }
    boolean any = Tree.holdsSent(children);
    for (String name : folder.folders) {
      if (!children.containsKey(name)) {
        Entry inner = soFar(Tree.join(path, name));
        any |= inner instanceof Folder;
        children.put(name, inner);
      }
    }
    return any ? folder.own.with(children) : Closed.UNREADABLE; // Git may not want it empty.
  }
}
