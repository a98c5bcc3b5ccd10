package dev.frep;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** A running connection command with a receiver in it. The wire format is in receiver.sh. */
final class Link implements AutoCloseable {
  /** Bytes of an archive that travel as one piece, at most. */
  static final int CHUNK = 1 << 21;

  /** So many pieces may wait to be written, chunks and lines: all of what is little among them. */
  private static final int PIECES = 8;

  /** Bytes on their way to the pump. */
  private record Piece(byte[] bytes, int length) {}

  private static final Piece END = new Piece(new byte[0], 0);
  private static final int BLOCK = 1 << 16;
  private static final int LONGEST_LINE = 1 << 16;

  private final String nonce;
  private final Route route;
  private final String copy;
  private final Duration timeout;
  private final String tag;
  private final Shell shell;
  private final OutputStream out;
  private final Consumer<Reply> replies;
  private final Console console;
  private final Meter progress;
  private final BlockingQueue<byte[]> spare = new ArrayBlockingQueue<>(PIECES);
  private long blocked;
  private final BlockingQueue<Piece> outgoing = new ArrayBlockingQueue<>(PIECES);
  private final Thread pump;
  private Duration grace = Duration.ofSeconds(5);
  private final Map<String, AtomicInteger> unanswered = new ConcurrentHashMap<>();
  private volatile Folder expected;
  private volatile long measuredFrom;
  private volatile Duration roundTrip;
  private Listed pending; // Until it has ended: find may have failed.
  private volatile IOException broken;
  private final long begun = System.nanoTime();
  private volatile long lastSign = begun;

  /**
   * @param run tells the sender of this link from others
   * @param again whether this run had a link before
   */
  Link(
      Options options,
      Route route,
      Consumer<Reply> replies,
      Console console,
      Meter progress,
      String run,
      boolean again)
      throws Failure {
    this.replies = replies;
    this.console = console;
    this.progress = progress;
    this.route = route;
    copy = options.copy();
    timeout = options.connecting().timeout();
    tag = tag(options.name());
    shell = new Shell(route, route.lookUp(), console);
    nonce = shell.nonce();
    out = shell.in();
    unanswered("ready").incrementAndGet(); // That is, or refused.
    Processes.thread("receiver's answers", this::listen);
    pump = Processes.thread("to the receiver", this::pump);
    try {
      boolean undo = options.task() instanceof Task.Undo;
      String what = undo ? "undo" : options.looks() ? "look" : "replicate";
      boolean trash = options.copying().trash();
      List<String> scripts =
          trash || undo ? List.of("trash.sh", "receiver.sh") : List.of("receiver.sh");
      send(
          Shell.script(
              scripts,
              List.of(
                  nonce,
                  tag,
                  options.parent(),
                  options.name(),
                  what,
                  trash ? "yes" : "",
                  options.copying().owner(),
                  run,
                  again ? "again" : "")));
    } catch (IOException ended) {
      console.debug(ended); // Its last words are told where its end is.
    }
  }

  /** Names this source's staging folders at the target, so that left-overs can be found. */
  private static String tag(String name) {
    CRC32C checksum = new CRC32C();
    checksum.update(latin1(name));
    return HexFormat.of().toHexDigits(checksum.getValue(), 8);
  }

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The receiver's staging folder. */
  String stageName() {
    return ".frep-" + tag + "." + nonce;
  }

  void command(String words) throws IOException {
    switch (words.split(" ")[0]) {
      case "list" -> unanswered("listing").incrementAndGet();
      case "sums" -> unanswered("sums").incrementAndGet();
      case "commit" -> unanswered("ok").incrementAndGet();
      case "facts" -> unanswered("facts").incrementAndGet();
      case "ping" -> unanswered("pong").incrementAndGet();
      case "undo" -> unanswered("undone").incrementAndGet();
      default -> {} // No answer is expected.
    }
    console.debug("> " + words);
    send(latin1(nonce + " " + words + "\n"));
  }

  /**
   * Asks what the target has.
   *
   * @param digest of a tree that is expected; empty: of none
   * @param tree the answer if the target comes to that digest
   */
  void list(String digest, Folder tree) throws IOException {
    expected = digest.isEmpty() ? null : tree;
    command(("list " + digest).strip());
  }

