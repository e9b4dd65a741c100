package dev.omnibus.examples;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The regions between {@code // tag::name} and {@code // end::name} in the sources of the examples. */
final class ListingRegions {

    private static final Pattern MARK = Pattern.compile("\\s*// (tag|end)::(\\S+)\\s*");

    private ListingRegions() {}

    /** Text by name, indentation removed. */
    static Map<String, String> read(Path sources) {
        Map<String, String> regions = new HashMap<>();
        for (Path source : Repository.files(sources, ".java")) {
            Map<String, List<String>> open = new HashMap<>();
            for (String line : Repository.lines(source)) {
                Matcher mark = MARK.matcher(line);
                if (!mark.matches()) {
                    open.values().forEach(lines -> lines.add(line));
                } else if (mark.group(1).equals("tag")) {
                    open.put(mark.group(2), new ArrayList<>());
                } else {
                    close(mark.group(2), open.remove(mark.group(2)), regions, source);
                }
            }
            if (!open.isEmpty()) {
                throw new IllegalStateException(source + " does not end the regions " + open.keySet());
            }
        }
        return regions;
    }

    private static void close(String name, @Nullable List<String> lines, Map<String, String> regions, Path source) {
        if (lines == null) {
            throw new IllegalStateException(source + " ends the region " + name + ", which it did not begin");
        }
        if (regions.put(name, text(lines)) != null) {
            throw new IllegalStateException("There are two regions " + name + ", one of them in " + source);
        }
    }

    /** Without common indentation, blanks at the ends of lines, and blank lines around it. */
    static String text(List<String> lines) {
        return String.join("\n", lines).stripIndent().strip();
    }
}
