package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.type.TypeBindings;
import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the exceptions of one method travel: the {@link RpcFault} of the service, and those that the contract declares.
 * On the server they become an answer, on the client exceptions again. Thread-safe.
 */
public final class Faults {

    private static final Logger LOG = LoggerFactory.getLogger(Faults.class);

    private record Known(Declared declared, Arguments.Reader details, List<ValueWriter> writers) {}

    private static final byte[] NO_DETAILS = {};

    private final RpcCodec codec;
    private final List<Known> declared = new ArrayList<>();

    public Faults(RpcCodec codec, List<Declared> declared) {
        this.codec = codec;
        declared.forEach(fault -> this.declared.add(new Known(
                fault,
                codec.argumentReader(fault.name(), fault.names(), fault.types()),
                fault.types().stream().map(codec::writer).toList())));
    }

    /** Makes an exception into an answer; null if callers must not see it. */
    public RpcCodec.@Nullable Answer answer(Throwable failure)
            throws JsonProcessingException, ReflectiveOperationException {
        if (failure instanceof RpcFault fault) {
            return fault.node().isEmpty() // thrown here, not passed on from a call to somewhere else
                    ? RpcCodec.fault(
                            fault.code(), String.valueOf(fault.getMessage()), fault.type(), bytes(fault.details()))
                    : null;
        }
        for (Known known : declared) {
            Declared fault = known.declared();
            if (fault.covers(failure)) {
                byte[] details = fault.names().isEmpty() ? NO_DETAILS : bytes(known, failure);
                String message = failure.getMessage() == null ? "" : failure.getMessage();
                return RpcCodec.fault(Declared.CODE, message, fault.name(), details);
            }
        }
        return null;
    }

    private byte[] bytes(JsonNode details) throws JsonProcessingException {
        return details instanceof MissingNode
                ? NO_DETAILS
                : Json.write(codec.json().writer(), details);
    }

    private byte[] bytes(Known known, Throwable failure) throws JsonProcessingException, ReflectiveOperationException {
        List<@Nullable Object> details = known.declared().details(failure);
        return Json.write(codec.json().writer(), out -> {
            out.writeStartObject();
            for (int i = 0; i < details.size(); i++) {
                out.writeFieldName(known.declared().names().get(i));
                known.writers().get(i).write(details.get(i), out);
            }
            out.writeEndObject();
        });
    }

    /** Makes an answer with an error into an exception. */
    public Throwable failure(RpcCodec.Response reply, String method, Duration elapsed) {
        if (reply.code() <= 0) {
            return RpcFailures.answered(reply, method, elapsed);
        }
        for (Known known : declared) {
            if (reply.code() == Declared.CODE && known.declared().name().equals(reply.type())) {
                try {
                    return known.declared()
                            .make(reply.message(), known.details().read(reply.details()));
                } catch (IOException | ReflectiveOperationException | RuntimeException | Error e) {
                    break; // not in the shape that is known here: an RpcFault has all that was sent
                }
            }
        }
        return undeclared(codec, reply, method, elapsed);
    }

    /** Makes an answer with an error into an exception, where no contract declares any. */
    public static RpcException undeclared(RpcCodec codec, RpcCodec.Response reply, String method, Duration elapsed) {
        if (reply.code() <= 0) {
            return RpcFailures.answered(reply, method, elapsed);
        }
        try {
            return new RpcFault(
                    reply.code(),
                    reply.type(),
                    reply.message(),
                    codec.tree(reply.details()),
                    method,
                    reply.from(),
                    elapsed);
        } catch (IOException e) {
            return bare(reply, method, elapsed);
        }
    }

    /** The fault without its details. */
    static RpcFault bare(RpcCodec.Response reply, String method, Duration elapsed) {
        return new RpcFault(
                reply.code(), reply.type(), reply.message(), MissingNode.getInstance(), method, reply.from(), elapsed);
    }

    /**
     * An exception of a contract's {@code throws} clause, which arrives as itself.
     *
     * <p>Its shape is that of its constructor: {@code (String message)}, or {@code (String message, …)} with further
     * parameters, each of which has an accessor of the same name ({@code sku()} or {@code getSku()}). Only the classes
     * that the caller's own contract names are ever made, never one by a name from the wire. Exceptions of the JDK do
     * not travel: their messages were not written for others to read.
     */
    public static final class Declared {

        /** The code of all of them on the wire; the type tells them apart. */
        static final int CODE = 1;

        private final Class<? extends Throwable> type;
        private final Constructor<? extends Throwable> constructor;
        private final List<Method> accessors;
        private final List<JavaType> types;
        private final List<String> names;

        private Declared(
                Class<? extends Throwable> type,
                Constructor<? extends Throwable> constructor,
                List<Method> accessors,
                List<JavaType> types) {
            this.type = type;
            this.constructor = constructor;
            this.accessors = accessors;
            this.types = types;
            this.names = further(constructor).map(Parameter::getName).toList();
        }

        /**
         * The exceptions that a method declares, the most specific ones first.
         *
         * @throws IllegalArgumentException if one of them does not have the shape
         */
        public static List<Declared> of(String operation, Method method, TypeFactory types) {
            Map<String, Declared> byName = new LinkedHashMap<>();
            List<Class<?>> declared = new ArrayList<>(List.of(method.getExceptionTypes()));
            declared.sort(Comparator.comparingInt(type -> -depth(type)));
            for (Class<?> type : declared) {
                if (type.getName().startsWith("java.") || RpcException.class.isAssignableFrom(type)) {
                    continue;
                }
                Declared fault = of(operation, type.asSubclass(Throwable.class), types);
                if (byName.put(fault.name(), fault) != null) {
                    throw new IllegalArgumentException("The method " + operation + " declares two exceptions named "
                            + fault.name() + "; rename one of them");
                }
            }
            return List.copyOf(byName.values());
        }

