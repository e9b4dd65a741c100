package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.server.ServerRuntime;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * The server of a bus: serves methods to other processes, and to this one.
 *
 * <p>Every node that serves a contract answers broadcasts; a point-to-point call is executed by one of them. At most 64
 * calls of a service run at a time on a node, and 1,024 wait, unless {@link ServiceOptions} say otherwise; beyond that
 * calls fail at once with {@code OVERLOADED}. Thread-safe.
 */
public final class RpcServer {

    private final ServerRuntime runtime;

    private RpcServer(BusRuntime bus) {
        ClientRuntime.of(bus); // made before the server, so closed after it: services that still finish may call others
        runtime = bus.layer(ServerRuntime.class, ServerRuntime::new);
    }

    /**
     * The server of a bus.
     *
     * @param bus the bus
     * @return its one server
     * @throws IllegalStateException if the bus is closed
     */
    public static RpcServer on(Bus bus) {
        return BusRuntime.of(bus).layer(RpcServer.class, RpcServer::new);
    }

    /**
     * Adds an interceptor, which wraps the execution of all methods of this node.
     *
     * @param interceptor the innermost of those that there are
     */
    public void intercept(ServerInterceptor interceptor) {
        runtime.replies().interceptors().add(Objects.requireNonNull(interceptor, "interceptor"));
    }

    /**
     * Drains the server: this node asks the others not to call it any more, takes nothing new, and finishes the calls
     * that have arrived, and the queued calls that it has taken. Its bus stays open, so these can still call others and
     * publish. It cannot be undone, and nothing can be served afterwards; {@link Bus#close()} is quick then.
     *
     * <p>Calls that still arrive are sent to another node by their callers, so none is lost or executed twice. To end
     * one service and go on with the others, {@linkplain Registration#close() close} its registration. Idempotent.
     *
     * @return completes when the last call has been answered; never fails, however long that takes. To wait for it
     *     inside of a call, which would be for ever, throws an {@link IllegalStateException}
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Void> drain() {
        return runtime.drain();
    }

    /**
     * What this server has done.
     *
     * @return a snapshot
     */
    public RpcServerStats stats() {
        return runtime.stats();
    }

    /**
     * How many answers found nobody to receive them, because their caller was gone.
     *
     * @return the number since the start, as in {@link #stats()}
     */
    public long callersGone() {
        return stats().callersGone();
    }

    /**
     * Serves a contract, with the default options.
     *
     * @param contract the interface
     * @param implementation does the work; called by many threads at a time
     * @param <S> the interface
     * @return as {@link #serve(Class, Object, ServiceOptions)}
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     * @throws IllegalStateException if this node serves one of the methods already, or more than it can announce, or
     *     the bus is closed
     */
    @CanIgnoreReturnValue
    public <S> Registration serve(Class<S> contract, S implementation) {
        return serve(contract, implementation, ServiceOptions.defaults());
    }

    /**
     * Serves a contract.
     *
     * <p>Methods run on the bus' executor and may block; one that gives a {@code CompletionStage} is answered when the
     * stage completes. An {@link RpcFault} that a method throws reaches the caller, and so does an exception that the
     * contract declares; of any other exception the caller learns only an error id, under which it is logged here.
     *
     * @param contract the interface
     * @param implementation does the work; called by many threads at a time
     * @param options how much it does at a time
     * @param <S> the interface
     * @return the registration; the service can be called when its {@link Registration#ready()} completes
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     * @throws IllegalStateException if this node serves one of the methods already, or more than it can announce, or
     *     the bus is closed
     */
    @CanIgnoreReturnValue
    public <S> Registration serve(Class<S> contract, S implementation, ServiceOptions options) {
        Objects.requireNonNull(implementation, "implementation");
        return runtime.serve(contract, implementation, options);
    }

    /**
     * Serves one method without an interface, as JSON.
     *
     * @param method {@code service.method}
     * @param handler gets the params as they came, an array or an object
     * @return the registration; the method can be called when its {@link Registration#ready()} completes
     * @throws IllegalArgumentException if the name is not one
     * @throws IllegalStateException if this node serves the method already, or more than it can announce, or the bus is
     *     closed
     */
    @CanIgnoreReturnValue
    public Registration serve(String method, MethodHandler<JsonNode> handler) {
        return serve(method, JsonNode.class, handler);
    }

    /**
     * Serves one method without an interface. Limits and errors are those of a contract's methods.
     *
     * @param method {@code service.method}
     * @param type what its params are read as: a record for those given by name, a list for those by position
     * @param handler answers
     * @param <P> what its params are read as
     * @return the registration; the method can be called when its {@link Registration#ready()} completes
     * @throws IllegalArgumentException if the name is not one, or the type cannot be decoded safely
     * @throws IllegalStateException if this node serves the method already, or more than it can announce, or the bus is
     *     closed
     */
    @CanIgnoreReturnValue
    public <P> Registration serve(String method, Class<P> type, MethodHandler<P> handler) {
        Objects.requireNonNull(handler, "handler");
        return runtime.serve(method, type, handler);
    }
}
