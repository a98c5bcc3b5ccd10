///usr/bin/env jbang "$0" "$@" ; exit $?
//DESCRIPTION Records README.svg: frep in a real terminal, with a real container
//JAVA 17+
//DEPS org.opentest4j:opentest4j:1.3.0
//COMPILE_OPTIONS -encoding UTF-8
//SOURCES ../frep.java
//SOURCES ../tests/Commands.java
//SOURCES ../tests/DockerEngine.java
//SOURCES ../tests/Rootfs.java

package dev.frep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Records README.svg, as root: in two panes of tmux, frep runs with a container of Docker above,
 * and a user works below. What the panes show is looked at many times a second; each line that was
 * seen becomes a text that is there from when it came to when it went.
 */
final class picture {
  private static final int COLUMNS = 76;
  private static final int ABOVE = 8;
  private static final int BELOW = 7;

  /** How long the last state stays before it begins again. */
  private static final Duration REST = Duration.ofSeconds(6);

  private final Path folder;
  private final Map<String, String> environment;
  private final long started = System.nanoTime();
  private final List<Line> lines = new ArrayList<>();
  private final Line[] now = new Line[ABOVE + BELOW];

  /** A text at one row of the picture, with the escape sequences of its colours, and its times. */
  private static final class Line {
    final int row;
    final String text;
    final double from;
    double to = Double.POSITIVE_INFINITY;

    Line(int row, String text, double from) {
      this.row = row;
      this.text = text;
      this.from = from;
    }
  }

  private picture(Path folder, Map<String, String> environment) {
    this.folder = folder;
    this.environment = environment;
  }

  public static void main(String... none) throws IOException {
    Path repository = repository();
    Path folder = Files.createTempDirectory("frep-picture");
    try (DockerEngine engine = DockerEngine.start()) {
      engine.run("web", Rootfs.GNU);
      Map<String, String> environment = new LinkedHashMap<>(engine.environment());
      environment.put("LC_ALL", "C.UTF-8");
      picture picture = new picture(folder, environment);
      picture.open(repository);
      try {
        picture.play();
      } finally {
        picture.tmux("kill-server");
      }
      Path file = Files.writeString(repository.resolve("README.svg"), picture.svg());
      System.out.println("wrote " + file + ", " + Files.size(file) + " bytes");
    } finally {
      Commands.run("rm", "-rf", folder.toString());
    }
    System.exit(0); // The readers of tmux's answers need not be waited for.
  }

  private static Path repository() {
    String launcher = System.getenv().getOrDefault("JBANG_LAUNCH_CMD", "");
    return Stream.of(Path.of(""), Path.of(launcher))
        .flatMap(path -> Stream.iterate(path.toAbsolutePath(), Objects::nonNull, Path::getParent))
        .filter(folder -> Files.exists(folder.resolve("bench/picture.java")))
        .findFirst()
        .orElseThrow();
  }

  // ---- what happens in it ----

  /** A terminal with two shells of someone whose home is /home/me, though nobody has such a one. */
  private void open(Path repository) throws IOException {
    Path frep = folder.resolve("frep");
    Path home = Path.of(System.getProperty("user.home"), ".cache");
    String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", home.toString());
    environment.put("XDG_CACHE_HOME", folder.resolve("cache").toString());
    String link = "mkdir -p \"$2/frep\"; ln -s \"$1\"/frep/jbang-* \"$2/frep\"";
    Commands.succeed(Map.of(), List.of("sh", "-c", link, "sh", cache, folder + "/cache"));
    Files.writeString(frep, "#!/bin/sh\nexec '" + repository + "/jbang' frep \"$@\"\n");
    Commands.succeed(Map.of(), List.of("chmod", "+x", frep.toString()));
    Commands.succeed(environment, List.of(frep.toString(), "--version")); // JBang has built it now.
    Files.writeString(
        folder.resolve("open"),
        """
        set -eu
        mount -t tmpfs none /home
        mkdir -p /home/me/proj/src /home/me/proj/node_modules
        cd /home/me/proj
        for i in $(seq 240); do seq "$i" $((i + 400)) >"src/$i.js"; done
        echo node_modules/ >.gitignore
        echo '{"name": "proj"}' >package.json
        echo 'h1 { color: black }' >site.css
        seq 99999 >node_modules/large.js
        git init -q -b main
        git config user.name me
        git config user.email me@example.org
        git add .
        git commit -qm one
        git switch -qc next
        for i in $(seq 12); do echo next >>"src/$i.js"; done
        git rm -q src/24?.js src/238.js src/239.js src/240.js
        git commit -qam two
        git switch -q main
        cd ..
        export HOME=/home/me PATH="$1:$PATH"
        tmux -S "$1/tmux" -f /dev/null new-session -d -x "$2" -y "$3" 'PS1="$ " exec bash --norc'
        tmux -S "$1/tmux" set -g status off
        tmux -S "$1/tmux" split-window -l "$4" 'PS1="$ " exec bash --norc'
        """);
    Commands.succeed(
        environment,
        Stream.of(
                "unshare",
                "--mount",
                "sh",
                folder.resolve("open"),
                folder,
                COLUMNS,
                ABOVE + 1 + BELOW,
                BELOW)
            .map(Object::toString)
            .toList());
  }

  private void play() {
    watch(Duration.ofSeconds(1));
    type(0, "frep ./proj /home/code --docker web");
    await(0, "copied .* in ");
    watch(Duration.ofSeconds(1));
    type(1, "echo 'h1 { color: teal }' >proj/site.css");
    await(0, "sent 1 file");
    watch(Duration.ofMillis(1500));
    type(1, "docker exec web cat /home/code/proj/site.css");
    await(1, "\nh1 \\{ color: teal \\}");
    watch(Duration.ofMillis(1500));
    type(1, "git -C proj switch -q next");
    await(0, "deleted \\d");
    watch(Duration.ofMillis(1500));
    type(1, "frep --verify ./proj /home/code --docker web");
    await(1, "compared, 0 differ");
    watch(Duration.ofSeconds(1));
  }

