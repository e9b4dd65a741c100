package dev.omnibus.rpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Layer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves methods to other processes, and to this one.
 *
 * <p>Every node that serves a contract answers broadcasts; a point-to-point call is executed by one of them. At most 64
 * calls of a service run at a time on a node, and 1,024 wait; beyond that callers are told at once that the node is
 * overloaded. Thread-safe.
 */
public final class RpcServer implements Layer {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    private final Bus bus;
    private final RpcCodec codec;
    private final Announcement announcement;
    private final Map<String, ServedContract> services = new LinkedHashMap<>(); // guarded by this
    private boolean closed; // guarded by this

    private RpcServer(Bus bus) {
        RpcClient.on(bus); // made before this one, so closed after it: services that still finish may call others
        this.bus = bus;
        codec = new RpcCodec(bus.json(), bus.node(), bus.channels().names().inbox(bus.node()));
        announcement = new Announcement(bus.channels(), codec);
    }

    /**
     * The server of a bus.
     *
     * @param bus the bus
     * @return its one server
     * @throws IllegalStateException if the bus is closed
     */
    public static RpcServer on(Bus bus) {
        return bus.layer(RpcServer.class, RpcServer::new);
    }

    /**
     * Serves a contract.
     *
     * <p>Methods run on the bus' executor and may block; one that gives a {@code CompletionStage} is answered when the
     * stage completes. An {@link RpcFault} that a method throws reaches the caller; of any other exception the caller
     * learns only an error id, under which it is logged here.
     *
     * @param contract the interface
     * @param implementation does the work; called by many threads at a time
     * @param <S> the interface
     * @return the registration; the service can be called when its {@link Registration#ready()} completes
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     * @throws IllegalStateException if this node serves a contract of that name already, or the bus is closed
     */
    @CanIgnoreReturnValue
    public <S> Registration serve(Class<S> contract, S implementation) {
        Objects.requireNonNull(implementation, "implementation");
        Contract read = Contract.of(contract);
        ServedContract service = new ServedContract(read, implementation, bus, codec, announcement, this::forget);
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("The bus of node " + bus.node() + " is closed; it serves nothing more");
            }
            if (services.putIfAbsent(read.service(), service) != null) {
                throw new IllegalStateException("This node already serves \"" + read.service()
                        + "\"; give one of the contracts another name with @Service");
            }
            service.open();
        }
        return service;
    }

    private synchronized void forget(ServedContract service) {
        services.remove(service.service(), service);
    }

    /** Asks not to be called, finishes and answers what has arrived, and leaves the directory. */
    @Override
    public void close(Duration drainTimeout) {
        List<ServedContract> last;
        synchronized (this) {
            closed = true;
            last = List.copyOf(services.values());
        }
        announcement.drain();
        try {
            CompletableFuture.allOf(last.stream().map(ServedContract::end).toArray(CompletableFuture[]::new))
                    .get(drainTimeout.toNanos(), TimeUnit.NANOSECONDS);
            bus.channels().flush(drainTimeout); // the last replies before the good-bye
        } catch (TimeoutException e) {
            LOG.warn("Calls did not finish within {} and are abandoned", drainTimeout);
        } catch (ExecutionException e) {
            LOG.debug("A service did not end in order", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        CompletableFuture<Void> left = announcement.leave(); // also when nobody waits for it
        try {
            left.get(1, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("The lease could not be ended; it ends by itself", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
