package dev.frep.league;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Where the copy is: its shell and tools, what goes wrong with it, and the canaries around it. */
final class Place {
  private static final String SIZE = "24m";

  final Path base;
  final Path parent;
  final Path copy;

  /** What is the parent at another host, which somebody else has filled. */
  final Path twin;

  final Path link;

  /** What others have put into the copy, and what is in it. */
  final Map<String, String> others = new TreeMap<>();

  /** What somebody else has put into the twin. */
  final Set<String> theirs = new TreeSet<>();

  /** What others have changed in the copy: no longer what frep put there. */
  final Set<String> spoiled = new TreeSet<>();

  private final Setting setting;
  private final Path faults;
  private final boolean mounted;
  private final List<Due> due = new ArrayList<>();
  private final SortedMap<String, Tree.Node> canaries;

  /** What ends a fault. */
  private record Due(long at, Action end) {}

  interface Action {
    void run() throws IOException, InterruptedException;
  }

  Place(Path base, Setting setting) throws IOException, InterruptedException {
    this.base = base;
    this.setting = setting;
    parent = Files.createDirectories(base.resolve("parent"));
    copy = parent.resolve("proj");
    twin = Files.createDirectories(base.resolve("twin"));
    faults = Files.createDirectories(base.resolve("faults"));
    mounted =
        (setting.has("full") || setting.has("readonly"))
            && Tree.Shell.run(
                "mount", "-t", "tmpfs", "-o", "mode=755,size=" + SIZE, "league", "" + parent);
    for (var folder : List.of(base.resolve("outside"), parent.resolve("beside"))) {
      Files.createDirectories(folder.resolve("folder/empty"));
      Files.writeString(folder.resolve("file"), "canary\n");
      Files.writeString(folder.resolve("folder/inner"), "canary\n");
      Files.createSymbolicLink(folder.resolve("link"), Path.of("folder"));
    }
    if (setting.user().equals("nobody")) {
      Tree.Shell.run("chown", "-hR", "nobody:nogroup", "" + parent, "" + base.resolve("outside"));
    }
    Files.setPosixFilePermissions(faults, PosixFilePermissions.fromString("rwxrwxrwx"));
    link = script(base.resolve("link"), linkScript(tools()));
    canaries = canaries();
  }

  private static Path script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  /** The PATH of the target: with tools that can be told to fail, if that is to happen. */
  private String tools() throws IOException, InterruptedException {
    var bin = Files.createDirectories(base.resolve("bin"));
    var path = bin + ":/usr/bin:/bin:/usr/sbin:/sbin";
    if (setting.shell().equals("busybox")) {
      var applets = Files.createDirectories(base.resolve("applets"));
      var busybox = Path.of(which("busybox"));
      for (var applet : Tree.Shell.read(base, "", "busybox", "--list").split("\n")) {
        Files.createSymbolicLink(applets.resolve(applet), busybox);
      }
      path = bin + ":" + applets;
    }
    var tar =
        switch (setting.tar()) {
          case "gnu" -> which("tar");
          case "busybox" -> which("busybox") + " tar";
          default -> which(setting.tar());
        };
    script(
        bin.resolve("tar"),
        setting.has("tool") ? shim("tar", tar) : "#!/bin/sh\nexec " + tar + " \"$@\"\n");
    for (var tool : setting.has("tool") ? Script.TOOLS : List.<String>of()) {
      var real = base.resolve("applets").resolve(tool);
      if (!tool.equals("tar")) {
        script(bin.resolve(tool), shim(tool, Files.isSymbolicLink(real) ? "" + real : which(tool)));
      }
    }
    return path;
  }

  static String which(String tool) throws IOException, InterruptedException {
    return Tree.Shell.read(Path.of("/"), "", "sh", "-c", "command -v " + tool).strip();
  }

