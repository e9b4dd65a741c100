package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.type.TypeFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An exception of a contract's {@code throws} clause, which arrives as itself.
 *
 * <p>Its shape is that of its constructor: {@code (String message)}, or {@code (String message, …)} with further
 * parameters, each of which has an accessor of the same name ({@code sku()} or {@code getSku()}). Only the classes that
 * the caller's own contract names are ever made, never one by a name from the wire. Exceptions of the JDK do not
 * travel: nobody wrote their messages for others to read.
 */
final class DeclaredFault {

    /** The code on the wire of all of them; the type tells which. */
    static final int CODE = 1;

    private final Class<? extends Throwable> type;
    private final Constructor<? extends Throwable> constructor;
    private final List<Method> accessors;
    private final List<String> names;

    private DeclaredFault(
            Class<? extends Throwable> type, Constructor<? extends Throwable> constructor, List<Method> accessors) {
        this.type = type;
        this.constructor = constructor;
        this.accessors = accessors;
        this.names = further(constructor).map(Parameter::getName).toList();
    }

    /**
     * What a method declares, the most specific ones first.
     *
     * @throws IllegalArgumentException if one of them has not the shape
     */
    static List<DeclaredFault> of(String operation, Method method) {
        Map<String, DeclaredFault> byName = new LinkedHashMap<>();
        List<Class<?>> declared = new ArrayList<>(List.of(method.getExceptionTypes()));
        declared.sort(Comparator.comparingInt(type -> -depth(type)));
        for (Class<?> type : declared) {
            if (type.getName().startsWith("java.") || RpcException.class.isAssignableFrom(type)) {
                continue;
            }
            DeclaredFault fault = of(operation, type.asSubclass(Throwable.class));
            if (byName.put(fault.name(), fault) != null) {
                throw new IllegalArgumentException("The method " + operation + " declares two exceptions named "
                        + fault.name() + "; rename one of them");
            }
        }
        return List.copyOf(byName.values());
    }

    private static DeclaredFault of(String operation, Class<? extends Throwable> type) {
        List<Constructor<?>> constructors = new ArrayList<>(List.of(type.getDeclaredConstructors()));
        constructors.sort(Comparator.comparingInt(constructor -> -constructor.getParameterCount()));
        for (Constructor<?> constructor : constructors) {
            List<Method> accessors = Modifier.isAbstract(type.getModifiers()) ? null : accessors(type, constructor);
            if (accessors != null && !Modifier.isPrivate(constructor.getModifiers())) {
                @SuppressWarnings("unchecked") // it is a constructor of that class
                Constructor<? extends Throwable> made = (Constructor<? extends Throwable>) constructor;
                made.setAccessible(true);
                return new DeclaredFault(type, made, accessors);
            }
        }
        throw new IllegalArgumentException("The exception " + type.getName() + ", which " + operation + " declares,"
                + " cannot travel: it needs a constructor (String message), or (String message, …) with an accessor"
                + " for each further parameter");
    }

    private static int depth(Class<?> type) {
        int depth = 0;
        for (Class<?> above = type; above != null; above = above.getSuperclass()) {
            depth++;
        }
        return depth;
    }

    private static @Nullable List<Method> accessors(Class<?> type, Constructor<?> constructor) {
        Class<?>[] types = constructor.getParameterTypes();
        if (types.length == 0 || types[0] != String.class) {
            return null;
        }
        List<Method> accessors = new ArrayList<>();
        for (Parameter parameter : further(constructor).toList()) {
            Method accessor = parameter.isNamePresent() ? accessor(type, parameter) : null;
            if (accessor == null) {
                return null;
            }
            accessor.setAccessible(true);
            accessors.add(accessor);
        }
        return accessors;
    }

    private static Stream<Parameter> further(Constructor<?> constructor) {
        return Arrays.stream(constructor.getParameters()).skip(1);
    }

    private static @Nullable Method accessor(Class<?> type, Parameter parameter) {
        String name = parameter.getName();
        String getter = "get" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> method.getParameterCount() == 0
                        && (method.getName().equals(name) || method.getName().equals(getter))
                        && method.getGenericReturnType().equals(parameter.getParameterizedType()))
                .findFirst()
                .orElse(null);
    }

    /** What it is called on the wire. */
    String name() {
        return type.getSimpleName();
    }

    boolean covers(Throwable failure) {
        return type.isInstance(failure);
    }

    /** The names of what it carries besides its message. */
    List<String> names() {
        return names;
    }

    /** The types of what it carries besides its message. */
    List<JavaType> types() {
        return further(constructor)
                .map(parameter -> TypeFactory.defaultInstance().constructType(parameter.getParameterizedType()))
                .toList();
    }

    /** What an exception carries besides its message. */
    Map<String, @Nullable Object> details(Throwable failure) throws ReflectiveOperationException {
        Map<String, @Nullable Object> details = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            details.put(names.get(i), accessors.get(i).invoke(failure));
        }
        return details;
    }

    /** The exception again. */
    Throwable make(String message, @Nullable Object[] details) throws ReflectiveOperationException {
        @Nullable Object[] arguments = new Object[1 + details.length];
        arguments[0] = message;
        System.arraycopy(details, 0, arguments, 1, details.length);
        return constructor.newInstance(arguments);
    }
}
