package dev.frep;

import java.util.List;
import java.util.Locale;

/** What a receiver that cannot work has said, in words that help. */
final class Refusal {
  private Refusal() {}

  /**
   * Explains a line "refused REASON DETAIL" of the receiver.
   *
   * @param detail as receiver.sh gives it for that reason
   */
  static Failure explain(String reason, String detail, Route route) {
    String[] word = detail.split(" ", 2);
    String rest = Names.show(word.length > 1 ? word[1] : "");
    String shown = Names.show(detail);
    return switch (reason) {
      case "terminal" ->
          failure("its shell has a terminal", "leave out -t: ssh -T, docker exec -i");
      case "missing" ->
          failure("there is no " + Names.show(word[0]), install(word[0], rest, route));
      case "tar" ->
          failure(
              "there is no tar that can be used" + (rest.isEmpty() ? "" : ", but " + rest),
              install("tar", word[0], route));
      case "dd" -> failure("its dd has no iflag=fullblock", install("coreutils", word[0], route));
      case "symlink" ->
          failure("the destination " + shown + " is a symlink", "give the folder it points to");
      case "trash" ->
          failure(
              "there is no place for the trash: " + shown,
              "it is beside the copy, in the same file system, and yours; or leave out --trash");
      case "owner" -> owner(detail.split(" ", 3));
      case "destination" ->
          failure(
              "the destination cannot be made: " + shown,
              "choose a DEST_PARENT_DIR that the target's user may write in");
      case "unwritable" -> unwritable(detail.split(" ", 4), route);
      default ->
          failure(
              "refused: " + Names.show(reason) + " " + shown,
              "receiver.sh is of another version than frep.java: take both from one commit");
    };
  }

  static final String DELETE_HINT =
      "give a DEST_PARENT_DIR without symlinks, such that the destination is a folder of its own";

  /** Why nothing may be deleted in a destination, by what the receiver says of it. */
  static String delete(String guard) {
    return switch (guard) {
      case "home" -> "is your home folder there, or holds it";
      case "shallow" -> "is a folder right below /";
      case "symlink" -> "is behind a symlink";
      default -> "is no place to delete in";
    };
  }

  /** For: who we are there, who shall be the owner, what chown said. */
  private static Failure owner(String[] word) {
    String said = word.length < 3 ? "" : Names.show(word[2]);
    String owner = Names.show(word.length < 2 ? "" : word[1]);
    return said.contains("not permitted")
        ? failure(
            "its user " + Names.show(word[0]) + " may not give files to " + owner,
            "connect as root, or leave out --owner")
        : failure(
            "files cannot be given to " + owner + ": " + said,
            "give users and groups that are known there, or numbers: --owner 1000:1000");
  }

  /** For: who we are there, whose the folder is, its mode, the folder. */
  private static Failure unwritable(String[] word, Route route) {
    if (word.length < 4) {
      return failure("it may not be written in", "--debugging shows all that it says");
    }
    String user = Names.show(word[0]);
    String folder = Names.show(word[3]);
    return failure(
        "its user "
            + user
            + " may not write in "
            + folder
            + ", which is "
            + Names.show(word[1])
            + "'s ("
            + Names.show(word[2])
            + ")",
        "choose a DEST_PARENT_DIR that "
            + user
            + " may write in"
            + (folder.equals("/") ? "" : ", or: " + route.asRoot("chown " + user + " " + folder)));
  }

  /** What the target's tools said of a change that failed, in short. */
  static String gist(List<String> said) {
    return said.stream()
        .filter(text -> !text.contains("./plan") && !text.contains("xiting"))
        .map(text -> Names.show(text.substring(text.lastIndexOf(": ") + 1).strip()))
        .findFirst()
        .orElse("no reason given");
  }

  /** What helps against it. */
  static String hintFor(List<String> said) {
    String all = String.join(" ", said).toLowerCase(Locale.ROOT);
    return all.contains("no space") || all.contains("quota")
        ? "make room at the target"
        : all.contains("permission") || all.contains("not permitted")
            ? "see who owns it at the target, and who frep is there"
            : all.contains("read-only")
                ? "the target's file system is read-only"
                : all.contains("symlink")
                    ? "something at the target has become a symlink: remove it"
                    : all.matches(".*(overwrite|is a) directory.*|.*not empty.*")
                        ? "a folder of that name has files there that are not frep's: move it away"
                        : "--debugging shows all that the target says";
  }

  private static Failure failure(String message, String hint) {
    return new Failure(Exit.TARGET, message, hint);
  }

  /** The way to install a tool on a system, by the ID of its os-release. */
  private static String install(String tool, String system, Route route) {
    String manager =
        switch (system.replace("\"", "")) {
          case "alpine", "wolfi" -> "apk add";
          case "debian", "ubuntu", "raspbian" -> "apt-get install -y";
          case "fedora", "rhel", "centos", "rocky", "almalinux", "amzn", "ol" -> "dnf install -y";
          case "opensuse-leap", "opensuse-tumbleweed", "sles" -> "zypper install -y";
          case "arch" -> "pacman -S";
          default -> "";
        };
    return manager.isEmpty()
        ? "install GNU " + tool + " there, or use an image that has it"
        : route.asRoot(manager + " " + packageOf(tool));
  }

  /** Has the same name in all these systems. */
  private static String packageOf(String tool) {
    return switch (tool) {
      case "tar", "grep" -> tool;
      case "find", "xargs" -> "findutils";
      default -> "coreutils";
    };
  }
}
