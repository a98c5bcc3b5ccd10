package dev.frep;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toCollection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The README and the pages of docs/ tell the truth. A new user runs each of their commands, the
 * README's first and then those of each page in the order in which the README links to it. Each
 * command prints what the page shows; times, sizes and versions aside.
 *
 * <p>Containers, pods and hosts are folders that a stand-in for docker, kubectl or ssh enters with
 * chroot: other tests cover what these tools do themselves.
 */
class ReadmeTest {

  private static final Path REPOSITORY = LauncherTest.repository();

  @TempDir Path folder;
  private Path home;

  /** A listing of a page, between three backquotes and three backquotes. */
  private record Block(String language, String text) {

    /** A command, and the output that stands below it; null if the page shows none. */
    record Command(String line, String output) {}

    List<Command> commands() {
      var commands = new ArrayList<Command>();
      if (language.equals("sh")) {
        text.lines().filter(line -> !line.isBlank()).forEach(l -> commands.add(plain(l)));
      } else if (language.equals("console")) {
        for (var part : text.substring(2).split("\n\\$ ")) {
          var lines = part.strip().split("\n", 2);
          commands.add(new Command(lines[0], lines.length == 1 ? "" : lines[1]));
        }
      } else if (language.equals("ini")) {
        commands.add(plain(inUnit()));
      } else if (text.contains("\"tasks\"")) {
        commands.add(plain(inTask()));
      }
      return commands;
    }

    /** The command of a systemd unit. */
    private String inUnit() {
      return find("(?m)^ExecStart=(.*)$").replace("%h", "$HOME");
    }

    /** The command of a task of VS Code. */
    private String inTask() {
      var command = find("\"command\": \"(\\w+)\"");
      return command + " " + find("\"args\": \\[(.*)]").replace("\", \"", "\" \"");
    }

    private String find(String pattern) {
      var found = Pattern.compile(pattern).matcher(text);
      assertTrue(found.find(), text);
      return found.group(1);
    }

    private static Command plain(String line) {
      return new Command(line, null);
    }
  }

  private static String readme() throws IOException {
    return page("README.md");
  }

  private static String page(String name) throws IOException {
    return Files.readString(REPOSITORY.resolve(name));
  }

  /** The README and the pages of docs/ that it links to, in its order. */
  private static List<String> pages() throws IOException {
    var links = Pattern.compile("]\\((docs/\\w[\\w-]*\\.md)[^)]*\\)").matcher(readme()).results();
    var pages = links.map(link -> link.group(1)).distinct();
    return Stream.concat(Stream.of("README.md"), pages).toList();
  }

  private static List<Block> blocks() throws IOException {
    var blocks = new ArrayList<Block>();
    for (var page : pages()) {
      Pattern.compile("(?ms)^```(\\w*)\n(.*?)^```$")
          .matcher(page(page))
          .results()
          .forEach(found -> blocks.add(new Block(found.group(1), found.group(2))));
    }
    return blocks;
  }

  // ---- its commands ----

