package dev.frep;

/** A line of a screen in the making: what does not fit into its width is left out. */
final class Strip {
  /** What it is drawn with. */
  record Style(Palette palette, boolean drawsLines) {}

  private final int width;
  private final Style style;
  private final StringBuilder text = new StringBuilder();
  private int cells;
  private boolean cut;

  Strip(int width, Style style) {
    this.width = width;
    this.style = style;
  }

  Strip add(String more) {
    text.append(fit(more));
    return this;
  }

  Strip warn(String more) {
    text.append(style.palette.yellow(fit(more)));
    return this;
  }

  Strip good(String more) {
    text.append(style.palette.green(fit(more)));
    return this;
  }

  Strip add(Row.Doing doing) {
    return switch (doing.mood()) {
      case GOOD -> good(doing.what());
      case BUSY -> add(doing.what());
      case BAD -> warn(doing.what());
    };
  }

  /** A bar that is full to some part. */
  Strip bar(int length, double part) {
    int full = (int) Math.round(length * Math.min(1, part));
    boolean lines = style.drawsLines;
    String done = fit((lines ? "━" : "=").repeat(full));
    String left = fit((!lines ? "-" : style.palette.on() ? "━" : "─").repeat(length - full));
    text.append(style.palette.green(done)).append(style.palette.dim(left));
    return this;
  }

  /** Something in a column of its own. */
  Strip column(String more, int columns) {
    int wanted = Math.max(0, columns);
    String some = measure(more) <= wanted ? more : head(more, wanted);
    return add(some + " ".repeat(wanted - measure(some)));
  }

  int room() {
    return width - cells;
  }

  int cells() {
    return cells;
  }

  boolean isEmpty() {
    return cells == 0;
  }

  boolean isCut() {
    return cut;
  }

  private String fit(String more) {
    String shown = Names.harmless(more);
    String some = measure(shown) <= room() ? shown : head(shown, room());
    cut |= some.length() < shown.length();
    cells += measure(some);
    return some;
  }

  private static String head(String text, int columns) {
    int end = 0;
    for (int cells = 0; end < text.length(); ) {
      int c = text.codePointAt(end);
      cells += cells(c);
      if (cells > columns) {
        break;
      }
      end += Character.charCount(c);
    }
    return text.substring(0, end);
  }

  /** How many columns a text takes; rather too many than too few. */
  static int measure(String text) {
    return text.codePoints().map(Strip::cells).sum();
  }

  /** From Hangul on, most scripts with signs of two cells follow; below are none, but few. */
  private static int cells(int c) {
    boolean drawn = c >= 0x2010 && c < 0x2600; // dashes, arrows, lines
    return c < 0x1100 || drawn ? 1 : 2;
  }

  @Override
  public String toString() {
    return text.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Strip strip && strip.text.compareTo(text) == 0;
  }

  @Override
  public int hashCode() {
    return text.toString().hashCode();
  }
}
