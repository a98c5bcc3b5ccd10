package dev.frep.league;

/**
 * One step of an episode, as exact as can be written down before it is played: the same list gives
 * the same source whatever frep does.
 *
 * @param id its place in the whole script, which it keeps when the script shrinks
 * @param verb what is done: to the source, to the processes or to the target
 * @param path what it is done to, relative to the source, as bytes; or the name of a tool
 * @param other a second path, or words
 * @param number a seed of contents, a mode, a time, or milliseconds
 */
record Op(int id, String verb, String path, String other, long number) {

  @Override
  public String toString() {
    var words = new StringBuilder().append(id).append(' ').append(verb);
    for (var word : new String[] {path, other}) {
      words.append(word.isEmpty() ? "" : " '" + Names.show(word) + "'");
    }
    return words
        .append(number == 0 ? "" : " " + (verb.equals("chmod") ? octal() : number))
        .toString();
  }

  private String octal() {
    return "0" + Long.toOctalString(number);
  }
}