  /** Measures the round trip. */
  void measure() throws IOException {
    measuredFrom = System.nanoTime();
    command("ping 0");
  }

  /** How long an answer takes when there is nothing to do; empty if that is not known. */
  Optional<Duration> roundTrip() {
    return Optional.ofNullable(roundTrip);
  }

  private void send(byte[] bytes) throws IOException {
    send(bytes, bytes.length);
  }

  /** Hands bytes to the pump, for good; waits if too many are on their way. */
  private void send(byte[] bytes, int length) throws IOException {
    Piece piece = new Piece(bytes, length);
    progress.handed(length);
    long before = System.nanoTime();
    try {
      if (!outgoing.offer(piece, timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        kill();
        throw new IOException("the target takes nothing any more");
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
    blocked += System.nanoTime() - before;
    if (broken != null) {
      throw new IOException(broken);
    }
  }

  /** Writes in the background, so that files are read while others travel. */
  private void pump() {
    try {
      for (Piece piece; (piece = outgoing.take()) != END; ) {
        try {
          for (int sent = 0; sent < piece.length && broken == null; sent += BLOCK) {
            int length = Math.min(BLOCK, piece.length - sent);
            out.write(piece.bytes, sent, length);
            progress.taken(length);
            sign();
          }
          if (outgoing.isEmpty()) {
            out.flush();
          }
          giveBack(piece.bytes);
        } catch (IOException closed) {
          broken = closed; // The next to send is told; until then the queue is emptied.
        }
      }
      out.close();
    } catch (IOException closed) {
      console.debug(closed);
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** A buffer for a chunk: new ones all the time would be most of what there is to collect. */
  byte[] take() {
    byte[] used = spare.poll();
    return used == null ? new byte[CHUNK] : used;
  }

  /** The buffer is free again. */
  void giveBack(byte[] buffer) {
    if (buffer.length == CHUNK) {
      spare.offer(buffer); // It does not matter if there are enough.
    }
  }

  /** Something arrived, or something could be sent: the other end lives. */
  private void sign() {
    lastSign = System.nanoTime();
  }

  Duration age() {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  Duration silence() {
    return Duration.ofNanos(System.nanoTime() - lastSign);
  }

  /** Hands a chunk of an archive to the pump, for good. */
  void chunk(byte[] bytes, int length) throws IOException {
    progress.mark(length);
    send(bytes, length);
  }

  /** Whether the pump waits for more. */
  boolean isIdle() {
    return outgoing.isEmpty();
  }

  /** How long callers have waited for the pump so far, in nanoseconds. */
  long blocked() {
    return blocked;
  }

  // What it says.

  private AtomicInteger unanswered(String answer) {
    return unanswered.computeIfAbsent(answer, none -> new AtomicInteger());
  }

  /** Accepts only replies that we asked for, so that a hostile target cannot flood the inbox. */
  private void answered(String answer) {
    if (unanswered(answer).decrementAndGet() < 0) {
      throw new IllegalArgumentException("an answer to no question: " + answer);
    }
  }

  private void listen() {
    String words = "";
    try (InputStream out = shell.out()) {
      Intake in = new Intake(out);
      for (String line; (line = line(in)) != null; ) {
        if (!line.startsWith(nonce + " ")) {
          if (!line.isBlank()) {
            shell.said(line);
          }
          continue;
        }
        sign();
        words = line.substring(nonce.length() + 1).stripTrailing(); // Terminals add a CR.
        console.debug("< " + Names.show(words));
        Reply reply = reply(in, words);
        if (reply != null) {
          replies.accept(reply);
        }
      }
    } catch (IOException broken) {
      console.debug(broken);
      shell.kill();
    } catch (RuntimeException | VirtualMachineError nonsense) {
      console.debug(nonsense);
      boolean told = nonsense.getClass().equals(IllegalArgumentException.class); // By us.
      replies.accept(new Nonsense(Names.show(Shell.cut(told ? nonsense.getMessage() : words))));
      shell.kill();
    } finally {
      replies.accept(new Hangup());
    }
  }

  /** The reply that begins with a line; null if there is none in it. */
  private Reply reply(Intake in, String words) throws IOException {
    String kind = words.split(" ")[0];
    if (kind.equals("listed")) {
      return whole(words);
    } else if (!kind.equals("gone")) {
      answered(ANSWERS.getOrDefault(kind, kind));
    }
    return switch (kind) {
      case "listing" -> {
        pending = new Listed(listed(in, words));
        yield words.equals("listing same") ? whole("listed") : null;
      }
      case "part" -> {
        List<String> left = new Listing(in, this::sign).paths();
        yield new Part(Long.parseLong(words.substring(5)), left, shell.takeLastWords());
      }
      case "sums" -> new Sums(new Listing(in, this::sign).sums());
      case "undone" -> new Listing(in, this::sign).undone(words.replaceFirst("undone *", ""));
      case "pong" -> pong((Pong) Reply.parse(words, List.of()));
      case "ok", "err" -> Reply.parse(words, shell.takeLastWords());
      default -> Reply.parse(words, List.of());
    };
  }

  private Pong pong(Pong pong) {
    if (pong.number() == 0) {
      roundTrip = Duration.ofNanos(System.nanoTime() - measuredFrom);
    }
    return pong;
  }

  /** Replies that answer the same question. */
  private static final Map<String, String> ANSWERS =
      Map.of("refused", "ready", "err", "ok", "part", "ok");

  /** The listing that has ended; null if that was no listing. */
  private Reply whole(String words) throws IOException {
    Listed listed = pending;
    pending = null;
    String status = words.replaceFirst("listed *", "");
    if (listed != null && !status.isEmpty() && Integer.parseInt(status) > 1) {
      throw new IOException("find has failed with status " + status);
    }
    return listed;
  }

  private Folder listed(Intake in, String words) throws IOException {
    if (words.equals("listing same")) {
      if (expected == null) {
        throw new IllegalArgumentException("an answer to no question: " + words);
      }
      return expected;
    }
    Listing listing = new Listing(in, this::sign);
    return words.equals("listing stat") ? listing.treeOfStat() : listing.tree();
  }

  /** A line without its end; what is longer than any of ours is cut. */
  private String line(Intake in) throws IOException {
    try {
      return in.until('\n', LONGEST_LINE);
    } catch (EOFException part) {
      shell.said(part.getMessage()); // Without its end it did not arrive, but may say why.
      return null;
    }
  }

  /**
   * Nobody may be there yet to clean up: a command that still tries to connect is not waited for.
   */
  void hurry() {
    grace = Duration.ofSeconds(1);
  }

  /** Lets the receiver clean up and end; what does not end is ended. */
  @Override
  public void close() {
    try {
      if (!outgoing.offer(END, grace.toMillis(), TimeUnit.MILLISECONDS) || !shell.waitFor(grace)) {
        shell.close();
      }
      pump.interrupt();
    } catch (InterruptedException stop) {
      shell.kill();
      Thread.currentThread().interrupt();
    }
  }

  /** At once, for a receiver that is silent. */
  void kill() {
    shell.kill();
  }

  /** Refuses a reply that ends a conversation whenever it comes; the others pass. */
  void refuse(Reply reply) throws Failure, InterruptedException {
    if (reply instanceof Hangup) {
      throw shell.epitaph();
    } else if (reply instanceof Refused refused) {
      throw Refusal.explain(refused.reason(), refused.detail(), route);
    } else if (reply instanceof Nonsense nonsense) {
      throw new Failure(
          Exit.CONNECTION,
          "the target's answer cannot be understood: " + nonsense.what(),
          "--debugging shows everything that it says");
    } else if (reply instanceof Outcome) {
      throw notSent();
    } else if (reply instanceof Gone) {
      throw new Failure(
          Exit.SUPERSEDED,
          "another frep has taken over " + Names.show(copy) + "; this one has stopped",
          "one sender per destination: to keep this one, stop the other one first");
    }
  }

  /** The target speaks of a set that is not on its way. */
  static Failure notSent() {
    return new Failure(
        Exit.CONNECTION,
        "the target acknowledges what was not sent",
        "--debugging shows all that the target says");
  }

  /** Why the connection has ended. */
  Failure epitaph() throws InterruptedException {
    return shell.epitaph();
  }
}
