package dev.omnibus.examples.quakes;

/**
 * What a subscriber received, and what its {@code BusListener} was told. Immutable.
 *
 * @param received events that its handlers were given
 * @param missed events in all reported gaps together
 * @param duplicates events that arrived again and were dropped
 * @param failures everything else that went wrong: handlers that threw, messages that were bad or dropped, events that
 *     were not published, interrupted subscriptions, a link that was down
 */
public record Report(long received, long missed, long duplicates, long failures) {}
