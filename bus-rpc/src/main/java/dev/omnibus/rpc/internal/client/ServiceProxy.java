package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.ServiceCall;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Makes objects that implement a contract: one that calls, and one that takes note of what is called. */
public final class ServiceProxy implements InvocationHandler {

    private static final Object[] NO_ARGUMENTS = {};

    /** What a question called. */
    public record Recording(Operation operation, Object[] arguments) {}

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
        Contract contract = client.methods().contract(type);
        Map<String, RemoteMethod> methods = new HashMap<>();
        contract.operations()
                .values()
                .forEach(op -> methods.put(op.name(), client.methods().of(op)));
        client.directory().drift().expect(contract);
        String description = "proxy of service " + contract.service();
        return make(type, new ServiceProxy(contract, description, false, (operation, arguments) -> {
            RemoteMethod method = Objects.requireNonNull(methods.get(operation.name()));
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

    public static <S, T> Recording record(Contract contract, ServiceCall<S, T> question) {
        List<Recording> recorded = new ArrayList<>(1);
        @SuppressWarnings("unchecked") // a contract is made from its type
        S recorder = make(
                (Class<S>) contract.type(),
                new ServiceProxy(
                        contract, "question to service " + contract.service(), true, (operation, arguments) -> {
                            recorded.add(new Recording(operation, arguments));
                            return nothing(operation.method().getReturnType());
                        }));
        Object answer = null;
        Exception failure = null;
        try {
            answer = question.on(recorder);
        } catch (Exception e) {
            failure = e;
        }
        if (recorded.isEmpty()) {
            String none = "The question calls no method of " + contract.type().getName();
            throw failure instanceof RuntimeException e ? e : new IllegalArgumentException(none, failure);
        }
        Operation first = recorded.get(0).operation();
        if (recorded.size() > 1) {
            throw new IllegalArgumentException("The question calls " + first.name() + " and "
                    + recorded.get(1).operation().name() + "; it must call one method");
        }
        if (failure != null || !Objects.equals(answer, nothing(first.method().getReturnType()))) {
            String worked = "The question works with what " + first.name()
                    + " gives; but it only says what is asked, and gets null or zero. Work with the values of the replies";
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
    private static <X extends Throwable> RuntimeException unchecked(Throwable failure) throws X {
        throw (X) failure;
    }

    private static @Nullable Object nothing(Class<?> type) {
        if (!type.isPrimitive() || type == void.class) {
            return null;
        }
        return Array.get(Array.newInstance(type, 1), 0);
    }
}
