package dev.omnibus.examples;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Compares the Java listings of a Markdown document with the regions that they claim to be. */
final class DocumentedListings {

    private static final Pattern FENCE = Pattern.compile("\\s*(`{3,}|~{3,})\\s*([\\w+-]*).*");
    private static final Pattern LISTING = Pattern.compile("\\s*<!-- listing: (\\S+) -->\\s*");
    private static final Pattern FRAGMENT = Pattern.compile("\\s*<!-- fragment -->\\s*");

    private DocumentedListings() {}

    /** What is wrong with a document; nothing if all its listings are what they say. */
    static List<String> problems(Path document, Map<String, String> regions) {
        List<String> problems = new ArrayList<>();
        List<String> lines = Repository.lines(document);
        String before = "";
        for (int i = 0; i < lines.size(); i++) {
            Matcher fence = FENCE.matcher(lines.get(i));
            if (!fence.matches()) {
                before = lines.get(i).isBlank() ? before : lines.get(i);
                continue;
            }
            int end = endOfBlock(lines, i, fence.group(1));
            if (fence.group(2).equals("java") || LISTING.matcher(before).matches()) {
                String text = ListingRegions.text(lines.subList(i + 1, end));
                String problem = problem(before, text, regions);
                if (!problem.isEmpty()) {
                    problems.add(document + ":" + (i + 1) + " " + problem);
                }
            }
            before = "";
            i = end;
        }
        return problems;
    }

    private static int endOfBlock(List<String> lines, int begin, String fence) {
        for (int i = begin + 1; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.startsWith(fence) && line.chars().allMatch(c -> c == fence.charAt(0))) {
                return i;
            }
        }
        return lines.size();
    }

    private static String problem(String before, String text, Map<String, String> regions) {
        Matcher listing = LISTING.matcher(before);
        if (FRAGMENT.matcher(before).matches()) {
            return "";
        }
        if (!listing.matches()) {
            return "has no <!-- listing: name --> or <!-- fragment --> before it";
        }
        String region = regions.get(listing.group(1));
        if (region == null) {
            return "shows " + listing.group(1) + ", which no example has";
        }
        return text.equals(region) ? "" : "differs from the example " + listing.group(1) + ", which is\n" + region;
    }
}
