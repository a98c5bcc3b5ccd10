package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Root folders for containers, made of files of this machine. Each has a user {@code code} (1000)
 * whose home is {@code /home/code}.
 */
enum Rootfs {
  /** bash, dash as sh, GNU tar, coreutils, findutils, grep, sed; says it is Debian. */
  GNU(
      "debian",
      """
      dpkg -L bash dash tar coreutils findutils grep sed | grep -E '^(/usr)?/s?bin/.' >files
      while read -r file; do ldd "$file" 2>/dev/null || :; done <files \\
        | grep -oE '/[^ ]+' | sort -u >>files
      tar -ch --files-from files | tar -xC .
      rm files
      """),

  /** BusyBox and nothing else; says it is Alpine. */
  BUSYBOX(
      "alpine",
      """
      mkdir bin
      cp "$(command -v busybox)" bin/busybox
      bin/busybox --list | while read -r name; do
        [ "$name" = busybox ] || ln -s busybox "bin/$name"
      done
      """),

  /** Nothing but a {@code sleep} to keep a container running. */
  NO_SHELL("distroless", "mkdir bin; cp \"$(command -v busybox)\" bin/sleep\n");

  private static final String COMMON =
      """
      mkdir -p etc home/code dev proc sys tmp
      chmod 1777 tmp
      chown 1000:1000 home/code
      printf '%s\\n' root:x:0:0::/: code:x:1000:1000::/home/code: >etc/passwd
      printf '%s\\n' root:x:0: code:x:1000: >etc/group
      """;

  private final String system;
  private final String script;

  Rootfs(String system, String script) {
    this.system = system;
    this.script = script;
  }

  /** The name of the image made of it. */
  String image() {
    return "frep-" + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Fills a new folder; as root. */
  Path make(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("etc"));
    Files.writeString(folder.resolve("etc/os-release"), "ID=" + system + "\n");
    var run = "set -eu; cd \"$1\"\n" + script + COMMON;
    Commands.succeed(Map.of(), List.of("sh", "-c", run, "sh", folder.toString()));
    return folder;
  }
}
