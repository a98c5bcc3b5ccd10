package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Explains why a receiver cannot work, or why a change failed at the target. */
final class Refusal {
  private Refusal() {}

  /**
   * Explains a line "refused REASON DETAIL" of the receiver.
   *
   * @param detail as receiver.sh writes it for that reason
   */
  static Failure explain(String reason, String detail, Route route) {
    String[] word = detail.split(" ", 2);
    String rest = Names.show(word.length > 1 ? word[1] : "");
    String shown = Names.show(detail);
    return switch (reason) {
      case "terminal" ->
          failure("COMMAND opens a terminal", "leave out -t: ssh -T host, docker exec -i web");
      case "missing" ->
          failure(
              "no " + rest.strip().replace(" ", ", ") + " on the target",
              install(List.of(rest.split(" ")), word[0], route));
      case "tar" ->
          failure(
              "no usable tar on the target" + (rest.isEmpty() ? "" : ", only " + rest),
              install(List.of("tar"), word[0], route));
      case "dd" ->
          failure("dd on the target lacks iflag=fullblock", install(List.of("dd"), word[0], route));
      case "symlink" ->
          failure("the destination " + shown + " is a symlink", "give the folder it points to");
      case "trash" ->
          failure(
              "no place for the trash: " + shown,
              "leave out --trash, or give a DEST_PARENT_DIR of your own in the same file system");
      case "owner" -> owner(detail.split(" ", 3));
      case "destination" ->
          failure("the destination cannot be made: " + shown, hintForMkdir(shown));
      case "unwritable" -> unwritable(detail.split(" ", 4), route);
      default ->
          failure(
              "refused: " + Names.show(reason) + " " + shown,
              "take receiver.sh and frep.java from one commit");
    };
  }

  static final String DELETE_HINT =
      "give a DEST_PARENT_DIR without symlinks, at least one level below /";

  /** Says why frep deletes nothing in a destination, given the receiver's word for it. */
  static String delete(String guard) {
    return switch (guard) {
      case "home" -> "is or contains the home folder";
      case "shallow" -> "is a folder right below /";
      case "symlink" -> "is behind a symlink";
      default -> "is no place to delete in";
    };
  }

  /** For: the target's user, the owner that was asked for, what chown said. */
  private static Failure owner(String[] word) {
    String said = word.length < 3 ? "" : Names.show(word[2]);
    String owner = Names.show(word.length < 2 ? "" : word[1]);
    return said.contains("not permitted")
        ? failure(
            "user " + Names.show(word[0]) + " may not give files to " + owner,
            "connect as root, or leave out --owner")
        : failure(
            "files cannot be given to " + owner + ": " + said,
            "name users and groups of the target, or numbers: --owner 1000:1000");
  }

  private static String hintForMkdir(String said) {
    return said.contains("File exists") || said.contains("ot a directory")
        ? "a file has the name of a folder: move it away, or choose another DEST_PARENT_DIR"
        : said.contains("ead-only")
            ? "choose a DEST_PARENT_DIR in a writable file system, such as a volume"
            : "choose a DEST_PARENT_DIR that the target's user may write in";
  }

  /** For: the target's user, the owner of the folder, its mode, the folder. */
  private static Failure unwritable(String[] word, Route route) {
    if (word.length < 4) {
      return failure("the destination may not be written", "--debugging shows the conversation");
    }
    String user = Names.show(word[0]);
    String folder = Names.show(word[3]);
    if (user.equals("root")) { // No mode keeps root out.
      return failure(
          "even root may not write in " + folder + ": its file system is read-only",
          "choose a DEST_PARENT_DIR in a writable file system, such as a volume");
    }
    String option = route.rootOption();
    String give = route.asRoot("chown " + user + " " + folder);
    return failure(
        "user "
            + user
            + " may not write in "
            + folder
            + " (owner "
            + Names.show(word[1])
            + ", mode "
            + Names.show(word[2])
            + ")",
        "choose another DEST_PARENT_DIR"
            + (option.isEmpty() ? "" : ", or add " + option)
            + (folder.equals("/") ? "" : ", or: " + give));
  }

