package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The algebra of trees: diff, apply, match, settle, and the records of a tree. */
class TreeTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        // what the copy is | what the source is | the changes
        "a b          | a b            | ''",
        "''           | a d/x          | a +d/ d/x",
        "a            | a=5            | a",
        "a            | a@9            | a",
        "a#1          | a#2            | a",
        "l->x         | l->y           | l",
        "a b d/x d/y  | b              | -a -d/x -d/y -d/",
        "d/           | d/=700         | ~d/",
        "d            | d/x            | --d +d/ d/x",
        "d/x d/y      | d              | --d/x --d/y --d/ d",
        "a d/x        | z              | z -a -d/x -d/",
        // what is left alone is neither sent nor deleted
        "a d/x        | a! d!          | ''",
        "a d/x        | a? d?          | ''",
        "''           | a! b? d/c!     | +d/",
        "a! b? d/c!   | ''             | -d/",
        "a!           | a              | a",
      })
  void diffFindsTheChangesInTheOrderOfWork(String copy, String source, String changes) {
    var found = Diff.between(Small.tree(copy), Small.tree(source));

    assertEquals(changes, Small.words(found));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a b d/x   | b=2 d/y e/f/g",
        "d/x/y z   | d",
        "d         | d/x/y",
        "''        | a/b/c d->e",
        "a/b/c     | ''",
        "d/ e/=700 | d/=700 e/",
      })
  void applyMakesOfTheCopyWhatDiffWanted(String copy, String source) {
    var tree = Small.tree(source);
    var changes = Diff.between(Small.tree(copy), tree);

    var after = Tree.apply(Small.tree(copy), changes);

    assertEquals(Small.words(tree), Small.words(after));
    assertEquals("", Small.words(Diff.between(after, tree)));
  }

  @Test
  void applyLeavesOutAChangeInAFolderThatDoesNotExist() {
    var put = new Put("gone/file", Small.tree("f").children().get("f"), true);

    assertEquals("a", Small.words(Tree.apply(Small.tree("a"), List.of(put))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // the source | what the target lists | what frep may have put there | what counts
        "a@5        | a@5              | ''          | a@5",
        "a@5        | a@6              | ''          | a@6",
        "a=5@5      | a=6@5            | ''          | a=6@5",
        "a          | a theirs         | ''          | a",
        "a          | a ours           | ours        | a ours",
        "a          | a ours=2         | ours        | a",
        "a          | a d/ours d/x     | d/ours      | a d/ours",
        "a d!       | a d/x            | d/x         | a d/x",
        "a d!       | a d/x            | ''          | a",
        "a          | a/x              | ''          | a/",
        "l->x       | l->x m->y        | m->z        | l->x",
        // the source's file has another ctime than the one that was put: not the same
        "a@5#2      | a@5              | a@5#1       | a@5",
      })
  void matchCountsWhatIsTheSourcesOrOurs(String source, String listed, String put, String counts) {
    var puts = List.of(Small.tree(put));
    Tree.Belongs ours = (path, entry) -> Tree.isOurs(Tree.find(puts.get(0), path), entry);

    var matched = Tree.match("", Small.tree(source), Small.tree(listed), puts, ours);

    assertEquals(counts, Small.words(matched));
  }

  @Test
  void matchReturnsTheSourceItselfWhereAllIsTheSame() {
    var source = Small.tree("a b d/x l->y");

    assertSame(
        source,
        Tree.match("", source, Small.tree("a b d/x l->y"), List.of(), (path, entry) -> false));
  }

  @Test
  void aFileOfTheSameTimeThatChangedSinceItWasPutIsNotTheSame() {
    var source = Small.tree("a@5#2");
    var put = List.of(Small.tree("a@5#1"));

    var matched = Tree.match("", source, Small.tree("a@5"), put, (path, entry) -> false);

    assertEquals("a", Small.words(Diff.between(matched, source)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a b     | a b     | a b",
        "a       | a d!    | a d!",
        "a d/x   | a d!    | a d/x",
        "a d/x   | a d?    | a d/x",
        "a d/x!  | a d/x!  | a d/x!",
      })
  void settledKeepsWhatIsLeftAlone(String copy, String source, String settled) {
    assertEquals(settled, Small.words(Tree.settled(Small.tree(copy), Small.tree(source))));
  }

  @Test
  void settledSharesTheSourcesObjects() {
    var source = Small.tree("a d/x e!");

    assertSame(source, Tree.settled(Small.tree("a d/x"), source));
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "999999999", "-1", "1700000000123456789", "1700000000000000000"})
  void aRecordOfTheCacheKeepsAll(long nanos) {
    var names = "a b/\n//, =c".split("/");
    var file = new RegularFile(04755, 1L << 40, nanos, nanos + 1, 77, 3);

    var record = Record.parse(Record.cached(names[0] + "/" + names[1], file));

    assertEquals(file, record.entry());
    assertEquals("a b/\n", record.path());
  }

  @Test
  void treesAreRebuiltFromTheirRecords() {
    var tree = Small.tree("a=3@9 d/e/f@1 d/e.x d/e-/y l->to/x z/");
    var builder = new Record.Builder();

    Record.walk("", tree, (path, entry) -> add(builder, Record.listed(path, entry)));

    assertEquals(Small.words(tree), Small.words(builder.build()));
    assertEquals(Record.digest(tree), Record.digest(builder.build()));
  }

  private static void add(Record.Builder builder, String text) {
    var record = Record.parse(text);
    builder.add(record.path(), record.entry());
  }

  @Test
  void theSameTreesHaveTheSameRecords() {
    for (var words : Arrays.asList("a", "a d/x", "l->y", "a!", "")) {
      assertEquals(words.equals("a"), Record.same(Small.tree("a b!"), Small.tree(words)), words);
    }
  }
}
