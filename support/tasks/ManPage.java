package dev.frep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * A manual page of what a command's options say, those of plug-ins included, in the language of
 * man(7).
 */
final class ManPage {
  private final List<String> lines = new ArrayList<>();

  private ManPage() {}

  static String of(CommandSpec command) {
    ManPage page = new ManPage();
    page.write(command);
    return String.join("\n", page.lines);
  }

  private void write(CommandSpec command) {
    String name = command.name();
    macro("TH", name.toUpperCase(Locale.ROOT), "1", "", name + " " + About.VERSION, "");
    macro("SH", "NAME");
    text(name + " - keep a copy of a folder wherever a shell can be reached");
    macro("SH", "SYNOPSIS");
    text(String.join(" ", command.usageMessage().customSynopsis()));
    macro("SH", "DESCRIPTION");
    text(String.join(" ", command.usageMessage().description()));
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      item(parameter.paramLabel(), parameter);
    }
    macro("SH", "OPTIONS");
    for (OptionSpec option : command.options()) {
      if (option.group() == null && !option.hidden()) {
        item(names(option), option);
      }
    }
    for (ArgGroupSpec group : command.argGroups()) {
      macro("SS", group.heading().replace("%n", "").replace("%%", "%"));
      group.options().forEach(option -> item(names(option), option));
    }
    macro("SH", "EXIT STATUS");
    command
        .usageMessage()
        .exitCodeList()
        .forEach(
            (code, meaning) -> {
              macro("TP");
              text(code);
              text(meaning);
            });
    macro("SH", "EXAMPLES");
    macro("nf");
    Arrays.stream(command.usageMessage().footer())
        .filter(line -> line.startsWith("  "))
        .forEach(line -> text(line.strip()));
    macro("fi");
  }

  private void item(String names, ArgSpec argument) {
    macro("TP");
    text(names);
    text(String.join(" ", argument.description()));
  }

  private static String names(OptionSpec option) {
    String names = String.join(", ", option.names());
    if (option.negatable()) {
      names = names.replace("--", "--[no-]");
    }
    boolean flag = option.arity().max() == 0;
    boolean optional = option.arity().min() == 0;
    String label = option.paramLabel();
    return flag ? names : names + " " + (optional ? "[" + label + "]" : label);
  }

  private void macro(String name, String... words) {
    StringBuilder line = new StringBuilder("." + name);
    for (String word : words) {
      line.append(" \"").append(escape(word)).append('"');
    }
    lines.add(line.toString());
  }

  /** A line of text: at its beginning a dot or a quote is no macro. */
  private void text(String text) {
    lines.add(escape(text).replaceFirst("^(?=[.'])", "\\\\&"));
  }

  private static String escape(String text) {
    return text.strip().replace("\\", "\\e").replace("-", "\\-").replace("\"", "\\(dq");
  }
}
