package dev.omnibus.rpc;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;

/** An interface, read once: the name of its service and the methods that can be called. */
record Contract(Class<?> type, String service, Map<Method, Operation> operations) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");

    /**
     * A method of a contract.
     *
     * @param name {@code service.method}
     * @param result what it gives, without the stage around it
     * @param async whether it is declared to give a stage
     */
    record Operation(String name, Method method, Type result, boolean async) {

        List<String> parameterNames() {
            return Arrays.stream(method.getParameters()).map(Parameter::getName).toList();
        }
    }

    static Contract of(Class<?> type) {
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
            if (twin != null) {
                throw new IllegalArgumentException("The contract " + type.getName() + " has two methods named "
                        + method.getName() + "; methods are called by name, so rename one of them");
            }
            operations.put(method, operation(service, method));
        }
        if (operations.isEmpty()) {
            throw new IllegalArgumentException("The contract " + type.getName() + " has no method to call");
        }
        return new Contract(type, service, operations);
    }

    static String requireName(String name) {
        if (!NAME.matcher(name).matches() || name.startsWith("rpc.")) {
            throw new IllegalArgumentException("The name \"" + name + "\" must be tokens of letters, digits, '_' and"
                    + " '-' with dots between them, for instance \"stock.left\", and not begin with \"rpc.\"");
        }
        return name;
    }

    static String requireMethod(String name) {
        if (requireName(name).indexOf('.') < 0) {
            throw new IllegalArgumentException(
                    "The name \"" + name + "\" has no service before it; call it for instance \"stock." + name + "\"");
        }
        return name;
    }

    private static String serviceName(Class<?> type) {
        Service named = type.getAnnotation(Service.class);
        if (named != null) {
            return requireName(named.value());
        }
        String simple = type.getSimpleName();
        return requireName(simple.substring(0, 1).toLowerCase(Locale.ROOT) + simple.substring(1));
    }

    private static Operation operation(String service, Method method) {
        method.setAccessible(true); // contracts need not be public
        String name = requireName(service + "." + method.getName());
        Class<?> raw = method.getReturnType();
        if (raw != CompletionStage.class && raw != CompletableFuture.class) {
            return new Operation(name, method, method.getGenericReturnType(), false);
        }
        if (method.getGenericReturnType() instanceof ParameterizedType stage) {
            return new Operation(name, method, stage.getActualTypeArguments()[0], true);
        }
        throw new IllegalArgumentException(
                "The method " + method + " gives a raw " + raw.getSimpleName() + "; say of what");
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