        /** Warns of exceptions that are declared and never arrive, because a caller would prepare for them. */
        public static void warnOfJdkExceptions(String operation, Method method) {
            for (Class<?> type : method.getExceptionTypes()) {
                boolean checked =
                        Exception.class.isAssignableFrom(type) && !RuntimeException.class.isAssignableFrom(type);
                boolean anything =
                        type == Exception.class || type == InterruptedException.class; // declared by many methods
                if (checked && !anything && type.getName().startsWith("java.")) {
                    LOG.warn(
                            "The method {} declares {}, which does not travel, because nobody wrote its message for others"
                                    + " to read; declare an exception of your own",
                            operation,
                            type.getName());
                }
            }
        }

        private static Declared of(String operation, Class<? extends Throwable> type, TypeFactory known) {
            List<Constructor<?>> constructors = new ArrayList<>(List.of(type.getDeclaredConstructors()));
            constructors.sort(Comparator.comparingInt(constructor -> -constructor.getParameterCount()));
            for (Constructor<?> constructor : constructors) {
                List<JavaType> types = further(constructor)
                        .map(parameter -> known.constructType(parameter.getParameterizedType()))
                        .toList();
                List<Method> accessors = Modifier.isAbstract(type.getModifiers())
                        ? null
                        : accessors(known.constructType(type), constructor, types, known);
                if (accessors != null && !Modifier.isPrivate(constructor.getModifiers())) {
                    @SuppressWarnings("unchecked") // it is a constructor of that class
                    Constructor<? extends Throwable> made = (Constructor<? extends Throwable>) constructor;
                    made.setAccessible(true);
                    return new Declared(type, made, accessors, types);
                }
            }
            boolean unnamed =
                    constructors.stream().flatMap(Declared::further).anyMatch(parameter -> !parameter.isNamePresent());
            throw new IllegalArgumentException("The exception " + type.getName() + ", which " + operation + " declares,"
                    + " cannot travel: it needs a constructor (String message), or (String message, …) with an accessor"
                    + " for each further parameter"
                    + missing(type, constructors, known)
                    + (unnamed
                            ? ". It was compiled without the names of its parameters; compile it anew, all of it, with"
                                    + " javac's option -parameters"
                            : ""));
        }

        private static String missing(Class<?> type, List<Constructor<?>> constructors, TypeFactory known) {
            String missing = constructors.stream()
                    .filter(constructor -> constructor.getParameterCount() > 1)
                    .filter(constructor -> constructor.getParameterTypes()[0] == String.class)
                    .flatMap(Declared::further)
                    .filter(Parameter::isNamePresent)
                    .filter(parameter -> accessor(
                                    known.constructType(type),
                                    parameter.getName(),
                                    known.constructType(parameter.getParameterizedType()),
                                    known)
                            == null)
                    .map(parameter -> parameter.getType().getSimpleName() + " " + parameter.getName() + "()")
                    .distinct()
                    .collect(Collectors.joining(", "));
            return missing.isEmpty() ? "" : "; there is no " + missing;
        }

        private static int depth(Class<?> type) {
            int depth = 0;
            for (Class<?> above = type; above != null; above = above.getSuperclass()) {
                depth++;
            }
            return depth;
        }

        private static @Nullable List<Method> accessors(
                JavaType type, Constructor<?> constructor, List<JavaType> types, TypeFactory known) {
            Parameter[] parameters = constructor.getParameters();
            if (parameters.length == 0 || parameters[0].getType() != String.class) {
                return null;
            }
            List<Method> accessors = new ArrayList<>();
            for (int i = 0; i < types.size(); i++) {
                Parameter parameter = parameters[i + 1];
                Method accessor =
                        parameter.isNamePresent() ? accessor(type, parameter.getName(), types.get(i), known) : null;
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

        /** An accessor of its own, or one that it inherits from an exception of the program. */
        private static @Nullable Method accessor(JavaType type, String name, JavaType result, TypeFactory known) {
            String getter = "get" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
            for (JavaType above = type;
                    above != null && !above.getRawClass().getName().startsWith("java.");
                    above = above.getSuperClass()) {
                TypeBindings arguments = above.getBindings();
                for (Method method : above.getRawClass().getDeclaredMethods()) {
                    boolean named =
                            method.getName().equals(name) || method.getName().equals(getter);
                    if (named
                            && method.getParameterCount() == 0
                            && !Modifier.isStatic(method.getModifiers())
                            && !method.isBridge()
                            && known.resolveMemberType(method.getGenericReturnType(), arguments)
                                    .equals(result)) {
                        return method;
                    }
                }
            }
            return null;
        }

        /** Its name on the wire. */
        public String name() {
            return type.getSimpleName();
        }

        boolean covers(Throwable failure) {
            return type.isInstance(failure);
        }

        /** The names of what it carries besides its message. */
        public List<String> names() {
            return names;
        }

        /** The types of what it carries besides its message. */
        public List<JavaType> types() {
            return types;
        }

        /** What an exception carries besides its message. */
        List<@Nullable Object> details(Throwable failure) throws ReflectiveOperationException {
            List<@Nullable Object> details = new ArrayList<>();
            for (Method accessor : accessors) {
                details.add(accessor.invoke(failure));
            }
            return details;
        }

        /** Makes the exception. */
        Throwable make(String message, @Nullable Object[] details) throws ReflectiveOperationException {
            @Nullable Object[] arguments = new Object[1 + details.length];
            arguments[0] = message;
            System.arraycopy(details, 0, arguments, 1, details.length);
            return constructor.newInstance(arguments);
        }
    }
}
