package dev.omnibus.internal.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.invoke.MethodType;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Stream;

/** The names that classes have as the type of an event. */
public final class EventTypes {

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

    private EventTypes() {}

    /**
     * How a class is called on the wire: what a subscriber can ask for, and not what happens to implement it. That is
     * the interface for collections and maps, unless a program has made a class of its own of one, and for the inner
     * classes of the JDK, for proxies and for classes without a name what is public above them.
     */
    public static String of(Class<?> type) {
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

    /** Whether a class comes with Java itself. */
    public static boolean isOfTheJdk(Class<?> type) {
        ClassLoader loader = type.getClassLoader();
        return loader == null || loader == ClassLoader.getPlatformClassLoader();
    }
}
