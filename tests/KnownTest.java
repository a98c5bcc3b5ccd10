package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is known of a copy, and that it is still known after a crash at any byte of the journal. */
class KnownTest {
  @TempDir private Path base;

  private Known known() {
    return new Known(new Journal(base.resolve("journal"), console()));
  }

  private static Console console() {
    return Console.open(Display.Detail.QUIET, false, false, false);
  }

  private static Put put(String word, boolean fresh) {
    var path = word.replaceFirst("[=@/].*", "");
    return new Put(path, Small.tree(word).children().get(path), fresh);
  }

  private static Delete delete(String path) {
    return new Delete(path, false, false, false);
  }

  @Test
  void nothingIsKnownAtFirst() {
    try (var known = known()) {
      known.recall();
      assertEquals("", Small.words(known.copy()));
      assertEquals("", known.digest());
    }
  }

  @Test
  void theJournalHasWhatWasAcknowledgedAndWhatMayHaveArrived() throws Exception {
    try (var known = known()) {
      known.recall();
      known.assume(Small.tree("a b d/x"), true);
      known.sending(1, List.of(put("c=3", true), delete("a")));
      known.acknowledged(1, Small.tree("b c=3 d/x"));
      known.sending(2, List.of(put("n/", true), put("b=9", false)));
    }
    var content = new Journal(base.resolve("journal"), console()).read();

    assertEquals("b c=3 d/x", Small.words(content.copy()));
    assertEquals(1, content.unsure().size());
    assertEquals("b=9 c=3 d/x n/", Small.words(content.unsure().get(0)));
    assertTrue(content.alone());
  }

  /** SIGKILL and power loss cut the file anywhere. */
  @Test
  void aJournalThatIsCutShortLosesNoMoreThanItsEnd() throws Exception {
    try (var known = known()) {
      known.recall();
      known.assume(Small.tree("a b"), false);
      known.sending(1, List.of(put("c=3", true)));
      known.acknowledged(1, Small.tree("a b c=3"));
      known.sending(2, List.of(delete("a")));
    }
    var text = Files.readString(base.resolve("journal"), StandardCharsets.ISO_8859_1);
    var base = text.indexOf("> 1");
    for (int end = base; end <= text.length(); end++) {
      var content = Journal.parse(text.substring(0, end));
      var copy = Small.words(content.copy());
      var acknowledged = end > text.indexOf("= 1") + 3;
      assertEquals(acknowledged ? "a b c=3" : "a b", copy, "cut at " + end);
    }
  }

  @ParameterizedTest
  @CsvSource({"''", "frep", "frep 3", "what is this"})
  void aFileOfAnotherKindIsNoJournal(String text) {
    assertEquals("", Small.words(Journal.parse(text + "\0").copy()));
  }

  @Test
  void whatMayHaveArrivedCountsAsOurs() {
    try (var known = known()) {
      known.recall();
      known.assume(Small.tree("a"), true);
      known.sending(1, List.of(put("b", true)));
      known.unsure(Small.tree("a b"));

      known.confirm(Small.tree("a b theirs"), Small.tree("a"), null);

      assertEquals("a b", Small.words(known.copy()));
      assertEquals("", known.digest(), "others' files are there");
    }
  }

  @Test
  void aDigestIsMadeOnlyOfWhatIsSure() {
    try (var known = known()) {
      known.recall();
      known.assume(Small.tree("a b"), true);
      assertEquals(Record.digest(Small.tree("a b")), known.digest());
      known.unsure(Small.tree("a"));
      assertEquals("", known.digest());
    }
  }

  @Test
  void tenThousandSavesOfFiftyThousandFilesStaySmallAndAreReadAtOnce() throws Exception {
    var tree = big();
    try (var known = known()) {
      known.recall();
      known.assume(tree, true);
      for (int i = 0; i < 10_000; i++) {
        var path = "folder" + i % 1000 + "/inner/file" + i % 1000 * 50 + ".txt";
        var file = new RegularFile(0644, i, 1_700_000_000_123_456_789L + i, 5, 6, 0);
        known.sending(i, List.of(new Put(path, file, false)));
        known.acknowledged(i, tree);
      }
    }
    assertTrue(Files.size(base.resolve("journal")) <= 10_000_000, "10 MB");
    assertEquals(
        50_000 + 2_000, Tree.count(new Journal(base.resolve("journal"), console()).read().copy()));
  }

  private static Folder big() {
    var builder = new Record.Builder();
    builder.add("", new Folder(0755, 0, 0, Folder.NO_CHILDREN));
    for (int i = 0; i < 1000; i++) {
      builder.add("folder" + i, new Folder(0755, 1, 1, Folder.NO_CHILDREN));
      builder.add("folder" + i + "/inner", new Folder(0755, 1, 1, Folder.NO_CHILDREN));
      for (int j = 0; j < 50; j++) {
        var path = "folder" + i + "/inner/file" + (i * 50 + j) + ".txt";
        builder.add(path, new RegularFile(0644, j, 1_700_000_000_123_456_789L, 1, i, 0));
      }
    }
    return builder.build();
  }
}
