package dev.omnibus.rpc.internal.contract;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.type.TypeBindings;
import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.NonBlocking;
import dev.omnibus.rpc.OneWay;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.rpc.Timeout;
import dev.omnibus.rpc.internal.wire.Faults;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A contract: an interface, read once, with the name of its service and the methods that can be called. */
public record Contract(Class<?> type, String service, Map<Method, Operation> operations) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");
    private static final int MAX_NAME_LENGTH = 256;
    private static final int MAX_SHOWN_LENGTH = 40;
    private static final String SUSPENDED = "kotlin.coroutines.Continuation";
    private static final long DAY_MILLIS = 86_400_000;

    /**
     * A method of a contract.
     *
     * @param name {@code service.method}
     * @param parameters what it takes, with the type arguments that the contract gives to what it inherits
     * @param result what it gives, without the stage around it
     * @param async whether it is declared to give a stage
     * @param traits what its annotations declare
     * @param faults the exceptions that arrive as themselves
     */
    public record Operation(
            String name,
            Method method,
            List<JavaType> parameters,
            JavaType result,
            boolean async,
            Traits traits,
            List<Faults.Declared> faults) {

        /** The names of the parameters; none if the contract was compiled without them. */
        public List<String> parameterNames() {
            Parameter[] all = method.getParameters();
            return Arrays.stream(all).allMatch(Parameter::isNamePresent)
                    ? Arrays.stream(all).map(Parameter::getName).toList()
                    : List.of();
        }
    }

    /**
     * What the annotations of a method declare.
     *
     * @param timeoutMillis 0 if they declare none
     */
    public record Traits(boolean oneWay, boolean idempotent, boolean nonBlocking, long timeoutMillis) {

        public static final Traits NONE = new Traits(false, false, false, 0);
        public static final Traits ONE_WAY = new Traits(true, false, false, 0);
    }

    /**
     * Reads an interface.
     *
     * @param types knows what the modules of the mapper make of types
     */
    public static Contract of(Class<?> type, TypeFactory types) {
        if (!type.isInterface()) {
            throw new IllegalArgumentException(type.getName() + " is not an interface; a contract must be one");
        }
        String service = serviceName(type);
        Map<Method, Operation> operations = new LinkedHashMap<>();
        Map<String, Method> byName = new LinkedHashMap<>();
        for (Method method : type.getMethods()) {
            if (!Modifier.isAbstract(method.getModifiers()) || isOfObject(method)) {
                continue; // default and static methods, and those of Object, run where they are called
            }
            Method twin = byName.putIfAbsent(method.getName(), method);
            if (twin == null) {
                Faults.Declared.warnOfJdkExceptions(service + "." + method.getName(), method);
                operations.put(method, operation(types.constructType(type), service, method, types));
            } else if (Arrays.equals(twin.getParameterTypes(), method.getParameterTypes())) {
                Operation other = operation(types.constructType(type), service, method, types);
                Operation both = narrower(
                        type, Objects.requireNonNull(operations.get(twin)), other); // inherited twice, and yet one
                operations.put(method, both);
                operations.replaceAll((known, one) -> one.name().equals(both.name()) ? both : one);
            } else {
                throw new IllegalArgumentException("The contract " + type.getName() + " has two methods named "
                        + method.getName() + ", " + signature(twin) + " and " + signature(method)
                        + "; methods are called by name, so rename one of them");
            }
        }
        if (operations.isEmpty()) {
            throw new IllegalArgumentException("The contract " + type.getName() + " has no method to call");
        }
        return new Contract(type, service, operations);
    }

    /** The public methods of an object that are its own, as if a contract had them. */
    public static Contract ofObject(Class<?> type, TypeFactory types) {
        Map<Method, Operation> operations = new LinkedHashMap<>();
        Map<String, Method> byName = new LinkedHashMap<>();
        for (Method method : type.getMethods()) {
            if (method.isBridge() || Modifier.isStatic(method.getModifiers()) || isOfObject(method)) {
                continue;
            }
            Method twin = byName.putIfAbsent(method.getName(), method);
            if (twin != null) {
                throw new IllegalArgumentException(type.getName() + " has two public methods named " + method.getName()
                        + ", " + signature(twin) + " and " + signature(method)
                        + "; methods are called by name, so serve a contract that has one of them");
            }
            operations.put(method, operation(types.constructType(type), "object", method, types));
        }
        if (operations.isEmpty()) {
            throw new IllegalArgumentException(type.getName() + " has no public method to call");
        }
        return new Contract(type, "object", operations);
    }

    /**
     * Refuses types that cannot be decoded safely, or never be read.
     *
     * @throws IllegalArgumentException if there is one; the message names method and parameter
     */
    public void check(DecodableTypes decodable) {
        for (Operation operation : operations.values()) {
            List<String> names = operation.parameterNames();
            for (int i = 0; i < operation.parameters().size(); i++) {
                String which = names.isEmpty() ? String.valueOf(i + 1) : names.get(i);
                JavaType parameter = operation.parameters().get(i);
                decodable.check("The parameter " + which + " of " + operation.name(), parameter);
            }
            if (!operation.result().hasRawClass(void.class)) {
                decodable.check("The result of " + operation.name(), operation.result());
            }
            for (Faults.Declared fault : operation.faults()) {
                for (int i = 0; i < fault.names().size(); i++) {
                    String which = fault.names().get(i) + " of " + fault.name();
                    decodable.check(
                            "The " + which + ", which " + operation.name() + " throws,",
                            fault.types().get(i));
                }
            }
        }
    }

    /** What gives the more of two that are the same but for their results. */
    private static Operation narrower(Class<?> type, Operation one, Operation other) {
        if (one.async() == other.async() && isWithin(one.result(), other.result())) {
            return one;
        }
        if (one.async() == other.async() && isWithin(other.result(), one.result())) {
            return other;
        }
        throw new IllegalArgumentException("The contract " + type.getName() + " inherits "
                + signature(one.method()) + " twice, once with the result "
                + one.method().getGenericReturnType().getTypeName() + " and once with "
                + other.method().getGenericReturnType().getTypeName()
                + ", of which none is the other; declare it anew with a result that is both");
    }

    private static boolean isWithin(JavaType narrow, JavaType wide) {
        return narrow.equals(wide)
                || (wide.getRawClass().isAssignableFrom(narrow.getRawClass())
                        && (wide.getBindings().isEmpty() || wide.equals(narrow.findSuperType(wide.getRawClass()))));
    }

    static String requireName(String name) {
        if (name.length() > MAX_NAME_LENGTH) {
            throw new IllegalArgumentException("The name \"" + name.substring(0, MAX_SHOWN_LENGTH) + "…\" has "
                    + name.length() + " characters; it may have " + MAX_NAME_LENGTH);
        }
        if (!NAME.matcher(name).matches() || name.startsWith("rpc.")) {
            throw new IllegalArgumentException("The name \"" + name + "\" must be tokens of letters, digits, '_' and"
                    + " '-' with dots between them, for instance \"stock.left\", and not begin with \"rpc.\"");
        }
        return name;
    }

    public static String requireMethod(String name) {
        if (requireName(name).indexOf('.') < 0) {
            throw new IllegalArgumentException(
                    "The name \"" + name + "\" has no service before it; call it for instance \"stock." + name + "\"");
        }
        return name;
    }

    private static String serviceName(Class<?> type) {
        ServiceName named = type.getAnnotation(ServiceName.class);
        if (named != null) {
            return requireName(named.value());
        }
        String simple = type.getSimpleName();
        return requireName(simple.substring(0, 1).toLowerCase(Locale.ROOT) + simple.substring(1));
    }

    private static Operation operation(JavaType known, String service, Method method, TypeFactory types) {
        Class<?> type = known.getRawClass();
        method.setAccessible(true); // contracts need not be public
        String name = requireName(service + "." + method.getName());
        if (method.getTypeParameters().length > 0) {
            throw new IllegalArgumentException("The method " + signature(method) + " of " + type.getName()
                    + " has type parameters of its own; nobody could know what to decode, so name the types");
        }
        if (Arrays.stream(method.getParameterTypes())
                .anyMatch(one -> one.getName().equals(SUSPENDED))) {
            throw new IllegalArgumentException("The method " + method.getName() + " of " + type.getName()
                    + " is a suspend function, which only Kotlin's compiler can call; let it give a"
                    + " CompletableFuture, for which Kotlin has await()");
        }
        requireReach(type, method, method.getReturnType(), "gives");
        for (Class<?> thrown : method.getExceptionTypes()) {
            requireReach(type, method, thrown, "throws");
        }
        JavaType declaring = known.findSuperType(method.getDeclaringClass());
        TypeBindings arguments = declaring == null ? TypeBindings.emptyBindings() : declaring.getBindings();
        List<JavaType> parameters = new ArrayList<>();
        for (java.lang.reflect.Type parameter : method.getGenericParameterTypes()) {
            parameters.add(types.resolveMemberType(parameter, arguments));
        }
        JavaType result = types.resolveMemberType(method.getGenericReturnType(), arguments);
        boolean async = result.hasRawClass(CompletionStage.class) || result.hasRawClass(CompletableFuture.class);
        if (async && result.getBindings().isEmpty()) {
            throw new IllegalArgumentException("The method " + signature(method) + " of " + type.getName()
                    + " gives a raw " + result.getRawClass().getSimpleName() + "; say of what");
        }
        return new Operation(
                name,
                method,
                List.copyOf(parameters),
                async ? result.containedType(0) : result,
                async,
                traits(name, method),
                Faults.Declared.of(name, method, types));
    }

    /** The object that the JDK makes for a public interface is in another package, and casts results and exceptions. */
    private static void requireReach(Class<?> type, Method method, Class<?> used, String verb) {
        Class<?> part = innermost(used);
        boolean together = !isOpen(type) && part.getPackageName().equals(type.getPackageName());
        if (!isOpen(part) && !together) {
            throw new IllegalArgumentException("The method " + signature(method) + " of " + type.getName() + " " + verb
                    + " " + part.getName() + ", which is not public and so cannot be reached by the object that calls;"
                    + " make it public, or keep the contract in its package and not public either");
        }
    }

    private static Class<?> innermost(Class<?> type) {
        Class<?> part = type;
        while (part.isArray()) {
            part = part.getComponentType();
        }
        return part;
    }

    /** As the virtual machine sees it, which knows of no protected classes. */
    private static boolean isOpen(Class<?> type) {
        return Modifier.isPublic(type.getModifiers()) || Modifier.isProtected(type.getModifiers());
    }

    private static Traits traits(String name, Method method) {
        Timeout timeout = method.getAnnotation(Timeout.class);
        long millis = timeout == null ? 0 : timeout.millis();
        if (timeout != null && (millis < 1 || millis >= DAY_MILLIS)) {
            throw new IllegalArgumentException(
                    "The @Timeout of " + name + " is " + millis + " ms; it must be from 1 to less than a day");
        }
        boolean oneWay = method.isAnnotationPresent(OneWay.class);
        if (oneWay && method.getReturnType() != void.class) {
            throw new IllegalArgumentException("The method " + name + " is @OneWay and gives "
                    + method.getReturnType().getSimpleName() + "; nothing comes back, so make it void");
        }
        boolean idempotent = method.isAnnotationPresent(Idempotent.class);
        boolean nonBlocking = method.isAnnotationPresent(NonBlocking.class);
        return new Traits(oneWay, idempotent, nonBlocking, millis);
    }

    private static String signature(Method method) {
        return method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    private static boolean isOfObject(Method method) {
        try {
            Object.class.getMethod(method.getName(), method.getParameterTypes());
            return true;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }
}
