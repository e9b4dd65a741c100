package dev.omnibus.internal.durable;

import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Faults between one node and its streams: an operation that is refused, or whose answers are lost or late.
 * Thread-safe.
 */
final class Faults {

    private final Map<String, TransportException> refused = new ConcurrentHashMap<>();
    private final Map<String, Boolean> lost = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Boolean>> held = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Boolean>> delayed = new ConcurrentHashMap<>();
    private final Map<String, Integer> asked = new ConcurrentHashMap<>();

    /** Has an operation refused from now on, by its name: it is not done. */
    void refuse(String operation, Kind kind) {
        refused.put(operation, new TransportException(kind, true, operation + " is refused on purpose", null));
    }

    /** Has the answers of an operation lost from now on, by its name: it is done. */
    void lose(String operation) {
        lost.put(operation, true);
    }

    /** Has the answers of an operation held back until it is healed, by its name: it is done. */
    void hold(String operation) {
        held.put(operation, new CompletableFuture<>());
    }

    /** Has an operation wait on its way until it is healed, by its name: it is done only then. */
    void delay(String operation) {
        delayed.put(operation, new CompletableFuture<>());
    }

    void heal(String operation) {
        refused.remove(operation);
        lost.remove(operation);
        CompletableFuture<Boolean> until = held.remove(operation);
        if (until != null) {
            until.complete(true);
        }
        CompletableFuture<Boolean> sent = delayed.remove(operation);
        if (sent != null) {
            sent.complete(true);
        }
    }

    /** How often an operation was asked for. */
    int asked(String operation) {
        return asked.getOrDefault(operation, 0);
    }

    /** Returns a transport with these faults. */
    Transport around(Transport transport) {
        return proxy(Transport.class, (proxy, method, arguments) -> {
            Object result = invoke(transport, method, arguments);
            return result instanceof Streams streams ? around(streams) : result;
        });
    }

    private Streams around(Streams streams) {
        return proxy(Streams.class, (proxy, method, arguments) -> {
            String operation = method.getName();
            TransportException refusal = refused.get(operation);
            CompletableFuture<Boolean> sent = delayed.get(operation);
            if (sent != null) {
                asked.merge(operation, 1, Integer::sum);
                return sent.thenCompose(now -> later(streams, method, arguments));
            }
            Object result =
                    refusal == null ? invoke(streams, method, arguments) : CompletableFuture.failedFuture(refusal);
            asked.merge(operation, 1, Integer::sum);
            CompletableFuture<Boolean> until = held.get(operation);
            if (until != null && result instanceof CompletableFuture<?> answer) {
                return answer.thenCombine(until, (value, healed) -> value);
            }
            return lost.containsKey(operation) && result instanceof CompletableFuture<?> answer
                    ? answer.handle((value, failure) -> {
                        throw new TransportException(Kind.CONNECTION_LOST, false, "The answer was lost", null);
                    })
                    : result;
        });
    }

    private static CompletableFuture<?> later(Streams streams, Method method, Object @Nullable [] arguments) {
        try {
            return (CompletableFuture<?>) Objects.requireNonNull(invoke(streams, method, arguments));
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static @Nullable Object invoke(Object target, Method method, Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
