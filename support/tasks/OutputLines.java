package dev.frep;

import java.io.OutputStream;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Turns what a command prints into lines that cannot do anything to a terminal. */
final class OutputLines extends OutputStream {
  private static final int LONGEST = 1 << 14;

  private final Consumer<String> to;
  private final StringBuilder line = new StringBuilder();

  OutputLines(Consumer<String> to) {
    this.to = to;
  }

  @Override
  public void write(int b) {
    if (b != '\n') {
      line.append((char) (b & 0xff));
    }
    if (b == '\n' || line.length() == LONGEST) {
      end();
    }
  }

  private void end() {
    String text = line.toString();
    line.setLength(0);
    to.accept(show(text.endsWith("\r") ? text.substring(0, text.length() - 1) : text));
  }

  /** Says what has no end of a line. */
  @Override
  public void close() {
    if (line.length() > 0) {
      end();
    }
  }

  /** A tab does no harm. */
  private static String show(String line) {
    return Arrays.stream(line.split("\t", -1)).map(Names::show).collect(Collectors.joining("\t"));
  }
}
