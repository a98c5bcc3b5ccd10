package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Small trees, and what is sent to make one of the other. */
class PlanTest {
  private static final Facts GNU = facts(true, true, false, false);
  private static final Facts NO_LINKS = facts(true, false, false, false);
  private static final Facts MOUNTS = facts(true, true, true, false);
  private static final Facts BUSYBOX = facts(false, false, false, false);
  private static final Facts ROOT = facts(true, true, false, true);
  private static final String FIVE = "a/f b/f c/f d/f e/f";

  @Test
  void filesAreMovedFolderByFolder() {
    check(GNU, "a/ b/", "a/f b/g", "n/0/f n/1/g; d/b d/a d | into 0 a, into 1 b, stamp - -");
  }

  @Test
  void aNewFolderIsMovedWholeAndItsEntryFollowsItsContent() {
    check(GNU, "", "a/b/f a/g", "n/0/a/b/f n/0/a/b n/0/a/g n/0/a; d | into 0 ., stamp - -");
  }

  @Test
  void filesOfManyFoldersAreLinkedAsATreeThatBringsTheTimesOfFolders() {
    check(
        GNU,
        "a/ b/ c/ d/ e/",
        FIVE,
        "t/a/f t/b/f t/c/f t/d/f t/e/f; t/e t/d t/c t/b t/a t | tree stamped -");
  }

  @Test
  void foldersAreStampedAgainWhereATreeIsNotTheLast() {
    check(
        GNU,
        "a/old b/ c/ d/ e/",
        FIVE,
        "t/a/f t/b/f t/c/f t/d/f t/e/f; t/e t/d t/c t/b t/a t d/a d"
            + " | tree stamped -, delete - -, stamp - - | deletes: ./a/old");
  }

  @Test
  void thereIsNoTreeWithoutHardLinksOrAcrossMounts() {
    var places = "n/0/f n/1/f n/2/f n/3/f n/4/f; d/e d/d d/c d/b d/a d | ";
    var moves = "into 0 a, into 1 b, into 2 c, into 3 d, into 4 e, ";
    check(MOUNTS, "a/ b/ c/ d/ e/", FIVE, places + moves + "stamp - -");
    var modes = "attributes 755 e, attributes 755 d, attributes 755 c, attributes 755 b, ";
    check(NO_LINKS, "a/ b/ c/ d/ e/", FIVE, places + moves + modes + "attributes 755 a");
  }

  @Test
  void oneCommandMovesNoMoreNamesThanItsArgumentsHold() {
    var many = IntStream.range(0, 401).mapToObj(i -> "f" + (1000 + i)).toList();
    var plan = Plan.of(changes("", String.join(" ", many)), tree(""), tree(many), GNU);

    assertEquals("./n/0/f1399", plan.items().get(399).place());
    assertEquals("./n/1/f1400", plan.items().get(400).place());
    assertEquals(
        "into 0 .\ninto 1 .\nstamp - -\n", plan.trailer(Set.of(), Set.of()).texts().get("plan"));
  }

  @Test
  void whatIsInTheWayIsClearedFirstAndWhatIsGoneIsDeletedLast() {
    check(
        GNU,
        "a/x b c/y",
        "a b/",
        "n/0/a n/0/b; d | clear - -, into 0 ., delete - -, stamp - -"
            + " | clear: ./a/x ./b | clear-folders: ./a | deletes: ./c/y | deletes-folders: ./c");
  }

  @Test
  void aFolderThatNobodyCanWriteInIsUnlockedAndGetsItsModeLast() {
    check(NO_LINKS, "a:555/", "a:555/f", "n/0/f; d/a d | unlock - a, into 0 a, attributes 555 a");
    check(ROOT, "a:555/", "a:555/f", "n/0/f; d/a d | into 0 a, stamp - -");
  }

  @Test
  void aNewFolderThatNobodyCanWriteInCanBeMoved() {
    check(GNU, "", "a:555/f", "n/0/a/f n/0/a:755; d/a d | into 0 ., stamp - -");
  }

  @Test
  void aTarThatChangesNoModesGetsNewFoldersWritableFirst() {
    check(
        BUSYBOX,
        "",
        "a:555/f",
        "n/0/a:755 n/0/a/f n/0/a:755; d/a d | into 0 ., attributes 555 a, attributes 755 .");
  }

  @Test
  void theTimeOfAFolderWithALinkInItComesLast() {
    check(GNU, "a/", "a/l>x", "n/0/l; d/a d | into 0 a, stamp - -");
    check(
        BUSYBOX,
        "",
        "a/l>x",
        "n/0/a n/0/a/l n/0/a; d/a d | into 0 ., attributes 755 a, attributes 755 .");
  }

  @Test
  void aFolderThatLosesASpecialBitGetsAModeOfItsOwn() {
    check(GNU, "a:1755/", "a/", "; d/a d | stamp - -, attributes 755 a");
  }

