package dev.frep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every tar unpacks what Tar writes, byte for byte. */
class TarTest {
  private static final long TIME = 1_700_000_000_123_456_789L;

  @TempDir Path base;

  @ParameterizedTest
  @ValueSource(strings = {"tar", "busybox tar", "bsdtar"})
  void everyTarReadsNamesAsBytes(String tar) throws IOException {
    var name = "\u00ff n\n'" + "\u00e4".repeat(150);

    unpack(tar, archive(name, false));

    assertUnpacked(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tar", "busybox tar", "bsdtar"})
  void aHeaderForTheTimeLeavesNamesAlone(String tar) throws IOException {
    var name = "\u00ff n\n'" + "\u00e4".repeat(150);

    unpack(tar, archive(name, true));

    assertUnpacked(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tar", "bsdtar"})
  void filesFoldersAndLinksGetTheirTimeToTheNanosecond(String tar) throws IOException {
    unpack(tar, archive("name", true));

    for (var path : new String[] {"folder", "folder/name", "link"}) {
      assertEquals("1700000000.123456789", sh("stat -c %.9Y " + path).strip(), path);
    }
  }

  @Test
  void aWholeSecondNeedsNoHeader() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var tar = new Tar(bytes, true);

    tar.folder("./folder", 0755, 1_700_000_000_000_000_000L);

    assertEquals(512, bytes.size());
  }

  @Test
  void aTimeBefore1970IsTheFirstOfAll() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var tar = new Tar(bytes, true);
    tar.folder("./folder", 0755, -1_500_000_000L);
    tar.finish();

    unpack("tar", bytes.toByteArray());

    assertEquals("0.000000000", sh("stat -c %.9Y folder").strip());
  }

  /** Holds a folder with a file of that name in it, and a link to the name. */
  private static byte[] archive(String name, boolean paxTimes) throws IOException {
    var bytes = new ByteArrayOutputStream();
    var tar = new Tar(bytes, paxTimes);
    tar.file("./folder/" + name, 0640, 600, TIME);
    tar.write("x".repeat(600).getBytes(StandardCharsets.US_ASCII), 600);
    tar.end();
    tar.folder("./folder", 0750, TIME);
    tar.link("./link", name, TIME);
    tar.text("./text", "\u00e9\0");
    tar.finish();
    return bytes.toByteArray();
  }

  private void assertUnpacked(String name) throws IOException {
    var folder = base.resolve("folder");
    var file = Names.in(folder, name);
    assertEquals("x".repeat(600), Files.readString(file));
    assertEquals("640 1700000000", sh("stat -c '%a %Y' folder/*").strip());
    assertEquals("750 1700000000", sh("stat -c '%a %Y' folder").strip());
    assertEquals(name, Names.ofLink(Files.readSymbolicLink(base.resolve("link"))));
    var text = Files.readString(base.resolve("text"), StandardCharsets.ISO_8859_1);
    assertEquals("\u00e9\0", text);
    assertTrue(sh("stat -c %a text").startsWith("600"));
  }

  private void unpack(String tar, byte[] archive) throws IOException {
    assumeTrue(Commands.missing(tar.split(" ")[0]).isEmpty(), tar + " is not here");
    Files.write(base.resolve("archive"), archive);
    sh(tar + " -xpf archive");
  }

  private String sh(String script) {
    return Commands.run("sh", "-c", "export LC_ALL=C; cd " + base + " && " + script).out();
  }
}
