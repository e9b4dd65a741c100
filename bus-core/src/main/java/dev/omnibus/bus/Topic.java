package dev.omnibus.bus;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.EventTypes;
import dev.omnibus.internal.event.TopicPattern;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;

/**
 * A typed topic: its name together with the type of the payload, to be kept as a constant that publishers and
 * subscribers share, so that a search for its usages finds both ends.
 *
 * <p>A name consists of tokens of letters, digits, {@code _} and {@code -}, with dots between them:
 * {@code orders.placed}. It has 512 characters at most. Immutable.
 *
 * @param name the topic's name
 * @param type the type of the payload
 * @param eventType the CloudEvents {@code type} of its events, by which other languages recognize them
 * @param <T> the type of the payload
 */
public record Topic<T>(String name, Type type, String eventType) {

    /**
     * Checks the name.
     *
     * @param name the topic's name
     * @param type the type of the payload
     * @param eventType the CloudEvents type of its events
     * @throws IllegalArgumentException if the name is invalid, or the event type is empty, longer than 1,024
     *     characters, contains control characters, or is the one that the bus reserves for itself
     */
    public Topic {
        TopicPattern.requireTopic(name);
        if (!EventCodec.isEventType(eventType)) {
            throw new IllegalArgumentException("The event type of topic " + name
                    + " must have 1 to 1,024 characters, none of them a control character, and must not be "
                    + EventCodec.MARKER);
        }
    }

    /**
     * Returns a topic whose events have the simple name of their class as their type.
     *
     * @param name the topic's name
     * @param type the type of the payload
     * @param <T> the type of the payload
     * @return the topic
     * @throws IllegalArgumentException if the name is invalid
     */
    public static <T> Topic<T> of(String name, Class<T> type) {
        return new Topic<>(name, type, EventTypes.of(type));
    }

    /**
     * Returns a topic with a generic payload, such as a list. The type of its events is the simple name of its class.
     *
     * @param name the topic's name
     * @param type the type of the payload, as {@code new TypeReference<List<Order>>() {}}
     * @param <T> the type of the payload
     * @return the topic
     * @throws IllegalArgumentException if the name is invalid
     */
    public static <T> Topic<T> of(String name, TypeReference<T> type) {
        Type full = type.getType();
        return new Topic<>(name, full, EventTypes.of(rawOf(full)));
    }

    private static Class<?> rawOf(Type type) {
        if (type instanceof ParameterizedType generic) {
            return rawOf(generic.getRawType());
        }
        if (type instanceof GenericArrayType array) {
            return rawOf(array.getGenericComponentType()).arrayType();
        }
        return type instanceof Class<?> known ? known : Object.class; // anything, if it is unknown
    }

    /**
     * Returns the same topic with another event type, for instance {@code com.example.order.placed}.
     *
     * @param newEventType the CloudEvents type
     * @return the topic
     * @throws IllegalArgumentException if the event type is invalid, as for the constructor
     */
    public Topic<T> withEventType(String newEventType) {
        return new Topic<>(name, type, newEventType);
    }
}
