package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.MethodSignature;
import dev.omnibus.rpc.internal.directory.LeasePublisher;
import dev.omnibus.rpc.internal.server.ReplySender;
import dev.omnibus.rpc.internal.server.ServedMethod;
import dev.omnibus.rpc.internal.server.ServedService;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves methods to other processes, and to this one.
 *
 * <p>Every node that serves a contract answers broadcasts; a point-to-point call is executed by one of them. At most 64
 * calls of a service run at a time on a node, and 1,024 wait, unless {@link ServiceOptions} say otherwise; beyond that
 * callers are told at once that the node is overloaded. Thread-safe.
 */
public final class RpcServer implements Layer {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    private final BusRuntime bus;
    private final RpcCodec codec;
    private final DecodableTypes types;
    private final ReplySender answers;
    private final LeasePublisher leasePublisher;
    private final List<ServedService> services = new ArrayList<>(); // guarded by this
    private final Set<ServedService> announced = new LinkedHashSet<>(); // guarded by this
    private boolean closed; // guarded by this

    private RpcServer(BusRuntime bus) {
        ClientRuntime.of(bus); // made before this one, so closed after it: services that still finish may call others
        this.bus = bus;
        codec = new RpcCodec(bus.json(), bus.node(), bus.channels().names().inbox(bus.node()));
        types = DecodableTypes.ofContracts(codec.json());
        Executor executor = new CallerRunsExecutor(bus.channels().executor());
        ReplyPacer pacer = new ReplyPacer(executor, bus.channels()::later);
        answers = new ReplySender(bus.channels(), codec, executor, pacer);
        leasePublisher = new LeasePublisher(bus, codec, pacer);
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
     * Puts an interceptor before all methods of this node.
     *
     * @param interceptor is asked before each call, in the order in which they were added, and told after each
     */
    public void intercept(ServerInterceptor interceptor) {
        answers.intercept(Objects.requireNonNull(interceptor, "interceptor"));
    }

    /**
     * What this server has done.
     *
     * @return a snapshot
     */
    public RpcServerStats stats() {
        return answers.stats();
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
        Contract read = Contract.of(contract, codec.types());
        read.check(types);
        leasePublisher.versionOf(implementation.getClass());
        List<ServedMethod> methods = read.operations().values().stream()
                .distinct() // a method that is inherited twice is one
                .map(operation -> ServedMethod.of(operation, implementation, codec))
                .toList();
        return open(read.service(), read, methods, options);
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
        Contract.requireMethod(method);
        types.check("The params of " + method, codec.json().constructType(type));
        String service = method.substring(0, method.lastIndexOf('.'));
        return open(service, null, List.of(ServedMethod.of(method, type, handler, codec)), ServiceOptions.defaults());
    }

    private Registration open(
            String name, @Nullable Contract contract, List<ServedMethod> methods, ServiceOptions options) {
        Map<String, String> shapes = new TreeMap<>();
        methods.forEach(method -> shapes.put(method.name().substring(name.length() + 1), ""));
        if (contract != null) {
            shapes.putAll(MethodSignature.of(contract.operations().values(), codec.json()));
        }
        return open(new ServedService(
                name,
                contract,
                methods,
                shapes,
                options,
                bus.channels(),
                codec,
                answers,
                bus.executor(),
                new Announcing()));
    }

    private synchronized Registration open(ServedService service) {
        if (closed) {
            throw new IllegalStateException("The bus of node " + bus.node() + " is closed; it serves nothing more");
        }
        for (ServedMethod method : service.methods()) {
            if (services.stream().anyMatch(other -> other.serves(method.name()))) {
                throw new IllegalStateException("This node already serves \"" + method.name()
                        + "\"; give one of the contracts another name with @Service");
            }
        }
        leasePublisher.requireRoom(shapes(Stream.concat(services.stream(), Stream.of(service))));
        services.add(service);
        bus.keepAlive().begin(service);
        service.open();
        return service;
    }

    /** Service to method to shape. */
    private static Map<String, Map<String, String>> shapes(Stream<ServedService> served) {
        Map<String, Map<String, String>> shapes = new TreeMap<>();
        served.forEach(service -> shapes.computeIfAbsent(service.service(), name -> new TreeMap<>())
                .putAll(service.shapes()));
        return shapes;
    }

    /** Keeps what this node says of a service in step with who serves parts of it. */
    private final class Announcing implements ServedService.Home {

        @Override
        public CompletableFuture<Void> announce(ServedService service) {
            synchronized (RpcServer.this) {
                announced.add(service);
                return say(service.service());
            }
        }

        @Override
        public CompletableFuture<Void> withdraw(ServedService service) {
            synchronized (RpcServer.this) {
                announced.remove(service);
                return announced.stream().noneMatch(one -> one.service().equals(service.service()))
                        ? leasePublisher.remove(service.service())
                        : say(service.service());
            }
        }

        private CompletableFuture<Void> say(String service) {
            List<ServedService> parts = announced.stream()
                    .filter(one -> one.service().equals(service))
                    .toList();
            List<Contract> contracts = parts.stream()
                    .flatMap(one -> Stream.ofNullable(one.contract()))
                    .toList();
            return leasePublisher.add(service, contracts, shapes(parts.stream()).getOrDefault(service, Map.of()));
        }

        @Override
        public void announceAgain() {
            leasePublisher.announceAgain();
        }

        @Override
        public void forget(ServedService service) {
            synchronized (RpcServer.this) {
                services.remove(service);
                bus.keepAlive().end(service);
            }
        }
    }

    /** Asks not to be called, finishes and answers what has arrived, and leaves the directory. */
    @Override
    public void close(Duration drainTimeout) {
        List<ServedService> last;
        synchronized (this) {
            closed = true;
            last = List.copyOf(services);
        }
        leasePublisher.drain();
        try {
            CompletableFuture.allOf(last.stream().map(ServedService::end).toArray(CompletableFuture[]::new))
                    .get(drainTimeout.toNanos(), TimeUnit.NANOSECONDS);
            answers.close();
            bus.channels().flush(drainTimeout); // the last replies before the good-bye
        } catch (TimeoutException e) {
            last.forEach(ServedService::abandon);
            FailureLog.safely(() -> LOG.warn("Calls did not finish within {} and are abandoned", drainTimeout));
        } catch (ExecutionException e) {
            LOG.debug("A service did not end in order", e);
        } catch (InterruptedException e) {
            last.forEach(ServedService::abandon);
            Thread.currentThread().interrupt();
        }
        CompletableFuture<Void> left = leasePublisher.leave(); // also when nobody waits for it
        try {
            left.get(1, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("The lease could not be ended; it ends by itself", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