  @Test
  void namesAreOneWordOfThePlan() {
    check(
        GNU,
        "\u00ff;$x/",
        "\u00ff;$x/f",
        "n/0/f; d/\u00ff;$x d | into 0 \\0377\\0073\\0044x, stamp - -");
  }

  @Test
  void aMissingFileLeavesItsFolderAlone() {
    var plan = Plan.of(changes("a/ b/", "a/f b/g"), tree("a/ b/"), tree("a/f b/g"), GNU);

    var trailer = plan.trailer(Set.of(), Set.of("a/f"));

    assertEquals("d/b d | into 1 b, stamp - -", show(trailer));
    assertEquals(List.of("b/g", "b"), trailer.applied().stream().map(Change::path).toList());
  }

  @Test
  void whatIsInTheWayOfAMissingFileGoesAllTheSame() {
    var plan = Plan.of(changes("a/", "a"), tree("a/"), tree("a"), GNU);

    var trailer = plan.trailer(Set.of(), Set.of("a"));

    assertEquals("d | clear - -, stamp - - | clear-folders: ./a", show(trailer));
    assertEquals(List.of("a", ""), trailer.applied().stream().map(Change::path).toList());
  }

  @Test
  void noTreeIsLinkedIfAllOfItIsMissing() {
    var there = tree("a/ b/ c/ d/ e/");
    var plan = Plan.of(changes("a/ b/ c/ d/ e/", FIVE + " g/"), there, tree(FIVE + " g/"), GNU);
    var files = Set.of("a/f", "b/f", "c/f", "d/f", "e/f");

    assertEquals("t | into 0 ., tree stamped -", show(plan.trailer(Set.of(), files)));
  }

  @Test
  void aTornFileIsDroppedAndItsFolderStampedAfterThat() {
    var plan = Plan.of(changes("", "a/f a/g"), tree(""), tree("a/f a/g"), GNU);

    var trailer = plan.trailer(Set.of("a/f"), Set.of());

    assertEquals("d/a d | drop - -, into 0 ., stamp - - | drop: ./n/0/a/f", show(trailer));
    assertEquals(
        List.of("a", "a/g", "", "a"), trailer.applied().stream().map(Change::path).toList());
  }

  private static void check(Facts facts, String there, String now, String expected) {
    var plan = Plan.of(changes(there, now), tree(there), tree(now), facts);
    assertEquals(expected, show(plan.items()) + "; " + show(plan.trailer(Set.of(), Set.of())));
  }

  private static List<Change> changes(String there, String now) {
    return Diff.between(tree(there), tree(now));
  }

  private static Facts facts(boolean gnu, boolean links, boolean mounts, boolean superuser) {
    return new Facts(
        "tar", gnu, false, true, true, true, links, true, mounts, superuser, Long.MAX_VALUE, "");
  }

  private static Folder tree(String paths) {
    return tree(paths.isEmpty() ? List.of() : List.of(paths.split(" ")));
  }

  /** Makes {@code folder/}, {@code folder:mode/}, {@code file} and {@code link>target}. */
  private static Folder tree(List<String> paths) {
    var puts = new ArrayList<Change>();
    var made = new HashSet<String>();
    for (var path : paths) {
      var folder = "";
      for (int end; (end = path.indexOf('/')) >= 0; path = path.substring(end + 1)) {
        var word = path.substring(0, end).split(":");
        int mode = word.length > 1 ? Integer.parseInt(word[1], 8) : 0755;
        folder = Tree.join(folder, word[0]);
        if (made.add(folder)) {
          puts.add(new Put(folder, new Folder(mode, 0, 0, new TreeMap<>()), true));
        }
      }
      if (path.contains(">")) {
        var link = path.split(">");
        puts.add(new Put(Tree.join(folder, link[0]), new Symlink(link[1], 0), true));
      } else if (!path.isEmpty()) {
        puts.add(new Put(Tree.join(folder, path), new RegularFile(0644, 1, 0, 0, 0, 0), true));
      }
    }
    return Tree.apply(new Folder(0755, 0, 0, new TreeMap<>()), puts);
  }

  /** Shows places, with the mode of a folder where the source has another. */
  private static String show(List<Plan.Item> items) {
    return items.stream()
        .map(
            item ->
                item.place().substring(2)
                    + (item.entry() instanceof Folder folder && folder.mode() != item.mode()
                        ? ":" + Integer.toOctalString(item.mode())
                        : ""))
        .collect(Collectors.joining(" "));
  }

  private static String show(Plan.Trailer trailer) {
    var shown = new StringBuilder(show(trailer.folders()));
    var verbs = trailer.texts().get("plan");
    shown.append(" | ").append(verbs.strip().replace("\n", ", "));
    trailer
        .texts()
        .forEach(
            (name, text) -> {
              if (!name.equals("plan")) {
                shown.append(" | ").append(name).append(": ");
                shown.append(text.replace("\0", " ").strip());
              }
            });
    return shown.toString();
  }
}
