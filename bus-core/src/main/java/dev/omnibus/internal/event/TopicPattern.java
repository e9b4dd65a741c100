package dev.omnibus.internal.event;

import java.util.regex.Pattern;

/**
 * A pattern of topic names, or a single name: {@code *} matches one token, {@code **} at the end one or more.
 *
 * <p>Redis has only globs, whose star also matches dots. The glob of a pattern matches at least what the pattern does;
 * {@link #matches} filters out the rest. Immutable.
 */
public final class TopicPattern {

    /** Bounded, because topics are remembered for each publisher, which chooses them. */
    static final int MAX_LENGTH = 512;

    private static final String[] NO_TOKENS = {};
    private static final Pattern STARS_IN_TOKEN = Pattern.compile("[^.]\\*|\\*[^.]");

    private static final int SHOWN = 60; // characters of a name that is too long

    private static final String RULE = " must be tokens of letters, digits, '_' and '-' with dots between them, for"
            + " instance \"orders.placed\"";

    private final String text;
    private final boolean wildcard;
    private final String[] tokens; // of a pattern

    private TopicPattern(String text) {
        this.text = text;
        this.wildcard = text.indexOf('*') >= 0;
        this.tokens = wildcard ? text.split("\\.", -1) : NO_TOKENS;
    }

    public static TopicPattern parse(String text) {
        requireLength(text);
        String example = text.equals("**") || text.endsWith(".**") ? text.substring(0, text.length() - 1) : text;
        if (!isTopic(example.replace('*', 'x'), 0)
                || STARS_IN_TOKEN.matcher(example).find()) {
            throw new IllegalArgumentException(
                    "The topic \"" + text + "\"" + RULE + "; a pattern may have '*' for one token and end with '**'");
        }
        return new TopicPattern(text);
    }

    public static void requireTopic(String name) {
        requireLength(name);
        if (!isTopic(name, 0)) {
            String publishing = name.indexOf('*') >= 0 ? "; patterns are for subscribing" : "";
            throw new IllegalArgumentException("The topic \"" + name + "\"" + RULE + publishing);
        }
    }

    private static void requireLength(String text) {
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("The topic \"" + text.substring(0, SHOWN) + "…\" has " + text.length()
                    + " characters; the limit is " + MAX_LENGTH);
        }
    }

    /** Returns whether this is a pattern, and not the name of one topic. */
    boolean isWildcard() {
        return wildcard;
    }

    public String toGlob() {
        return text.replace("**", "*");
    }

    public boolean matches(String topic) {
        if (!wildcard) {
            return text.equals(topic);
        }
        int at = 0;
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i].equals("**")) {
                return isTopic(topic, at);
            }
            int end = endOfToken(topic, at);
            boolean fits = tokens[i].equals("*")
                    ? end > at
                    : end - at == tokens[i].length() && topic.startsWith(tokens[i], at);
            boolean last = i == tokens.length - 1;
            if (!fits || (last ? end != topic.length() : end == topic.length() || topic.charAt(end) != '.')) {
                return false;
            }
            at = end + 1;
        }
        return true;
    }

    /**
     * Returns whether the rest of a text is tokens with dots between them. A regular expression would recurse for each
     * token.
     */
    private static boolean isTopic(String text, int from) {
        int at = from;
        while (true) {
            int end = endOfToken(text, at);
            if (end == at) {
                return false;
            }
            if (end == text.length()) {
                return true;
            }
            if (text.charAt(end) != '.') {
                return false;
            }
            at = end + 1;
        }
    }

    private static int endOfToken(String text, int from) {
        int at = from;
        while (at < text.length() && isTokenCharacter(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isTokenCharacter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }

    @Override
    public String toString() {
        return text;
    }
}