  /** Sums up what the target's tools said when a change failed. */
  static String gist(List<String> said) {
    return said.stream()
        .filter(text -> !text.contains("./plan") && !text.contains("xiting"))
        .map(text -> Names.show(text.substring(text.lastIndexOf(": ") + 1).strip()))
        .findFirst()
        .orElse("no reason given");
  }

  /** Says what helps against it. */
  static String hintFor(List<String> said) {
    String all = String.join(" ", said).toLowerCase(Locale.ROOT);
    return all.contains("no space") || all.contains("quota")
        ? "make room at the target"
        : all.contains("permission") || all.contains("not permitted")
            ? "compare its owner at the target with the target's user"
            : all.contains("read-only")
                ? "the target's file system is read-only"
                : all.contains("symlink")
                    ? "a folder at the target has become a symlink: remove the symlink"
                    : all.matches(".*(overwrite|is a) directory.*|.*not empty.*")
                        ? "the target has a folder of that name with files of others: move it away"
                        : "--debugging shows everything that the target says";
  }

  private static Failure failure(String message, String hint) {
    return new Failure(Exit.TARGET, message, hint);
  }

  /**
   * Returns the line that installs tools.
   *
   * @param system the ID of the target's os-release; may be empty
   */
  private static String install(List<String> tools, String system, Route route) {
    String packages =
        tools.stream().map(Refusal::packageOf).distinct().collect(Collectors.joining(" "));
    String line =
        switch (system.replace("\"", "")) {
          case "alpine", "wolfi" -> "apk add --no-cache " + packages;
          case "debian", "ubuntu", "raspbian" -> // Images come without package lists.
              "sh -c 'apt-get update && apt-get install -y " + packages + "'";
          case "fedora", "rhel", "centos", "rocky", "almalinux", "amzn", "ol" ->
              "dnf install -y " + packages;
          case "opensuse-leap", "opensuse-tumbleweed", "sles" -> "zypper install -y " + packages;
          case "arch" -> "pacman -Sy --noconfirm " + packages;
          default -> "";
        };
    return line.isEmpty()
        ? "install GNU " + packages + " at the target, or use an image that has them"
        : route.asRoot(line);
  }

  /** The packages have the same names in all these systems. */
  private static String packageOf(String tool) {
    return switch (tool) {
      case "tar", "grep" -> tool;
      case "find", "xargs" -> "findutils";
      default -> "coreutils";
    };
  }

  /**
   * Refuses a copy inside its source, or around it.
   *
   * @param stage the name of the receiver's staging folder: if it is on this disk, so is the copy
   */
  static void overlap(Options options, String stage) throws Failure {
    Path copy = Names.below(Path.of("/"), options.copy());
    for (Path base : List.of(copy, copy.resolveSibling("."))) {
      if (Files.isDirectory(base.resolve(stage)) && isInside(copy, options.source())) {
        throw new Failure(
            Exit.USAGE,
            Names.show(options.copy()) + ": the source and its copy would be inside each other",
            "choose another DEST_PARENT_DIR");
      }
    }
  }

  private static boolean isInside(Path copy, Path source) {
    try {
      Path real = copy.toRealPath();
      return real.startsWith(source) || source.startsWith(real);
    } catch (IOException gone) {
      return false;
    }
  }

  /** Refuses --clean-out-first where nothing may be deleted. */
  static void cleanOut(Options options, Facts facts) throws Failure {
    if (options.copying().cleanOutFirst() && !facts.mayDelete()) {
      String why = " " + delete(facts.guard()) + ": --clean-out-first is refused";
      throw new Failure(Exit.TARGET, Names.show(options.copy()) + why, DELETE_HINT);
    }
  }
}
