package dev.frep;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.util.List;

/** What --run asks for: a copy that is in step, then a command in it, as if it ran here. */
final class Run {
  private Run() {}

  /** Returns the command's exit code; if the copy is not in step, what that ended with. */
  static int after(
      Options options, List<Route> routes, String command, Console console, Exit copied)
      throws Exception {
    if (copied != Exit.IN_STEP) {
      console.error(
          "the copy is not in step: the command was not run", "what is said above tells why");
      return copied.code;
    }
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    OutputStream err = new FileOutputStream(FileDescriptor.err);
    try (Errand errand = new Errand(options, routes.get(0), command, out, err, console)) {
      new Stop(errand::interrupt, () -> {});
      errand.begin();
      Processes.thread("stdin", () -> errand.feed(System.in));
      return errand.await();
    }
  }
}
