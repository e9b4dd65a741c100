package dev.omnibus.rpc.redisrpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.rpc.Adapter;
import dev.omnibus.rpc.Adapter.LocalMethods;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.Queues;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Serves and calls in the protocol of redisrpc: requests wait in a list of Redis, each is taken by one server, and its
 * answer comes in a list that was made for it.
 *
 * <p>It differs from the calls of the bus: a request waits for a server that is not there yet; nobody learns who
 * serves; errors are texts; there are no broadcasts, and no deadlines on the wire. It has connections of its own, made
 * when it is first used. Thread-safe.
 */
public final class RedisRpc {

    /** Each takes up one of the connections, of which some are to be left for short commands. */
    static final int MAX_AT_A_TIME = 56;

    /** Ends the adapter with its bus. */
    private record Lifecycle(RedisRpc rpc) implements Layer {

        @Override
        public void close(Duration drainTimeout) {
            rpc.end(drainTimeout);
        }
    }

    private final BusRuntime bus;
    private final Adapter adapter;
    private final Semaphore room = new Semaphore(MAX_AT_A_TIME);
    private final List<QueueServer> servers = new ArrayList<>(); // guarded by this, like all below
    private @Nullable Queues serving;
    private @Nullable Queues calling; // apart, so that calls that wait do not hold up who could answer them
    private int served;
    private boolean draining;
    private boolean closed;

    private RedisRpc(BusRuntime bus) {
        ClientRuntime.of(bus); // made before this one, so closed after it: methods that still finish may call others
        this.bus = bus;
        this.adapter = Adapter.on(bus.bus());
    }

    /**
     * The adapter of a bus.
     *
     * @param bus the bus, connected to Redis
     * @return its one adapter
     * @throws IllegalStateException if the bus is closed
     */
    public static RedisRpc on(Bus bus) {
        return BusRuntime.of(bus)
                .layer(Lifecycle.class, runtime -> new Lifecycle(new RedisRpc(runtime)))
                .rpc();
    }

    /**
     * Serves a contract on a queue: one request at a time, in the order in which they came. Serve it twice for two at a
     * time. While Redis is away, it is tried again until Redis is there; {@link Registration#ready} completes then.
     *
     * @param queue the list that clients push to
     * @param contract the interface; the name of its service does not matter
     * @param implementation does the work
     * @param <S> the interface
     * @return the registration, whose service is the queue
     * @throws IllegalArgumentException if the interface cannot be a contract, or the queue's name is not one
     * @throws IllegalStateException if the bus is closed, or 56 queues are served already
     * @throws RpcException if Redis refuses the connection
     */
    @CanIgnoreReturnValue
    public <S> Registration serve(String queue, Class<S> contract, S implementation) {
        return serve(queue, adapter.methods(contract, implementation));
    }

    /**
     * Serves the public methods of an object on a queue, otherwise as {@link #serve(String, Class, Object)}.
     *
     * @param queue the list that clients push to
     * @param target does the work
     * @return the registration, whose service is the queue
     * @throws IllegalArgumentException if it has no such methods, two of the same name, or one that takes what cannot
     *     be decoded safely, or if the queue's name is not one
     * @throws IllegalStateException if the bus is closed, or 56 queues are served already
     * @throws RpcException if Redis refuses the connection
     */
    @CanIgnoreReturnValue
    public Registration serve(String queue, Object target) {
        return serve(queue, adapter.methods(target));
    }

    private synchronized Registration serve(String queue, LocalMethods methods) {
        requireOpen(!draining);
        QueueNames names = new QueueNames(QueueNames.required(queue), bus.node() + "-" + ++served);
        if (servers.size() >= MAX_AT_A_TIME) {
            throw new IllegalStateException("Node " + bus.node() + " serves " + servers.size()
                    + " times on queues already; let another node serve " + queue);
        }
        Queues lists = serving == null ? open() : serving;
        serving = lists;
        QueueServer server = new QueueServer(bus, lists, names, methods, this::forget);
        servers.add(server);
        bus.keepAlive().begin(server);
        try {
            server.start();
        } catch (Error e) { // no thread is to be had
            forget(server);
            throw e;
        }
        return server;
    }

