package dev.omnibus.tools.console;

import com.fasterxml.jackson.core.JsonPointer;
import dev.omnibus.internal.event.TopicPattern;
import dev.omnibus.tools.watch.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A filter of the live tail, written in words with blanks between them, all of which have to fit: {@code orders.*} or a
 * part of a name or a node; {@code event}, {@code call}, {@code reply}, {@code presence}; {@code failed}; {@code >5ms};
 * {@code /data/sku=sku-1}, a value in the message by its JSON pointer. Immutable.
 */
final class Filter {

    /** What is shown if nothing is said: markers and heartbeats say nothing to people. */
    private static final Set<Seen.Kind> USUAL =
            Set.of(Seen.Kind.EVENT, Seen.Kind.REQUEST, Seen.Kind.REPLY, Seen.Kind.PRESENCE, Seen.Kind.BAD);

    private static final Map<String, Set<Seen.Kind>> KINDS = Map.of(
            "event", Set.of(Seen.Kind.EVENT),
            "call", Set.of(Seen.Kind.REQUEST),
            "reply", Set.of(Seen.Kind.REPLY),
            "cancel", Set.of(Seen.Kind.CANCEL),
            "presence", Set.of(Seen.Kind.PRESENCE),
            "heartbeat", Set.of(Seen.Kind.HEARTBEAT),
            "bad", Set.of(Seen.Kind.BAD));

    private static final int MAX_LENGTH = 500;

    private final Set<Seen.Kind> kinds;
    private final List<TopicPattern> patterns = new ArrayList<>();
    private final List<String> parts = new ArrayList<>();
    private final Map<JsonPointer, String> values = new LinkedHashMap<>();
    private final boolean failed;
    private final Duration slower;

    /**
     * Reads a filter.
     *
     * @throws IllegalArgumentException if it is none; the message is for people
     */
    Filter(String text) {
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("A filter has at most " + MAX_LENGTH + " characters");
        }
        Set<Seen.Kind> wanted = new HashSet<>();
        boolean onlyFailed = false;
        Duration longer = Duration.ZERO;
        for (String word : text.strip().split("\\s+", -1)) {
            if (KINDS.containsKey(word)) {
                wanted.addAll(KINDS.getOrDefault(word, Set.of()));
            } else if (word.equals("failed")) {
                onlyFailed = true;
            } else if (word.startsWith(">")) {
                longer = duration(word.substring(1));
            } else if (word.startsWith("/")) {
                value(word);
            } else if (word.contains("*")) {
                patterns.add(TopicPattern.parse(word));
            } else if (!word.isEmpty()) {
                parts.add(word.toLowerCase(Locale.ROOT));
            }
        }
        kinds = wanted.isEmpty() ? USUAL : Set.copyOf(wanted);
        failed = onlyFailed;
        slower = longer;
    }

    private static Duration duration(String text) {
        try {
            return Duration.ofNanos((long) (Double.parseDouble(text.replaceFirst("ms$", "")) * 1e6));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'>" + text + "' is no time: write >5ms", e);
        }
    }

    private void value(String word) {
        int equals = word.indexOf('=');
        if (equals < 0) {
            throw new IllegalArgumentException("'" + word + "' has no value: write " + word + "=value");
        }
        values.put(JsonPointer.compile(word.substring(0, equals)), word.substring(equals + 1));
    }

    /** Whether it is known only from the replies if a call fits. */
    boolean needsReplies() {
        return failed || !slower.isZero();
    }

    /** Whether a message fits, as far as it can be known when it is seen. */
    boolean fits(Seen seen, Content content) {
        return kinds.contains(seen.kind())
                && patterns.stream().allMatch(pattern -> pattern.matches(seen.name()))
                && parts.stream().allMatch(part -> contains(seen, part))
                && values.entrySet().stream()
                        .allMatch(value -> content.valueAt(seen, value.getKey()).equals(value.getValue()))
                && (!needsReplies() || seen.kind() == Seen.Kind.REQUEST || (failed && isFailure(seen)));
    }

    private static boolean contains(Seen seen, String part) {
        return seen.name().toLowerCase(Locale.ROOT).contains(part)
                || seen.from().toLowerCase(Locale.ROOT).contains(part)
                || seen.to().toLowerCase(Locale.ROOT).contains(part);
    }

    private boolean isFailure(Seen seen) {
        return seen.kind() == Seen.Kind.BAD || seen.code() != 0;
    }

    /** Whether the replies of a call fit. */
    boolean fits(Traced call) {
        return (!failed || call.hasFailed())
                && (slower.isZero() || call.slowest().compareTo(slower) >= 0);
    }
}
