package dev.frep;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Parses a line of JSON strictly by RFC 8259: one object of strings, whole numbers and truth
 * values, in which no name occurs twice, no character is cut in half and no control character
 * stands raw.
 */
final class JsonLine {
  private final String text;
  private int at;

  private JsonLine(String text) {
    this.text = text;
  }

  /** Returns the object in its order; numbers are of type Long. */
  static Map<String, Object> parse(String line) {
    var json = new JsonLine(line);
    var object = json.object();
    json.require(json.at == line.length(), "nothing behind it");
    return object;
  }

  private Map<String, Object> object() {
    var object = new LinkedHashMap<String, Object>();
    expect('{');
    do {
      var name = string();
      expect(':');
      require(object.put(name, value()) == null, "each name once");
    } while (next(','));
    expect('}');
    return object;
  }

  private Object value() {
    if (text.startsWith("true", at) || text.startsWith("false", at)) {
      var value = text.startsWith("true", at);
      at += value ? 4 : 5;
      return value;
    }
    return text.charAt(at) == '"' ? string() : number();
  }

  private Long number() {
    var begin = at;
    while (text.charAt(at) == '-' || Character.isDigit(text.charAt(at))) {
      at++;
    }
    var digits = text.substring(begin, at);
    require(digits.matches("-?(0|[1-9][0-9]*)"), "a number: " + digits);
    return Long.valueOf(digits);
  }

  private String string() {
    var string = new StringBuilder();
    expect('"');
    while (!next('"')) {
      var c = text.charAt(at++);
      require(c >= 0x20, "control signs escaped");
      string.append(c == '\\' ? escape() : c);
    }
    require(
        string.codePoints().noneMatch(c -> c >= 0xD800 && c < 0xE000), "no half of a character");
    return string.toString();
  }

  private char escape() {
    var c = text.charAt(at++);
    if (c == 'u') {
      var digits = text.substring(at, at + 4);
      require(digits.matches("[0-9a-fA-F]{4}"), "four digits");
      at += 4;
      return (char) Integer.parseInt(digits, 16);
    }
    var index = "\"\\/bfnrt".indexOf(c);
    require(index >= 0, "an escape");
    return "\"\\/\b\f\n\r\t".charAt(index);
  }

  private void expect(char c) {
    require(next(c), "a " + c);
  }

  private boolean next(char c) {
    var is = at < text.length() && text.charAt(at) == c;
    at += is ? 1 : 0;
    return is;
  }

  private void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("not JSON: " + what + " wanted at " + at + " in " + text);
    }
  }
}
