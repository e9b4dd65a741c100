package dev.omnibus.bus;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import java.lang.invoke.MethodType;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Stream;

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

    /** The first that fits is the name of a collection or map. */
    private static final List<Class<?>> CONTAINERS =
            List.of(List.class, Set.class, Queue.class, Collection.class, Map.class);

    /** It takes a while to find one, and each event needs it. The classes themselves keep them. */
    private static final ClassValue<String> EVENT_TYPES = new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> type) {
            return nameOf(type);
        }
    };

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
        return new Topic<>(name, type, eventTypeOf(type));
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
        return new Topic<>(name, full, eventTypeOf(rawOf(full)));
    }

    /**
     * How a class is called on the wire: what a subscriber can ask for, and not what happens to implement it. That is
     * the interface for collections and maps, unless a program has made a class of its own of one, and for the inner
     * classes of the JDK, for proxies and for classes without a name what is public above them.
     */
    static String eventTypeOf(Class<?> type) {
        return EVENT_TYPES.get(type);
    }

    private static String nameOf(Class<?> type) {
        if (type.isArray()) {
            Class<?> part = type.getComponentType();
            return (part.isPrimitive() ? part.getName() : nameOf(part)) + "[]";
        }
        if (type.isPrimitive()) {
            return MethodType.methodType(type).wrap().returnType().getSimpleName();
        }
        if (JsonNode.class.isAssignableFrom(type)) {
            return JsonNode.class.getSimpleName();
        }
        boolean container = Map.class.isAssignableFrom(type) || Collection.class.isAssignableFrom(type);
        if (container && (isOfTheJdk(type) || type.getTypeParameters().length > 0 || hasNoNameOfItsOwn(type))) {
            return CONTAINERS.stream()
                    .filter(known -> known.isAssignableFrom(type))
                    .findFirst()
                    .orElseThrow()
                    .getSimpleName();
        }
        List<Class<?>> above = new ArrayList<>();
        for (Class<?> at = type; at != null && at != Object.class && at != Proxy.class; at = at.getSuperclass()) {
            above.add(at);
        }
        return Stream.concat(above.stream(), above.stream().flatMap(at -> Arrays.stream(at.getInterfaces())))
                .filter(named -> !hasNoNameOfItsOwn(named))
                .findFirst()
                .orElse(Object.class)
                .getSimpleName();
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

    private static boolean hasNoNameOfItsOwn(Class<?> type) {
        boolean hidden = isOfTheJdk(type)
                && !(Modifier.isPublic(type.getModifiers()) && type.getModule().isExported(type.getPackageName()));
        return type.isAnonymousClass()
                || type.isSynthetic()
                || type.isHidden()
                || Proxy.isProxyClass(type)
                || type.getName().contains("$$") // what frameworks derive at run time
                || hidden;
    }

    static boolean isOfTheJdk(Class<?> type) {
        ClassLoader loader = type.getClassLoader();
        return loader == null || loader == ClassLoader.getPlatformClassLoader();
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
