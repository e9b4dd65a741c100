package dev.omnibus.bus;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.EventTypes;
import dev.omnibus.internal.event.TopicPattern;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;

/**
 * The name of a topic together with what its events carry, to be kept as a constant that publishers and subscribers
 * share: a search for its uses shows both ends.
 *
 * <p>A name is made of tokens of letters, digits, {@code _} and {@code -}, with dots between them:
 * {@code orders.placed}. It has 512 characters at most. Immutable.
 *
 * @param name the topic's name
 * @param type what its events carry
 * @param eventType the CloudEvents {@code type} of its events, which tells other languages what they are looking at
 * @param <T> what its events carry
 */
public record Topic<T>(String name, Type type, String eventType) {

    /**
     * Checks the name.
     *
     * @param name the topic's name
     * @param type what its events carry
     * @param eventType the CloudEvents type of its events
     * @throws IllegalArgumentException if the name is not one, or the event type is empty, longer than 1,024
     *     characters, has control characters, or is the one that the bus has for itself
     */
    public Topic {
        TopicPattern.requireTopic(name);
        if (!EventCodec.isEventType(eventType)) {
            throw new IllegalArgumentException("The event type of topic " + name
                    + " must have 1 to 1,024 characters, no control characters, and not be " + EventCodec.MARK);
        }
    }

    /**
     * A topic whose events have the simple name of their class as their type.
     *
     * @param name the topic's name
     * @param type what its events carry
     * @param <T> what its events carry
     * @return the topic
     * @throws IllegalArgumentException if the name is not one
     */
    public static <T> Topic<T> of(String name, Class<T> type) {
        return new Topic<>(name, type, EventTypes.of(type));
    }

    /**
     * A topic whose events carry something generic, such as a list. Their type is the simple name of its class.
     *
     * @param name the topic's name
     * @param type what its events carry, as {@code new TypeReference<List<Order>>() {}}
     * @param <T> what its events carry
     * @return the topic
     * @throws IllegalArgumentException if the name is not one
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
        return type instanceof Class<?> known ? known : Object.class; // what is unknown may be anything
    }

    /**
     * The same topic with another event type, for instance {@code com.example.order.placed}.
     *
     * @param newEventType the CloudEvents type
     * @return the topic
     * @throws IllegalArgumentException if it is not an event type, as above
     */
    public Topic<T> withEventType(String newEventType) {
        return new Topic<>(name, type, newEventType);
    }
}
