package dev.frep;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The completion script for bash and zsh: the options, those of plug-ins included, and the values
 * that this machine can list at once. Where the script offers nothing, the shell completes folders.
 */
final class Completion {
  /** The command that lists the values of an option: local and quick, since the user waits. */
  private static final Map<String, String> LISTS =
      Map.of(
          "--docker", "docker ps --format '{{.Names}}'",
          "--podman", "podman ps --format '{{.Names}}'",
          "--docker-compose", "docker compose config --services",
          "--ssh", "_frep_hosts");

  /** Picocli's own script turns the shell's completion of folders off. */
  private static final String SCRIPT =
      """
      # The completion of frep for bash and zsh.
      if [ -n "${ZSH_VERSION-}" ]; then
          autoload -Uz compinit bashcompinit && compinit -u && bashcompinit
      fi

      _frep_hosts() {
          sed -n 's/^[[:space:]]*[Hh]ost[[:space:]]//p' ~/.ssh/config | tr -s '[:space:]' '\\n' | grep -v '[*?!]'
      }

      # Offers the lines on stdin that begin with $1.
      _frep_offer() {
          local line
          while IFS= read -r line; do
              [[ $line != "$1"* ]] || COMPREPLY+=("$line")
          done
      }

      _frep() {
          local word=${COMP_WORDS[COMP_CWORD]} option=$((COMP_CWORD - 1))
          if [[ $word == = ]]; then # of --option=
              word=
          elif [[ ${COMP_WORDS[option]} == = ]]; then
              option=$((option - 1))
          fi
          COMPREPLY=()
          case ${COMP_WORDS[option]} in
      %s        %s) return ;;
          esac
          [[ $word != -* ]] || _frep_offer "$word" < <(%s)
      }
      complete -o bashdefault -o dirnames -F _frep frep\
      """;

  private Completion() {}

  /** Returns the script for a command. */
  static String of(CommandSpec command) {
    List<OptionSpec> options =
        command.options().stream().filter(option -> !option.hidden()).toList();
    StringBuilder values = new StringBuilder();
    List<String> others = new ArrayList<>();
    for (OptionSpec option : options) {
      String names = String.join("|", option.names());
      if (option.arity().max() == 0 || option.paramLabel().equals("DIR")) {
        continue;
      } else if (option.completionCandidates() != null) {
        values.append(offer(names, print(option.completionCandidates())));
      } else if (LISTS.containsKey(option.longestName())) {
        values.append(offer(names, LISTS.get(option.longestName())));
      } else if (option.paramLabel().equals("FILE")) {
        values.append(offer(names, "compgen -f -- \"$word\""));
      } else {
        others.add(names);
      }
    }
    List<String> names = options.stream().flatMap(Completion::names).sorted().toList();
    return SCRIPT.formatted(values, String.join("|", others), print(names));
  }

  private static String print(Iterable<String> words) {
    return "printf '%s\\n' " + String.join(" ", words);
  }

  private static String offer(String names, String command) {
    return "        "
        + names
        + ") _frep_offer \"$word\" < <("
        + command
        + " 2>/dev/null); return ;;\n";
  }

  /** Returns the names that change something: of a switch that is on by default, only --no-NAME. */
  private static Stream<String> names(OptionSpec option) {
    Stream<String> names = Stream.of(option.names());
    if (!option.negatable()) {
      return names;
    }
    Stream<String> negated = Stream.of(option.names()).map(name -> name.replace("--", "--no-"));
    return "true".equals(option.fallbackValue()) ? negated : Stream.concat(names, negated);
  }
}