  @Test
  void everyCommandDoesAsItSays() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can chroot");
    makeWorld();
    var web = LauncherTest.serve(REPOSITORY);
    try {
      int commands = 0;
      for (var block : blocks()) {
        writeFile(block);
        for (var command : block.commands()) {
          run(command, web);
          commands++;
        }
      }
      assertTrue(commands > 30, "only " + commands + " commands are read");
    } finally {
      web.stop(0);
    }
    assertCopied("home/me/copies/proj/server.js", "");
    assertCopied("web/home/code/proj/server.js", "");
    assertCopied("worker/home/code/proj/server.js", "gpu/home/code/proj/server.js");
    assertCopied("me-web-1/home/node/web/server.js", "shop-5d8f/app/classes/Shop.class");
    assertCopied("alpine/srv/proj/server.js", "gpu/home/me/train/train.py");
    assertCopied("home/me/tools/frep.java", "home/me/tools/frep/frep.java");
    assertFalse(Files.exists(home.resolve(".local/bin/frep")), "it is still installed");
  }

  private void assertCopied(String one, String another) {
    assertTrue(Files.exists(folder.resolve(one)), one);
    assertTrue(Files.exists(folder.resolve(another)), another);
  }

  /** A block that is a file is written where a user would write it. */
  private void writeFile(Block block) throws IOException {
    switch (block.language()) {
      case "json" -> {
        if (block.text().contains("\"aliases\"")) {
          Files.writeString(home.resolve("jbang-catalog.json"), block.text());
        }
      }
      case "yaml" -> {
        var name = block.text().lines().findFirst().orElseThrow().replace("# ", "");
        Files.writeString(home.resolve(name), block.text());
      }
      case "java" -> {
        Files.writeString(home.resolve("Lxc.java"), block.text());
        Files.writeString(home.resolve("lxc.txt"), "org.example.Lxc\n");
      }
      case "", "text" -> assertFalse(block.text().contains("\n$ "), block.text());
      default ->
          assertTrue(Set.of("sh", "console", "ini").contains(block.language()), block.text());
    }
  }

  private void run(Block.Command command, HttpServer web) throws Exception {
    var url = "http://127.0.0.1:" + web.getAddress().getPort() + "/";
    var line = command.line().replace("https://example.org/frep/", url);
    line = line.replace("https://example.org/frep.git", folder.resolve("frep.git").toString());
    var clone = line.startsWith("./jbang");
    var out = Files.createTempFile(folder, "out", "");
    var words = List.of("setsid", "env", "--default-signal=INT", "bash", "-c", line);
    var builder = new ProcessBuilder(words).directory((clone ? REPOSITORY : home).toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("JBANG_"));
    builder.environment().putAll(environment());
    builder.redirectErrorStream(true).redirectOutput(out.toFile());
    var process = builder.start();
    process.getOutputStream().close();
    try {
      var deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
      var targets = Math.max(1, line.split(" --(ssh|docker|kubectl|lxc|local)\\b").length - 1);
      var stopped = false;
      while (!process.waitFor(20, TimeUnit.MILLISECONDS)) {
        var copied = printed(out).split("\n[^→\n]*(copied|nothing to copy) ", -1).length - 1;
        if (!stopped && copied >= targets && !line.matches(".* --(once|run) .*")) {
          Commands.run("kill", "-INT", "--", "-" + process.pid()); // As Ctrl-C does.
          stopped = true;
        }
        assertTrue(System.nanoTime() < deadline, "does not end: " + line + "\n" + printed(out));
      }
    } finally {
      Commands.killTree(process);
    }
    var expected = line.contains("--why") ? 1 : 0; // The one of the pages is not sent.
    assertEquals(expected, process.exitValue(), line + "\n" + printed(out));
    if (command.output() != null) {
      assertEquals(normal(command.output()), normal(printed(out)), line);
    }
  }

  /** What JBang says of its own work comes and goes with its cache. */
  private String printed(Path out) throws IOException {
    return Files.readString(out)
        .replaceAll("(?m)^(\\[jbang\\]|frep: (downloading|building|preparing|waiting)).*\n", "");
  }

  /** What differs from run to run and from machine to machine, made the same. */
  private String normal(String output) {
    return output
        .strip()
        .replace(home.toString(), "/home/me")
        .replaceAll("wrote \\d+ files", "wrote N files")
        .replaceAll("\\b\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d+Z)?\\b", "WHEN")
        .replaceAll("\\b\\d+(\\.\\d+)? (ms|s)\\b", "TIME")
        .replaceAll("\\b\\d+(\\.\\d+)? (bytes?|[kMGT]B)\\b", "SIZE")
        .replaceAll("\\b\\d+(\\.\\d+)+\\S*", "VERSION");
  }

  // ---- the world they are run in ----

  private void makeWorld() throws IOException {
    home = Files.createDirectories(folder.toRealPath().resolve("home/me"));
    sh(
        """
        cd "$1"
        git ls-files -z --cached --others --exclude-standard >"$2/files"
        mkdir "$2/frep.git"
        tar -c --null --files-from "$2/files" | tar -x -C "$2/frep.git"
        cd "$2/frep.git"
        git init -q && git add --all
        git -c user.name=me -c user.email=me@example.org commit -q -m 'Publish frep'
        """,
        REPOSITORY,
        folder);
    sh(
        """
        mkdir proj web train && cd proj
        git init -q
        echo '*.tmp' >.gitignore
        echo 'console.log("here")' | tee server.js ../web/server.js
        echo '{"name": "proj"}' >package.json
        echo draft >notes.tmp
        cd ..
        echo 'print("epoch 1")' >train/train.py
        echo 1 2 3 >train/data
        mkdir -p shop/target/classes && cd shop && git init -q
        echo target/ >.gitignore
        echo class >target/classes/Shop.class
        """);
    var gnu = Rootfs.GNU.make(folder.resolve("gnu"));
    var names = List.of("web", "worker", "gpu", "me-web-1", "shop-5d8f");
    for (var name : names) {
      sh("cp -al \"$1\" \"$2\"", gnu, folder.resolve(name));
    }
    Rootfs.BUSYBOX.make(folder.resolve("alpine"));
    for (var name : Stream.concat(names.stream(), Stream.of("alpine")).toList()) {
      sh("mknod -m 666 \"$1/null\" c 1 3 || : >\"$1/null\"", folder.resolve(name + "/dev"));
    }
    write(folder.resolve("gpu/usr/bin/python"), "echo epoch 1\n");
    var bin = Files.createDirectory(folder.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("jbang"), REPOSITORY.resolve("jbang"));
    STAND_INS.forEach((name, script) -> write(bin.resolve(name), script));
    var java = Path.of(System.getProperty("java.home"), "bin");
    for (var tool : List.of("java", "javac", "jar")) {
      Files.createSymbolicLink(bin.resolve(tool), java.resolve(tool));
    }
    // What a user has before and after the installation of a clone, without a build.
    var classPath =
        Stream.of(System.getProperty("java.class.path").split(":"))
            .map(part -> Path.of(part).toAbsolutePath().toString())
            .toList();
    write(
        bin.resolve("frep"),
        "exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '"
            + String.join(":", classPath)
            + "' dev.frep.frep \"$@\"\n");
  }

  private static final String ENTER =
      """
      enter() {
          root=$WORLD/$1 && shift
          exec env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/home/me "$(command -v chroot)" "$root" "$@"
      }
      """;

  /** They know what frep and the pages ask, and nothing else. */
  private static final Map<String, String> STAND_INS =
      Map.of(
          "docker",
          ENTER
              + """
              case $* in
                  'compose version' | 'compose up -d') ;;
                  'compose ps -q web') echo 12ab ;;
                  'inspect --format '*' -- 12ab') echo /me-web-1 running 1 ;;
                  'exec -i -- '*) shift 3 && enter "$@" ;;
                  *) echo "docker: $*?" && exit 1 ;;
              esac
              """,
          "kubectl",
          ENTER
              + """
              case $* in
                  *'exec -i shop-5d8f '*) while [ "$1" != -- ]; do shift; done && shift && enter shop-5d8f "$@" ;;
                  *'get deploy/shop '*) echo app=shop, ;;
                  *'get pods -l app=shop '*) echo shop-5d8f Running True ;;
                  *) echo "kubectl: $*?" && exit 1 ;;
              esac
              """,
          "ssh",
          ENTER
              + """
              while :; do
                  case $1 in
                      -o) shift 2 ;;
                      -*) shift ;;
                      *) break ;;
                  esac
              done
              host=$1 && shift && enter "$host" sh -c "$*"
              """,
          "lxc-attach",
          ENTER + "shift && name=$1 && shift 2 && enter \"$name\" \"$@\"\n");

  private Map<String, String> environment() throws IOException {
    var jbang = folder.resolve("jbang");
    return Map.of(
        "WORLD", folder.toString(),
        "HOME", home.toString(),
        "LC_ALL", "C.UTF-8",
        "PATH",
            home.resolve(".local/bin")
                + ":"
                + folder.resolve("bin")
                + ":"
                + jbang
                + "/bin:"
                + System.getenv("PATH"),
        "workspaceFolder", home.resolve("proj").toString(),
        "XDG_CACHE_HOME", PlugInTest.cacheWithJBang(folder).toString(),
        "JBANG_DIR", jbang.toString(),
        "JBANG_CACHE_DIR", jbang + "/cache");
  }

  private static void write(Path file, String script) {
    try {
      Files.writeString(file, "#!/bin/sh\n" + script);
      assertTrue(file.toFile().setExecutable(true));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void sh(String script, Path... arguments) {
    var words = new ArrayList<>(List.of("env", "-C", home + "", "sh", "-euc", script, "sh"));
    Arrays.stream(arguments).map(Path::toString).forEach(words::add);
    Commands.succeed(Map.of(), words);
  }

  // ---- its text ----

  /** No option is described that there is not, and none of frep's is forgotten. */
  @Test
  void itsOptionsAreThoseOfTheHelp() throws IOException {
    var known = options(Frep.run("--help").succeeds().out().replace("--[no-]", "--no-"));
    var text = readme();
    var start = text.indexOf("## Targets");
    var described = options(text.substring(start, text.indexOf("## Exit codes", start)));
    described.removeAll(OPTIONS_OF_OTHERS);
    described.remove("--with"); // A part of an option's name is none.

    var unknown = new TreeSet<>(described);
    unknown.removeAll(known);
    assertEquals(Set.of(), unknown, "not in frep --help");
    known.removeAll(described);
    known.removeAll(SELDOM);
    assertEquals(Set.of(), known, "not in the README");
  }

  /** The groups have the headings of the help; those of the transports are the targets. */
  @Test
  void itsGroupsOfOptionsAreThoseOfTheHelp() throws IOException {
    var help = Pattern.compile("(?m)^([A-Z][a-z ]+):$").matcher(Frep.run("--help").out()).results();
    var groups = help.map(heading -> heading.group(1)).toList();
    var text = readme();
    text = text.substring(text.indexOf("## Options"), text.indexOf("## Exit codes"));
    var described = Pattern.compile("(?m)^### (.*)$").matcher(text).results();

    assertEquals(
        groups.subList(0, groups.indexOf("Exit codes")),
        described.map(heading -> heading.group(1)).toList());
  }

  private static final Set<String> OPTIONS_OF_OTHERS =
      Set.of("--cached", "--others", "--exclude-standard", "--watch");

  /** Those that the help tells of well enough. */
  private static final Set<String> SELDOM = Set.of("--compose-file", "--compose-project", "--help");

  private static Set<String> options(String text) {
    return Pattern.compile("(?<![\\w-])--[a-z][a-z-]+")
        .matcher(text)
        .results()
        .map(MatchResult::group)
        .map(option -> option.replaceFirst("^--no-(?!default-excludes)", "--"))
        .filter(option -> !option.equals("--selector")) // It has a shorter name.
        .collect(toCollection(TreeSet::new));
  }

  @Test
  void itsExitCodesAreThoseOfTheProgram() throws IOException {
    var rows = Pattern.compile("(?m)^\\| (\\d+) \\| [a-z ]+ \\| ").matcher(readme()).results();

    assertEquals(
        Arrays.stream(Exit.values()).map(exit -> exit.code + "").toList(),
        rows.map(row -> row.group(1)).toList());
  }

  /** The picture of a target's states is the one above the class. */
  @Test
  void itsStatesAreThoseOfTheProgram() throws IOException {
    var above = page("frep.java").replaceAll("(?m)^ \\* ?", "");
    var picture = Pattern.compile("(?s)<pre>\n(.*?\\bENDED\\b.*?)</pre>").matcher(above);

    assertTrue(picture.find(), "there is no picture of the states in frep.java");
    assertTrue(readme().contains(picture.group(1)), picture.group(1));
    var states = Arrays.stream(Target.State.values()).map(Enum::name).toList();
    assertTrue(states.stream().allMatch(picture.group(1)::contains), states + "");
  }

  /** Each message that a page explains is one that frep has. */
  @Test
  void theMessagesThatAPageExplainsAreThoseOfTheProgram() throws IOException {
    var text = page("docs/trouble.md");
    var table = text.substring(text.indexOf("| frep says |"), text.indexOf("Otherwise `--debug"));
    var messages = Files.readString(REPOSITORY.resolve("tests/data/messages.txt"));
    var rows = table.lines().filter(line -> line.startsWith("| `")).toList();

    assertTrue(rows.size() > 5, table);
    for (var row : rows) {
      for (var shown : row.split(" \\| ")[0].replace("| `", "").split("`, `|`")) {
        var parts = Arrays.stream(shown.split("…|\\d+ s|\\(exit code 1\\)"));
        parts.map(String::strip).forEach(part -> assertIn(part, messages, shown));
      }
    }
  }

  private static void assertIn(String part, String messages, String shown) {
    var same = part.replaceAll("^: |^is gone: ", "");
    assertTrue(messages.contains(same), shown + ": " + same);
  }

  @Test
  void everyPageIsLinkedTo() throws IOException {
    try (var docs = Files.list(REPOSITORY.resolve("docs"))) {
      assertEquals(
          docs.map(page -> "docs/" + page.getFileName()).collect(toCollection(TreeSet::new)),
          new TreeSet<>(pages().subList(1, pages().size())));
    }
  }

  /** The file, and the heading in it, of each link. */
  @Test
  void everythingThatThePagesLinkToIsThere() throws IOException {
    for (var page : pages()) {
      var links = Pattern.compile("]\\(([^)#]*)#?([^)]*)\\)").matcher(page(page)).results();
      for (var link : links.filter(found -> !found.group(1).startsWith("https:")).toList()) {
        var from = REPOSITORY.resolve(page);
        var to = link.group(1).isEmpty() ? from : from.resolveSibling(link.group(1)).normalize();
        assertTrue(Files.exists(to), page + ": " + link.group());
        assertTrue(
            link.group(2).isEmpty() || anchors(to).contains(link.group(2)),
            page + ": " + link.group());
      }
    }
  }

  /** The names under which GitHub finds the headings of a page. */
  private static List<String> anchors(Path page) throws IOException {
    return Files.readString(page)
        .lines()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\w -]", "").replace(' ', '-'))
        .toList();
  }

  @Test
  void itsPictureIsWellFormedAndOfARun() throws Exception {
    var picture = Files.readString(REPOSITORY.resolve("README.svg"), UTF_8);
    var document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(REPOSITORY.resolve("README.svg").toFile());

    assertEquals("svg", document.getDocumentElement().getTagName());
    assertTrue(document.getDocumentElement().getTextContent().contains("frep ./proj /home/code"));
    assertFalse(Pattern.compile("<script|href|@import").matcher(picture).find(), "it loads others");
  }
}
