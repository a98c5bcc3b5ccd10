package dev.frep;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** Runs a command whose stdin takes no more than so many bytes a second: a narrow link. */
final class SlowLink {
  private SlowLink() {}

  /** The words of a connection command that is a shell behind such a link. */
  static List<String> to(int bytesPerSecond, Session.Shell shell) {
    var words = new ArrayList<String>();
    words.add(System.getProperty("java.home") + "/bin/java");
    words.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    words.addAll(List.of("dev.frep.SlowLink", "" + bytesPerSecond));
    words.addAll(shell.complete());
    return words;
  }

  public static void main(String... words) throws IOException, InterruptedException {
    var rate = Integer.parseInt(words[0]);
    var process =
        new ProcessBuilder(List.of(words).subList(1, words.length))
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var out = process.getOutputStream()) {
      copy(System.in, rate, out);
    } catch (IOException ended) {
      process.destroy(); // The shell has ended, and so does the link.
    }
    System.exit(process.waitFor());
  }

  private static void copy(InputStream in, int rate, java.io.OutputStream out)
      throws IOException, InterruptedException {
    var buffer = new byte[Math.max(1, rate / 100)];
    for (int n; (n = in.read(buffer)) > 0; ) {
      out.write(buffer, 0, n);
      out.flush();
      Thread.sleep(Math.max(1, n * 1000L / rate)); // This is what it is for.
    }
  }
}
