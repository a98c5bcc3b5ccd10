package dev.frep;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * What is known to be at a target, and the SHA-256 of its records as receiver.sh sorts and hashes
 * them, in hexadecimal: a target that comes to the same need not list all that it has.
 */
record Digest(Folder there, String sum) {
  /** What no target comes to. */
  static final Digest NONE = new Digest(Folder.NONE, "");

  /** NONE if nothing is known, or not all of it. */
  static Digest of(Folder there) {
    List<byte[]> records = new ArrayList<>();
    if (there.children().isEmpty() || !add("", there, records)) {
      return NONE;
    }
    records.sort(Arrays::compareUnsigned);
    MessageDigest sum = sha256();
    for (byte[] record : records) {
      sum.update(record);
      sum.update((byte) 0);
    }
    return new Digest(there, HexFormat.of().formatHex(sum.digest()));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException never) {
      throw new AssertionError(never); // Each Java has it.
    }
  }

  /** Whether all that is there could be told. */
  private static boolean add(String path, Entry entry, List<byte[]> records) {
    String record;
    if (entry instanceof RegularFile file && file.mode() >= 0) {
      String times = file.size() + " " + Tree.seconds(file.modified());
      record = "f " + Integer.toOctalString(file.mode()) + " " + times + " " + path;
    } else if (entry instanceof Symlink link) {
      record = "l " + path + "//" + link.target();
    } else if (entry instanceof Folder folder) {
      String mode = Integer.toOctalString(folder.mode());
      record = "d " + mode + " " + Tree.seconds(folder.modified()) + " " + path;
    } else {
      return false; // Nobody knows what is there.
    }
    records.add(record.getBytes(StandardCharsets.ISO_8859_1));
    boolean told = true;
    if (entry instanceof Folder folder) {
      for (Map.Entry<String, Entry> child : folder.children().entrySet()) {
        told = told && add(Tree.join(path, child.getKey()), child.getValue(), records);
      }
    }
    return told;
  }
}
