package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.Broadcast;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.ClientRuntime.PreparedContract;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.NonBlockingThread;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** A dynamic proxy of a contract: one that calls, or one that only records what is called. */
public final class ServiceProxy implements InvocationHandler {

    private static final Object[] NO_ARGUMENTS = {};

    /** A call that was recorded. */
    public record Recording(RemoteMethod method, @Nullable Object[] arguments) {}

    private record Recorded(Operation operation, @Nullable Object[] arguments) {}

    /** What is done with a method of the contract. */
    private interface Action {
        @Nullable
        Object perform(Operation operation, Object[] arguments) throws Throwable;
    }

    private final Contract contract;
    private final String description;
    private final boolean recording;
    private final Action action;

    private ServiceProxy(Contract contract, String description, boolean recording, Action action) {
        this.recording = recording;
        this.contract = contract;
        this.description = description;
        this.action = action;
    }

    public static <S> S calling(ClientRuntime client, Class<S> type, CallOptions options) {
        PreparedContract prepared = client.contract(type);
        Contract contract = prepared.contract();
        String description = "proxy of service " + contract.service();
        return make(type, new ServiceProxy(contract, description, false, (operation, arguments) -> {
            RemoteMethod method = prepared.method(operation);
            requireWaiting(operation);
            CompletableFuture<Object> result = client.call(method, options, arguments);
            return operation.async() ? result : await(result, operation.name());
        }));
    }

    /** Calls by another protocol. */
    public static <S> S foreign(
            Class<S> type, Contract contract, BiFunction<Operation, Object[], CompletableFuture<Object>> calls) {
        String description = "proxy of contract " + type.getSimpleName();
        return make(type, new ServiceProxy(contract, description, false, (operation, arguments) -> {
            requireWaiting(operation);
            CompletableFuture<Object> result = calls.apply(operation, arguments);
            return operation.async() ? result : await(result, operation.name());
        }));
    }

    /** Asked before anything is sent. */
    private static void requireWaiting(Operation operation) {
        if (!operation.async()) {
            NonBlockingThread.requireOther("Waiting for the answer of " + operation.name());
        }
    }

    /**
     * Records which method a lambda calls.
     *
     * @param stage whether it is to be one that gives a stage
     * @throws IllegalArgumentException if it is no call of one such method
     */
    public static <S, T> Recording record(
            ClientRuntime client, Class<S> type, Broadcast.Invocation<S, T> call, boolean stage) {
        PreparedContract prepared = client.contract(type);
        Recorded recorded = record(prepared.contract(), type, call);
        String name = recorded.operation().name();
        if (recorded.operation().async() && !stage) {
            throw new IllegalArgumentException("The method " + name
                    + " gives a stage; ask with broadcastStage or enqueueStage, which give what is in it");
        }
        return new Recording(prepared.method(recorded.operation()), recorded.arguments());
    }

    private static <S, T> Recorded record(Contract contract, Class<S> type, Broadcast.Invocation<S, T> call) {
        List<Recorded> recorded = new ArrayList<>(1);
        String description = "broadcast to service " + contract.service();
        S recorder = make(type, new ServiceProxy(contract, description, true, (operation, arguments) -> {
            recorded.add(new Recorded(operation, arguments));
            return nothing(operation.method().getReturnType());
        }));
        Object answer = null;
        Exception failure = null;
        try {
            answer = call.invoke(recorder);
        } catch (Exception e) {
            failure = e;
        }
        if (recorded.isEmpty()) {
            String none = "The lambda calls no method of " + contract.type().getName();
            throw failure instanceof RuntimeException e ? e : new IllegalArgumentException(none, failure);
        }
        Operation first = recorded.get(0).operation();
        if (recorded.size() > 1) {
            throw new IllegalArgumentException("The lambda calls " + first.name() + " and "
                    + recorded.get(1).operation().name() + "; it must call one method");
        }
        if (failure != null || !Objects.equals(answer, nothing(first.method().getReturnType()))) {
            String worked = "The lambda works with what " + first.name()
                    + " gives; but its call is only recorded, and gives null or zero. Work with the values of the replies";
            throw new IllegalArgumentException(worked, failure);
        }
        return recorded.get(0);
    }

    private static <S> S make(Class<S> type, ServiceProxy handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        Operation operation = contract.operations().get(method);
        if (operation != null) {
            return action.perform(operation, arguments == null ? NO_ARGUMENTS : arguments);
        }
        if (method.isDefault() && recording) {
            throw new IllegalArgumentException(
                    "The method " + method.getName() + " of " + contract.type().getName()
                            + " is a default method, which runs where it is called; ask for what it calls");
        }
        if (method.isDefault()) {
            return invokeDefault(proxy, method, arguments);
        }
        return switch (method.getName()) {
            case "equals" -> arguments != null && proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> description; // toString
        };
    }

    private static @Nullable Object invokeDefault(Object proxy, Method method, Object @Nullable [] arguments)
            throws Throwable {
        Class<?> type = method.getDeclaringClass();
        if (Modifier.isPublic(type.getModifiers())) {
            return InvocationHandler.invokeDefault(proxy, method, arguments);
        }
        return MethodHandles.privateLookupIn(type, MethodHandles.lookup()) // contracts need not be public
                .unreflectSpecial(method, type)
                .bindTo(proxy)
                .invokeWithArguments(arguments == null ? NO_ARGUMENTS : arguments);
    }

    /** Waits for an answer, and throws as the call itself would. */
    public static <T> T await(CompletableFuture<T> result, String method) {
        long started = System.nanoTime();
        try {
            return result instanceof CallFuture<T> call ? call.await() : result.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } catch (InterruptedException e) {
            result.cancel(true);
            Thread.currentThread().interrupt();
            throw RpcFailures.of(
                    Reason.CANCELLED,
                    false,
                    method,
                    "",
                    Duration.ofNanos(System.nanoTime() - started),
                    "the calling thread was interrupted; whether it was executed is not known",
                    null);
        }
    }

    /** The same failure with the stack of the thread that waited, which is the one worth reading. */
    private static RuntimeException rethrown(@Nullable Throwable failure) {
        if (failure == null) {
            return new IllegalStateException("A call failed with nothing");
        }
        StackTraceElement[] here = new Throwable().getStackTrace();
        failure.setStackTrace(here);
        return ServiceProxy.<RuntimeException>unchecked(failure);
    }

    /** Checked ones are in the throws clause of the method that was called, which the compiler cannot see here. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    static <X extends Throwable> RuntimeException unchecked(Throwable failure) throws X {
        throw (X) failure;
    }

    private static @Nullable Object nothing(Class<?> type) {
        if (!type.isPrimitive() || type == void.class) {
            return null;
        }
        return Array.get(Array.newInstance(type, 1), 0);
    }
}
