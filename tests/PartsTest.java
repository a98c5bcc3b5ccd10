package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A copy that is made from nothing begins while the source is still scanned. */
class PartsTest {
  @TempDir private Path base;

  @Test
  void aPartSaysNothingThatTheWholeDoesNotSay() throws IOException {
    var world = new World(base);
    Files.writeString(world.source.resolve(".gitignore"), "left-out/\n");
    for (int i = 0; i < 100; i++) {
      var folder = world.source.resolve("a" + i % 3 + "/b" + i % 10 + "/c" + i);
      Files.createDirectories(folder.resolve("left-out/inner"));
      Files.createDirectories(folder.resolve("empty"));
      Files.writeString(folder.resolve("left-out/inner/file"), "not sent\n");
      Files.writeString(folder.resolve("file"), "file " + i + "\n");
      Files.writeString(folder.getParent().resolve("file" + i), "file " + i + "\n");
    }
    var scanner = new Scanner(world.options(), null, null);
    var parts = Collections.synchronizedList(new ArrayList<Folder>());

    var whole = scanner.scan(parts::add, Duration.ZERO);

    var all = puts(whole);
    assertTrue(parts.size() > 10, "a part after each folder, but there were " + parts.size());
    assertTrue(puts(parts.get(0)).size() < all.size() / 2, "the first part is little of it");
    for (var part : parts) {
      puts(part).forEach((path, what) -> assertEquals(all.get(path), what, path));
    }
    parts.add(whole);
    var there = Folder.NONE;
    for (var part : parts) {
      puts(there, part);
      there = Tree.settled(there, part); // All that was known of it has been sent.
    }
    assertSame(whole, there);
  }

  /** What would be sent to where nothing is: files with what is known of them. */
  private static Map<String, String> puts(Folder folder) {
    return puts(Folder.NONE, folder);
  }

  /** The same where there is something; that nothing would be deleted is asserted. */
  private static Map<String, String> puts(Folder there, Folder folder) {
    var puts = new TreeMap<String, String>();
    for (var change : Diff.between(there, folder)) {
      var put = assertInstanceOf(Put.class, change, change.path());
      var what = put.entry() instanceof Folder inner ? inner.mode() + "" : put.entry() + "";
      puts.put(put.path(), what);
    }
    return puts;
  }
}
