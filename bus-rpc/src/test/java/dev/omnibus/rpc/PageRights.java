package dev.omnibus.rpc;

import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The lists of rights on the page "Security". */
final class PageRights {

    private PageRights() {}

    private static List<String> lines(String containing) throws IOException {
        return Files.readAllLines(Path.of("../docs/explanation/security.md")).stream()
                .filter(line -> line.startsWith("ACL SETUSER ") && line.contains(containing))
                .toList();
    }

    /** Those of each role. */
    static List<String> least() throws IOException {
        return lines(" reset ").stream()
                .filter(line -> !line.contains("+sentinel"))
                .toList();
    }

    /** That of whoever asks the Sentinels. */
    static String ofSentinels() throws IOException {
        return lines("+sentinel").get(0);
    }

    /** Whose rights a line has. */
    static String role(String line) {
        return line.split(" ", 4)[2];
    }

    /** What a role gets in addition for something. */
    static String more(String containing) throws IOException {
        List<String> found = lines(containing).stream()
                .filter(line -> !line.contains(" reset "))
                .toList();
        if (found.size() != 1) {
            throw new AssertionError(
                    "The page has not one list of additional rights with " + containing + ": " + found);
        }
        return found.get(0);
    }

    /** Redis takes what is in parentheses as one word. */
    static void grant(RedisServer redis, String line) {
        List<String> words = new ArrayList<>();
        String selector = "";
        for (String word : List.of(line.split(" ", -1))) {
            if (!selector.isEmpty() || word.startsWith("(")) {
                selector = (selector + " " + word).strip();
                if (!word.endsWith(")")) {
                    continue;
                }
                word = selector;
                selector = "";
            }
            words.add(word);
        }
        redis.command(words.toArray(String[]::new));
    }
}