    private synchronized void forget(QueueServer server) {
        servers.remove(server);
        bus.keepAlive().end(server);
    }

    /**
     * An object that implements a contract by calls to a server of redisrpc. They end after 5 seconds, or what
     * {@code @Timeout} says.
     *
     * @param queue the list that the server takes from
     * @param contract the interface; the name of its service does not matter
     * @param <S> the interface
     * @return the proxy; what it throws is as with the calls of the bus
     * @throws IllegalArgumentException if the interface cannot be a contract, or the queue's name is not one
     */
    public <S> S proxy(String queue, Class<S> contract) {
        return proxy(queue, contract, CallOptions.defaults());
    }

    /**
     * An object that implements a contract by calls to a server of redisrpc.
     *
     * @param queue the list that the server takes from
     * @param contract the interface; the name of its service does not matter
     * @param options the timeout, and nothing else: the protocol has no headers, nodes, keys or retries
     * @param <S> the interface
     * @return the proxy; what it throws is as with the calls of the bus
     * @throws IllegalArgumentException if the interface cannot be a contract, the queue's name is not one, or the
     *     options say more than a timeout
     */
    public <S> S proxy(String queue, Class<S> contract, CallOptions options) {
        return adapter.proxy(contract, options, client(queue));
    }

    /**
     * Calls a method by name.
     *
     * @param queue the list that the server takes from
     * @param method the method's name
     * @param type what it gives
     * @param arguments its arguments, by position; or only one, {@link dev.omnibus.rpc.NamedParams}
     * @param <T> what it gives
     * @return completes with the value; fails with an {@link RpcException} after 5 seconds at most. Cancelling it takes
     *     the request back, unless it is being executed
     * @throws IllegalArgumentException if the type cannot be decoded safely, an argument cannot be written as JSON, or
     *     the queue's name is not one
     */
    public <T> CompletableFuture<T> call(String queue, String method, Class<T> type, @Nullable Object... arguments) {
        return adapter.call(method, type, CallOptions.defaults(), client(queue), arguments);
    }

    private QueueClient client(String queue) {
        return new QueueClient(QueueNames.required(queue), bus, adapter.executor(), room, this::calling);
    }

    private synchronized Queues calling() {
        requireOpen(!closed);
        Queues lists = calling == null ? open() : calling;
        calling = lists;
        return lists;
    }

    private void requireOpen(boolean open) {
        if (!open) {
            throw new IllegalStateException("The bus of node " + bus.node() + " is closed");
        }
    }

    /** Makes connections, when they are needed. */
    private Queues open() {
        try {
            return bus.channels().transport().queues();
        } catch (TransportException e) {
            String why = "no connections for lists of Redis: " + e.getMessage();
            throw Adapter.failure(RpcFailures.reason(e), true, "over a queue", Duration.ZERO, why, e);
        }
    }

    /**
     * Lets each server finish the request that it executes, all of them within the one timeout; those that wait stay
     * where they are.
     */
    private void end(Duration drainTimeout) {
        long began = System.nanoTime();
        List<QueueServer> last;
        synchronized (this) {
            draining = true;
            last = List.copyOf(servers);
        }
        last.forEach(QueueServer::close);
        last.forEach(server -> server.awaitEnd(began, drainTimeout));
        long stopped = System.nanoTime();
        last.forEach(server -> server.awaitLeave(stopped));
        List<Queues> open;
        synchronized (this) {
            closed = true; // not before: what finishes may call others
            open = Stream.of(Optional.ofNullable(calling), Optional.ofNullable(serving))
                    .flatMap(Optional::stream)
                    .toList();
        }
        open.forEach(Queues::close);
    }
}