  private void type(int pane, String command) {
    tmux("send-keys", "-t", Integer.toString(pane), "-l", command);
    watch(Duration.ofMillis(700));
    tmux("send-keys", "-t", Integer.toString(pane), "Enter");
  }

  private void await(int pane, String regex) {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!Pattern.compile(regex).matcher(shown(pane)).find()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("no " + regex + " in " + shown(pane));
      }
      look();
    }
  }

  private void watch(Duration time) {
    long until = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < until) {
      look();
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private void look() {
    double time = (System.nanoTime() - started) / 1e9;
    String[] above = shown(0).split("\n", -1);
    String[] below = shown(1).split("\n", -1);
    for (int row = 0; row < now.length; row++) {
      String[] pane = row < ABOVE ? above : below;
      int line = row < ABOVE ? row : row - ABOVE;
      String text = line < pane.length ? pane[line].stripTrailing() : "";
      Line before = now[row];
      if (before == null || !before.text.equals(text)) {
        if (before != null) {
          before.to = time;
        }
        lines.add(now[row] = new Line(row, text, time));
      }
    }
  }

  private String shown(int pane) {
    return tmux("capture-pane", "-p", "-e", "-t", Integer.toString(pane));
  }

  private String tmux(String... words) {
    List<String> command =
        new ArrayList<>(List.of("tmux", "-S", folder.resolve("tmux").toString()));
    command.addAll(List.of(words));
    return Commands.run(environment, "", command).out();
  }

  // ---- what is drawn of it ----

  private static final double WIDTH = 8.43; // of a character of 14 pixels, about
  private static final int HEIGHT = 20;
  private static final int LEFT = 18;
  private static final int TOP = 52;
  private static final int GAP = 22; // between the panes

  /** The colours of a terminal, 30 to 37, and the same brighter. */
  private static final String[] COLOURS = {
    "#6e7681", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#e6edf3"
  };

  private String svg() {
    double begin = lines.stream().mapToDouble(line -> line.from).min().orElse(0);
    double end = (System.nanoTime() - started) / 1e9 - begin + REST.toSeconds();
    int width = (int) (COLUMNS * WIDTH) + 2 * LEFT;
    int height = y(now.length - 1) + 20;
    StringBuilder texts = new StringBuilder();
    StringBuilder times = new StringBuilder();
    int number = 0;
    for (Line line : lines) {
      if (line.text.isBlank()) {
        continue;
      }
      String id = "l" + number++;
      boolean last = line.to == Double.POSITIVE_INFINITY;
      double from = 100 * (line.from - begin) / end;
      double to = last ? 100 : 100 * (line.to - begin) / end;
      times.append(
          String.format(
              Locale.ROOT,
              "@keyframes %s{0%%{opacity:%d}%.2f%%{opacity:1}%.2f%%{opacity:%d}}%n#%s{animation:%s"
                  + " %.1fs step-end infinite}%n",
              id,
              from < 0.01 ? 1 : 0,
              from,
              to,
              last ? 1 : 0,
              id,
              id,
              end));
      texts.append(
          String.format(
              "<text id=\"%s\" x=\"%d\" y=\"%d\"%s>%s</text>%n",
              id, LEFT, y(line.row), last ? "" : " opacity=\"0\"", coloured(line.text)));
    }
    int middle = (y(ABOVE - 1) + y(ABOVE)) / 2 - 5;
    return """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" role="img">
    <title>frep copies a project into a container; each save is there in milliseconds</title>
    <style>
    text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}
    @media (prefers-reduced-motion:no-preference){
    %3$s}
    </style>
    <rect width="%1$d" height="%2$d" rx="10" fill="#0d1117"/>
    <path d="M0 %4$dH%1$d" stroke="#30363d"/>
    <g fill="#30363d"><circle cx="20" cy="19" r="6"/><circle cx="40" cy="19" r="6"/><circle cx="60" cy="19" r="6"/></g>
    %5$s</svg>
    """
        .formatted(width, height, times, middle, texts);
  }

  private static int y(int row) {
    return TOP + row * HEIGHT + (row < ABOVE ? 0 : GAP);
  }

  /** A line for an SVG, with what its escape sequences of colours and weight say. */
  private static String coloured(String line) {
    StringBuilder out = new StringBuilder();
    String style = "";
    for (String part : line.split("(?=\\x1b\\[)")) {
      String text = part;
      if (part.startsWith("\033[")) {
        int end = part.indexOf('m');
        style = style(style, part.substring(2, end));
        text = part.substring(end + 1);
      }
      String shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
      out.append(style.isEmpty() || shown.isEmpty() ? shown : "<tspan" + style + ">" + shown);
      out.append(style.isEmpty() || shown.isEmpty() ? "" : "</tspan>");
    }
    return out.toString();
  }

  private static String style(String before, String codes) {
    String style = before;
    for (String code : codes.split(";")) {
      int number = code.isEmpty() ? 0 : Integer.parseInt(code);
      if (number == 0 || number == 39) {
        style = "";
      } else if (number == 1) {
        style += " font-weight=\"bold\"";
      } else if (number == 2) {
        style += " opacity=\".6\"";
      } else if (number >= 30 && number <= 37 || number >= 90 && number <= 97) {
        style = style.replaceAll(" fill=\"[^\"]*\"", "") + " fill=\"" + COLOURS[number % 10] + "\"";
      }
    }
    return style;
  }
}
