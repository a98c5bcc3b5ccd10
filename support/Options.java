package dev.frep;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the user asked for, checked.
 *
 * @param source the folder to copy, a real path
 * @param name the name of the copy, as bytes
 * @param parent the absolute path at the target in which the copy is made, as bytes
 */
record Options(
    Path source,
    String name,
    String parent,
    Task task,
    Selection selection,
    Copying copying,
    Watching watching,
    Connecting connecting) {

  /**
   * What is sent.
   *
   * @param gitignore whether Git's rules count at all
   * @param gitDir whether {@code .git} is sent
   * @param defaultExcludes whether what editors leave behind stays out
   * @param patterns of {@code --exclude}, and with {@code !} before them of {@code --include}, in
   *     the order given
   */
  record Selection(
      boolean gitignore, boolean gitDir, boolean defaultExcludes, List<String> patterns) {}

  /**
   * How the copy is made.
   *
   * @param initial whether to send what differs at the start; else the copy counts as up to date
   * @param owner of everything sent, as chown takes it; empty: nobody is set
   * @param maxDelete the most deletes of one change; -1: guess what is a slip
   */
  record Copying(
      boolean initial,
      boolean cleanOutFirst,
      boolean trash,
      String owner,
      Chmod chmod,
      int maxDelete) {}

  /**
   * What else happens while watching.
   *
   * @param heal whether to undo what others change in the copy
   * @param exec a command to run in the copy after each change; null: none
   * @param execLocal a command to run in the source after each change; null: none
   */
  record Watching(boolean heal, String exec, String execLocal) {}

  /**
   * How the link behaves.
   *
   * @param timeout a target that is silent for longer counts as lost
   * @param patience how long to wait for a target that is not up yet; null: as long as frep watches
   * @param compress null: compress if the link is slow enough to gain by it
   */
  record Connecting(Duration timeout, Duration patience, Boolean compress) {}

  /** Whether frep goes on after the first copy. */
  boolean watch() {
    return task instanceof Task.Replicate replicate && replicate.watch();
  }

  /** Whether to wait for a target that was not up for this time. */
  boolean waits(Duration time) {
    Duration longest = connecting.patience();
    return longest == null ? watch() : time.compareTo(longest) < 0;
  }

  /** Whether the target must stay as it is. */
  boolean looks() {
    return task instanceof Task.Check || task instanceof Task.Verify || task instanceof Task.DryRun;
  }

  /** The mode in the copy of an entry that has this mode at the source. */
  int mode(int mode, boolean folder) {
    int asked = copying.chmod.apply(mode, folder);
    return folder ? asked : asked & 0777; // A set-id program would run as the copy's owner.
  }

  /** The path of the copy at the target, as bytes. */
  String copy() {
    return parent + (parent.endsWith("/") ? "" : "/") + name;
  }
}

/** What frep is asked to do. */
sealed interface Task {
  /** Copies what differs, and with watch every later change. */
  record Replicate(boolean watch) implements Task {}

  /** Copies what differs, then runs a command in the copy. */
  record Run(String command) implements Task {}

  /** Looks whether each target can be reached and used. */
  record Check() implements Task {}

  /** Compares contents with the copy. */
  record Verify() implements Task {}

  /** Prints what a copy would send and delete. */
  record DryRun() implements Task {}

  /** Puts back what the last change replaced or deleted. */
  record Undo() implements Task {}

  /** Prints the rule that decides for a path of the source. */
  record Why(String path) implements Task {}
}

/** How frep ends, the worst last; the README has the same table. */
enum Exit {
  IN_STEP(0, "in step"),
  PROBLEMS(1, "problems with some paths"),
  USAGE(2, "wrong options or arguments"),
  SOURCE(3, "SRC_DIR is missing, vanished, or cannot be read or watched"),
  CONNECTION(4, "the target could not be reached, or the connection was lost"),
  TARGET(5, "the target lacks a tool, or may not be written"),
  SUPERSEDED(6, "another frep has taken over this copy"),
  DELETES(7, "so many deletes that they look like a slip"),
  INTERNAL(70, "a defect of frep"),
  INTERRUPTED(130, "stopped before the copy was in step");

  final int code;
  final String meaning;

  Exit(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /** The meanings by code, for the help. */
  static Map<String, String> list() {
    Map<String, String> list = new LinkedHashMap<>();
    for (Exit exit : values()) {
      list.put(Integer.toString(exit.code), exit.meaning);
    }
    return list;
  }

  /** The worse of two ends. */
  static Exit worse(Exit a, Exit b) {
    return a.compareTo(b) > 0 ? a : b;
  }
}

/** The run cannot go on: the message says why, the hint what helps. */
final class Failure extends Exception {
  private static final long serialVersionUID = 1;
  final transient Exit exit;
  final String hint;

  /** Whether the target may come by itself, see {@link Transport.Advice}. */
  final boolean canCome;

  Failure(Exit exit, String message, String hint) {
    this(exit, message, hint, false);
  }

  private Failure(Exit exit, String message, String hint, boolean canCome) {
    super(message);
    this.exit = exit;
    this.hint = hint;
    this.canCome = canCome;
  }

  /** The target cannot be reached. */
  static Failure unreachable(Transport.Advice advice) {
    return new Failure(Exit.CONNECTION, advice.message(), advice.hint(), advice.canCome());
  }

  /** Memory ran out. A failure like any other, since the other end chooses some sizes. */
  static Failure tooMuch(VirtualMachineError error) {
    return new Failure(
        Exit.INTERNAL,
        "more than fits into memory (" + error.getClass().getSimpleName() + ")",
        "give it more, jbang run -R-Xmx8g frep ..., or leave something out with --exclude");
  }

  /** Why a file could not be read, in plain words. */
  static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NoSuchFileException) {
      return "it is gone";
    }
    if (e instanceof FileSystemException file && file.getReason() != null) {
      return file.getReason();
    }
    return e.getMessage() == null ? "input/output error" : e.getMessage();
  }

  /** The same with the file that it is about, if it is known. */
  static String trouble(IOException e) {
    String file = e instanceof FileSystemException named ? named.getFile() : null;
    String reason = Names.show(reason(e));
    return file == null ? reason : Names.show(Names.bytes(file)) + ": " + reason;
  }
}
