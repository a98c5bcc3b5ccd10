package dev.frep;

/** Colours, or none. */
record Palette(boolean on) {
  String red(String text) {
    return paint("31", text);
  }

  String green(String text) {
    return paint("32", text);
  }

  String yellow(String text) {
    return paint("33", text);
  }

  String dim(String text) {
    return paint("2", text);
  }

  private String paint(String colour, String text) {
    return on && !text.isEmpty() ? "\033[" + colour + "m" + text + "\033[0m" : text;
  }
}
