package dev.omnibus.tools.console;

import com.fasterxml.jackson.core.JsonPointer;
import dev.omnibus.internal.event.TopicPattern;
import java.util.List;

/**
 * What a console may do and show. Immutable. By default it only reads.
 *
 * @param port where it listens on the loopback address; 0 for any that is free
 * @param calls patterns of the methods that may be called from the page; none by default
 * @param topics patterns of the topics that may be published to from the page; none by default
 * @param masked JSON pointers into messages, such as {@code /data/card}, whose values are never shown
 * @param bodies whether the content of messages is shown at all
 */
public record ConsoleOptions(
        int port, List<String> calls, List<String> topics, List<JsonPointer> masked, boolean bodies) {

    /**
     * Checks the patterns.
     *
     * @param port where it listens
     * @param calls patterns of methods
     * @param topics patterns of topics
     * @param masked JSON pointers
     * @param bodies whether content is shown
     * @throws IllegalArgumentException if a pattern is none, or the port is no port
     */
    public ConsoleOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("The port is " + port + "; it must be between 0 and 65535");
        }
        calls.forEach(TopicPattern::parse);
        topics.forEach(TopicPattern::parse);
        calls = List.copyOf(calls);
        topics = List.copyOf(topics);
        masked = List.copyOf(masked);
    }

    /**
     * What is right for most: any free port, nothing allowed but looking, nothing hidden.
     *
     * @return the defaults
     */
    public static ConsoleOptions defaults() {
        return new ConsoleOptions(0, List.of(), List.of(), List.of(), true);
    }

    /**
     * Another port.
     *
     * @param number 0 for any that is free
     * @return a copy
     */
    public ConsoleOptions withPort(int number) {
        return new ConsoleOptions(number, calls, topics, masked, bodies);
    }

    /**
     * Lets the page call methods.
     *
     * @param patterns of their names, such as {@code stock.*}
     * @return a copy
     */
    public ConsoleOptions allowCalls(String... patterns) {
        return new ConsoleOptions(port, List.of(patterns), topics, masked, bodies);
    }

    /**
     * Lets the page publish.
     *
     * @param patterns of the topics, such as {@code test.**}
     * @return a copy
     */
    public ConsoleOptions allowPublishing(String... patterns) {
        return new ConsoleOptions(port, calls, List.of(patterns), masked, bodies);
    }

    /**
     * Hides values.
     *
     * @param pointers into messages, such as {@code /data/card}
     * @return a copy
     */
    public ConsoleOptions masking(String... pointers) {
        List<JsonPointer> compiled =
                List.of(pointers).stream().map(JsonPointer::compile).toList();
        return new ConsoleOptions(port, calls, topics, compiled, bodies);
    }

    /**
     * Hides the content of all messages.
     *
     * @return a copy
     */
    public ConsoleOptions withoutBodies() {
        return new ConsoleOptions(port, calls, topics, masked, false);
    }

    boolean mayCall(String method) {
        return matches(calls, method);
    }

    boolean mayPublish(String topic) {
        return matches(topics, topic);
    }

    private static boolean matches(List<String> patterns, String name) {
        return patterns.stream().anyMatch(pattern -> TopicPattern.parse(pattern).matches(name));
    }
}