  private String shim(String tool, String real) {
    return """
    #!/bin/sh
    fault=%s
    if [ -e "$fault" ]; then
        read -r n how <"$fault"
        if [ "${n:-1}" -gt 1 ]; then
            echo "$((n - 1)) $how" >"$fault"
        elif /bin/rm "$fault" 2>/dev/null; then
            case $how in
                die) kill -9 $$ ;;
                half)
                    exec 7<&0
                    %s "$@" <&7 &
                    /bin/sleep 0.01
                    kill -9 $! $$
                    ;;
                late)
                    %s "$@"
                    kill -9 $$
                    ;;
                fail)
                    echo "this tool has failed" >&2
                    exit 1
                    ;;
                stop) kill -STOP $$ ;;
                slow) /bin/sleep 0.7 ;;
            esac
        fi
    fi
    exec %s "$@"
    """
        .formatted(faults.resolve(tool), real, real, real);
  }

  private String linkScript(String path) throws IOException, InterruptedException {
    var words = new ArrayList<>(List.of("env", "PATH=" + path));
    if (setting.user().equals("nobody")) {
      words.addAll(
          List.of(which("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
    }
    words.add(which(setting.shell()) + (setting.shell().equals("busybox") ? " sh" : ""));
    return """
    #!/bin/sh
    way=%s
    cd /
    if [ "${1-}" = b ]; then
        exec unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh %t %p %s
    fi
    if mv %s/next %s/used 2>/dev/null; then read -r way bytes <%s/used; fi
    crawl() {
        while [ "$(dd bs=16384 count=1 2>&1 >&3 | sed -n 's/ byte.*//p')" != 0 ]; do sleep 0.03; done
    }
    case $way in
        there) dd bs=1 count="$bytes" 2>/dev/null | %s | cat ;;
        back) cat | %s | dd bs=1 count="$bytes" 2>/dev/null ;;
        slow) crawl 3>&1 | %s ;;
        relayed) cat | %s | cat ;;
        *) exec %s ;;
    esac
    """
        .replace("%s/", faults + "/")
        .replace("%t", "" + twin)
        .replace("%p", "" + parent)
        .replaceFirst("%s", setting.relayed() ? "relayed" : "direct")
        .replace("%s", String.join(" ", words));
  }

  // ---- faults ----

  /** Makes something go wrong; what ends by itself does so in tick(). */
  void trouble(Op op) throws IOException, InterruptedException {
    try {
      switch (op.verb()) {
        case "arm" ->
            Files.writeString(faults.resolve(op.path()), op.number() + " " + op.other() + "\n");
        case "cut" ->
            Files.writeString(faults.resolve("next"), op.path() + " " + op.number() + "\n");
        case "slow" -> Files.writeString(faults.resolve("next"), "slow 0\n");
        case "full" -> fill(op.number());
        case "readonly" -> readOnly(op.number());
        case "missing" -> missing(op);
        case "meddle" -> meddle(op);
        case "spoil" -> spoil(op);
        case "lock" -> lock(op);
        default -> throw new AssertionError(op);
      }
    } catch (FileSystemException cannot) {
      return; // It is not there yet, or no more.
    }
  }

  void later(long milliseconds, Action end) {
    due.add(new Due(System.nanoTime() + milliseconds * 1_000_000, end));
  }

  /** Whether something that was broken is still to be put right. */
  boolean isTroubled() {
    return !due.isEmpty();
  }

  /** Puts right what has been wrong for long enough. */
  void tick(boolean all) throws IOException, InterruptedException {
    for (var each : List.copyOf(due)) {
      if (all || each.at < System.nanoTime()) {
        due.remove(each);
        each.end.run();
      }
    }
    if (all) {
      Tree.Shell.run("sh", "-c", "cd " + faults + " && rm -f -- *");
    }
  }

  private void fill(long rest) throws IOException, InterruptedException {
    if (!mounted) {
      return;
    }
    var filler = base.resolve("parent/beside/filler");
    Tree.Shell.run("dd", "if=/dev/zero", "of=" + filler, "bs=64k");
    if (rest > 0) {
      Tree.Shell.run("truncate", "-s", "-" + rest, "" + filler);
    }
    later(1500, () -> Files.deleteIfExists(filler));
  }

  private void readOnly(long milliseconds) throws IOException, InterruptedException {
    if (mounted && Tree.Shell.run("mount", "-o", "remount,ro", "" + parent)) {
      later(milliseconds, () -> Tree.Shell.run("mount", "-o", "remount,rw", "" + parent));
    }
  }

  private void missing(Op op) throws IOException, InterruptedException {
    switch (op.path()) {
      case "copy" -> {
        Tree.Shell.run("rm", "-rf", "" + copy);
        others.clear();
        spoiled.clear();
      }
      case "stage" -> Tree.Shell.run("sh", "-c", "rm -rf " + parent + "/.frep-*.*");
      default -> {
        var away = base.resolve("parent-away");
        if (!mounted) {
          Files.move(parent, away, StandardCopyOption.ATOMIC_MOVE);
          later(op.number(), () -> back(away));
        }
      }
    }
  }

  /** The parent is there again; one made meanwhile by frep goes. */
  private void back(Path away) throws IOException, InterruptedException {
    Tree.Shell.run("rm", "-rf", "" + parent);
    Files.move(away, parent, StandardCopyOption.ATOMIC_MOVE);
  }

  private void meddle(Op op) throws IOException {
    var folder = Names.at(copy, op.path());
    if (Files.isDirectory(folder, NOFOLLOW_LINKS) && isInside(folder)) {
      var path = Names.join(op.path(), op.other());
      if (op.number() == 1) {
        Files.createDirectory(Names.at(copy, path));
        path += "/inner";
      }
      Files.writeString(Names.at(copy, path), "another's " + op.id());
      others.put(path, Tree.sum(Names.at(copy, path)));
    }
  }

  private void spoil(Op op) throws IOException, InterruptedException {
    var file = Names.at(copy, op.path());
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || !isInside(file)) {
      return;
    }
    spoiled.add(op.path());
    switch (op.other()) {
      case "delete" -> Files.delete(file);
      case "chmod" -> Files.setAttribute(file, "unix:mode", 0604);
      case "link" -> {
        Files.delete(file);
        Files.createSymbolicLink(file, base.resolve("outside/file"));
      }
      default -> Files.write(file, Source.bytes(op.number(), 40));
    }
  }

  private boolean isInside(Path path) throws IOException {
    return path.getParent().toRealPath().startsWith(copy.toRealPath());
  }

  /** The target's user may not write in a folder for a while. */
  private void lock(Op op) throws IOException, InterruptedException {
    var folder = Names.at(copy, op.path());
    if (!setting.user().equals("nobody") || !Files.isDirectory(folder, NOFOLLOW_LINKS)) {
      return;
    }
    var mode = Files.getAttribute(folder, "unix:mode");
    var key = Files.getAttribute(folder, "unix:ino");
    Files.setAttribute(folder, "unix:uid", 0);
    Files.setAttribute(folder, "unix:mode", 0755);
    later(op.number(), () -> unlock(folder, key, mode));
  }

  private static void unlock(Path folder, Object key, Object mode) throws IOException {
    if (Files.isDirectory(folder, NOFOLLOW_LINKS)
        && Files.getAttribute(folder, "unix:ino").equals(key)) {
      Files.setAttribute(folder, "unix:mode", mode);
      Files.setAttribute(folder, "unix:uid", 65534);
    }
  }

  // ---- what must be as it was ----

  /** What frep has left behind, or touched outside the copy; empty if all is well. */
  String harm(boolean trash) throws IOException, InterruptedException {
    if (!canaries.equals(canaries())) {
      return "outside the copy: " + canaries() + " instead of " + canaries;
    }
    var left = new ArrayList<>(List.of("find", "" + parent, "-name", ".frep-*", "-prune"));
    left.addAll(trash ? List.of("!", "-name", ".frep-trash-proj") : List.of());
    left.add("-print0");
    var found = Tree.Shell.read(base, "", left.toArray(String[]::new));
    return found.isEmpty() ? "" : "left behind: " + Names.show(found);
  }

  private SortedMap<String, Tree.Node> canaries() throws IOException, InterruptedException {
    var all = new TreeMap<String, Tree.Node>();
    Tree.of(base.resolve("outside")).forEach((path, node) -> all.put("outside/" + path, node));
    Tree.of(parent.resolve("beside")).forEach((path, node) -> all.put("beside/" + path, node));
    all.keySet().removeIf(path -> path.endsWith("filler"));
    all.computeIfPresent("beside/", (path, node) -> new Tree.Node('d', node.mode(), 0, ""));
    return all;
  }

  void close() throws IOException, InterruptedException {
    if (mounted) {
      Tree.Shell.run("umount", "-l", "" + parent);
    }
  }
}
