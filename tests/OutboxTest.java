package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What goes next, by tables of small trees. */
class OutboxTest {
  private static final long MUCH = 1L << 40;
  private static final long SECOND = 1_000_000_000;

  private final Outbox outbox = new Outbox(Diff::between);

  private Outbox.Batch next(String copy, String source, long now) {
    return next(copy, source, MUCH, now);
  }

  private Outbox.Batch next(String copy, String source, long most, long now) {
    return outbox.next(Small.tree(copy), new Snapshot(Small.tree(source), true), all -> most, now);
  }

  @Test
  void allGoesAtOnceIfItIsLittle() {
    var batch = next("a b d/x", "a=2 c", 0);

    assertEquals("a c -b -d/x -d/", Small.words(batch.changes()));
    assertTrue(batch.isAll());
  }

  @Test
  void aLongCopyGoesInSetsOneAfterTheOther() {
    var copy = Small.tree("");
    var source = Small.tree("a=5000 b=5000 c=5000 d=5000 e=5000");
    var goal = new Snapshot(source, true);

    var first = outbox.next(copy, goal, all -> 10_000, 0);
    assertEquals("a b", Small.words(first.changes()));
    var then = outbox.sent(first, first.changes(), copy, source);
    var second = outbox.next(then, goal, all -> 10_000, 0);
    assertEquals("c d", Small.words(second.changes()));
    assertTrue(second.continued(), "what is left is not compared anew");
  }

  @Test
  void whatMakesRoomAndWhatComesThereGoTogether() {
    var batch = next("a/x a/y z", "a z", 1, 0);

    assertEquals("--a/x --a/y --a/ a", Small.words(batch.changes()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // the copy | the source | held | what goes
        "a b      | a=2 b=2   | a        | b",
        "''       | d/x d/y e | d        | e",
        "''       | d/x d/y e | d/x      | +d/ d/y e",
        "d/x d/y  | ''        | d/x      | -d/y",
        "d/e/x f  | ''        | d/e/x    | -f",
        "d/x a    | d a=2     | d/x      | a",
        "d/x d/y  | d/y=2     | d/x      | d/y",
        "d a      | d/x a=2   | d        | a",
      })
  void whatIsHeldHoldsUpWhatDependsOnIt(String copy, String source, String held, String goes) {
    outbox.hold(held, Tree.find(Small.tree(source), held), SECOND);

    assertEquals(goes, Small.words(next(copy, source, 0).changes()));
    assertTrue(outbox.isOver(2 * SECOND));
    assertTrue(next(copy, source, 2 * SECOND).isAll(), "its time has come");
  }

  @Test
  void whatIsHeldGoesWhenItChanges() {
    outbox.hold("a", Tree.find(Small.tree("a=2"), "a"), SECOND);

    assertEquals("", Small.words(next("a", "a=2", 0).changes()));
    assertEquals("a", Small.words(next("a", "a=3", 0).changes()));
  }

  @Test
  void aSaveOvertakesALongCopy() {
    var much = "big=90000000 other=90000000 ";
    assertEquals("big", Small.words(next("d/s", much + "d/s", 5_000_000, 0).changes()));

    var batch = next("d/s", much + "d/s=7", 5_000_000, 0);

    assertEquals("d/s", Small.words(batch.changes()));
    assertTrue(batch.urgent());
  }

  @Test
  void anUrgentDeleteOfAFolderNeverOvertakesTheDeletesInIt() {
    var much = " big=90000000 other=90000000";
    next("d/moved e/", "d/ e/moved=90000000" + much, 5_000_000, 0);

    var batch = next("d/moved e/", "e/moved=90000000" + much, 5_000_000, 0);

    assertFalse(Small.words(batch.changes()).matches(".*-d/($| .*)"), () -> batch + "");
  }

  @Test
  void deletesThatMayNotBeMadeWaitAlone() {
    outbox.mayDelete(false);

    assertEquals("c", Small.words(next("a d/x", "c", 0).changes()));
  }

  @Test
  void ofASetThatFailsThePathAtFaultIsFoundAndWaits() {
    var source = "a b c";
    var batch = next("", source, 0);
    assertEquals(List.of(), outbox.failed(batch.changes(), true, 0));
    batch = next("", source, 0);
    assertEquals("a", Small.words(batch.changes()), "half of three is one");

    assertEquals("a", Small.words(outbox.failed(batch.changes(), true, 0)));

    assertEquals("b", Small.words(next("", source, 0).changes()));
    outbox.acknowledged();
    assertEquals("b c", Small.words(next("", source, 0).changes()), "sets grow again");
  }

  @Test
  void aFileThatKeepsChangingHoldsUpTheVerdictForAWhile() {
    outbox.holdRestless("log", Tree.find(Small.tree("log"), "log"), 0);

    assertTrue(outbox.isRestless(SECOND));
    assertFalse(outbox.isRestless(11 * SECOND));
    assertEquals(List.of("log"), outbox.neverQuiet(11 * SECOND));
  }

  @ParameterizedTest
  @CsvSource({
    "-1,100,100,false",
    "-1,101,101,true",
    "-1,101,300,false",
    "5,5,9,false",
    "5,6,9,true"
  })
  void soManyDeletesLookLikeASlip(int maxDelete, int deletes, int paths, boolean slip) {
    var words = new StringBuilder();
    for (int i = 0; i < paths; i++) {
      words.append(" f").append(i);
    }
    var copy = Small.tree(words.toString());
    var changes = Diff.between(copy, Small.tree("")).subList(0, deletes);
    var options = new Options.Copying(true, false, false, "", Chmod.NONE, maxDelete);

    assertEquals(slip, Outbox.slip(options, changes, copy) != null);
  }

  @Test
  void deletesThatAreHeldBackLetTheRestGo() {
    assertTrue(outbox.holdsDeletes(Diff.between(Small.tree("a d/x e"), Small.tree("c"))));
    assertEquals("c", Small.words(next("a d/x e", "c", 0).changes()));
    assertEquals("c -new", Small.words(next("a d/x e new", "c", 0).changes()), "seen to happen");
    outbox.releaseDeletes();
    assertEquals("c -a -d/x -d/ -e", Small.words(next("a d/x e", "c", 0).changes()));
  }
}
