package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.internal.runtime.ServerWarnings;
import dev.omnibus.rpc.MethodHandler;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.RpcServerStats;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.MethodSignature;
import dev.omnibus.rpc.internal.directory.NodeDirectory;
import dev.omnibus.rpc.internal.directory.NodeEndpoint;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.CallQueues;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
 * The runtime of a server: all services of one bus, what they have in common, and the manifest that names them.
 * Thread-safe.
 */
public final class ServerRuntime implements Layer {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class); // which is the name that users know

    private final BusRuntime bus;
    private final ServerWarnings warnings;
    private final RpcCodec codec;
    private final DecodableTypes types;
    private final ReplySender replies;
    private final Presence presence;
    private final NodeEndpoint endpoint;
    private final NodeDirectory directory;
    private final List<ServedService> services = new ArrayList<>(); // guarded by this
    private final Set<ServedService> announced = new LinkedHashSet<>(); // guarded by this
    private final SuspectPlace suspects; // of all services
    private @Nullable CallQueues queues; // guarded by this
    private boolean closed; // guarded by this
    private @Nullable CompletableFuture<Void> drained; // guarded by this; null until it drains

    public ServerRuntime(BusRuntime bus) {
        this.bus = bus;
        warnings = ServerWarnings.of(bus);
        codec = new RpcCodec(bus.json(), bus.node(), bus.channels().names().inbox(bus.node()));
        types = DecodableTypes.ofContracts(codec.json());
        Executor executor = new CallerRunsExecutor(bus.channels().executor());
        presence = Presence.of(bus);
        directory = NodeDirectory.of(bus);
        endpoint = NodeEndpoint.of(bus);
        endpoint.methods(this::methodStats);
        replies = new ReplySender(bus.channels(), codec, executor, ReplyPacer.of(bus), bus.observers());
        suspects = new SuspectPlace(System::nanoTime, task -> bus.channels().later(Duration.ZERO, task));
    }

    public ReplySender replies() {
        return replies;
    }

    /** Serves a contract. */
    public Registration serve(Class<?> contract, Object implementation, ServiceOptions options) {
        Contract read = Contract.of(contract, codec.types());
        read.check(types);
        presence.versionOf(implementation.getClass());
        List<ServedMethod> methods = read.operations().values().stream()
                .distinct() // a method that is inherited twice is one
                .map(operation -> ServedMethod.of(operation, implementation, codec))
                .toList();
        return open(read.service(), read, methods, options);
    }

    /** Serves a method by name. */
    public <P> Registration serve(String method, Class<P> type, MethodHandler<P> handler) {
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
        CallQueues queued = options.queued() ? queues() : null;
        if (queued != null) {
            methods.forEach(method ->
                    warnings.about(queued.server(bus.channels().names().queue(method.name()))));
        }
        return open(new ServedService(
                name,
                contract,
                methods,
                shapes,
                options,
                bus.channels(),
                codec,
                replies,
                bus.executor(),
                queued,
                suspects,
                new Announcements()));
    }

    /** Connects, unless that was done. */
    private CallQueues queues() {
        synchronized (this) {
            if (queues != null) {
                return queues;
            }
        }
        CallQueues opened = bus.channels().transport().callQueues();
        synchronized (this) {
            if (queues == null && !closed) {
                queues = opened;
                return opened;
            }
        }
        opened.close(); // another thread was quicker, or the bus is closed
        synchronized (this) {
            return queues == null ? opened : queues;
        }
    }

    private synchronized Registration open(ServedService service) {
        if (closed) {
            throw new IllegalStateException("The bus of node " + bus.node() + " is closed; it serves nothing more");
        }
        if (drained != null) {
            throw new IllegalStateException("The server of node " + bus.node() + " drains; it serves nothing more");
        }
        for (ServedMethod method : service.methods()) {
            if (services.stream().anyMatch(other -> other.serves(method.name()))) {
                throw new IllegalStateException("This node already serves \"" + method.name()
                        + "\"; give one of the contracts another name with @ServiceName");
            }
        }
        endpoint.requireRoom(shapes(Stream.concat(services.stream(), Stream.of(service))));
        services.add(service);
        bus.keepAlive().begin(service);
        service.open();
        return service;
    }

    private synchronized List<ServedService> services() {
        return List.copyOf(services);
    }

    /** What the server has done, and what waits here. */
    public RpcServerStats stats() {
        return replies.stats(
                services().stream().mapToInt(ServedService::waiting).sum());
    }

    private Map<String, NodeStats.Method> methodStats() {
        Map<String, NodeStats.Method> stats = new TreeMap<>();
        services().forEach(service -> stats.putAll(service.methodStats()));
        return stats;
    }

    /** Service to method to shape. */
    private static Map<String, Map<String, String>> shapes(Stream<ServedService> served) {
        Map<String, Map<String, String>> shapes = new TreeMap<>();
        served.forEach(service -> shapes.computeIfAbsent(service.service(), name -> new TreeMap<>())
                .putAll(service.shapes()));
        return shapes;
    }

    /** Keeps the manifest of this node in step with what it serves. */
    private final class Announcements implements ServedService.Home {

        @Override
        public CompletableFuture<Void> announce(ServedService service) {
            synchronized (ServerRuntime.this) {
                announced.add(service);
                return announce(service.service());
            }
        }

        @Override
        public CompletableFuture<Void> withdraw(ServedService service) {
            synchronized (ServerRuntime.this) {
                announced.remove(service);
                return announced.stream().noneMatch(one -> one.service().equals(service.service()))
                        ? endpoint.withdraw(service.service())
                        : announce(service.service());
            }
        }

        private CompletableFuture<Void> announce(String service) {
            List<ServedService> parts = announced.stream()
                    .filter(one -> one.service().equals(service))
                    .toList();
            List<Contract> contracts = parts.stream()
                    .flatMap(one -> Stream.ofNullable(one.contract()))
                    .toList();
            Map<String, String> signatures = shapes(parts.stream()).getOrDefault(service, Map.of());
            directory.drift().expect(service, signatures);
            return endpoint.serve(service, contracts, signatures);
        }

        @Override
        public void announceAgain() {
            presence.announceAgain();
        }

        @Override
        public void forget(ServedService service) {
            synchronized (ServerRuntime.this) {
                services.remove(service);
                bus.keepAlive().end(service);
            }
        }
    }

    /** Asks not to be called any more; completes when everything that has arrived was answered. */
    public CompletableFuture<Void> drain() {
        CompletableFuture<Void> done;
        List<ServedService> last;
        synchronized (this) {
            if (drained != null) {
                return drained.copy();
            }
            done = new GuardedFuture<>(ServerRuntime::requireOutside);
            drained = done;
            last = List.copyOf(services);
        }
        presence.drain();
        CompletableFuture.allOf(last.stream().map(ServedService::drain).toArray(CompletableFuture[]::new))
                .whenComplete((ended, failure) -> {
                    if (failure != null) {
                        LOG.debug("A service did not end in order", failure);
                    }
                    done.completeAsync(() -> null, new CallerRunsExecutor(bus.executor()));
                });
        return done.copy();
    }

    /** A call must not wait until it has ended itself. */
    private static void requireOutside() {
        if (ServerCall.isCurrent()) {
            throw new IllegalStateException("A call would wait for its own end: the server has drained when it returns."
                    + " Drain it without waiting, or wait on another thread");
        }
    }

    /** Asks not to be called any more, and answers what has arrived. */
    @Override
    public void close(Duration drainTimeout) {
        List<ServedService> last;
        synchronized (this) {
            closed = true;
            last = List.copyOf(services);
        }
        try {
            drain().get(drainTimeout.toNanos(), TimeUnit.NANOSECONDS);
            replies.close();
            bus.channels().flush(drainTimeout); // the last replies before the node leaves
        } catch (TimeoutException e) {
            last.forEach(ServedService::abandon);
            FailureLog.safely(() -> LOG.warn("Calls did not finish within {} and are abandoned", drainTimeout));
        } catch (ExecutionException e) {
            LOG.debug("A service did not end in order", e);
        } catch (InterruptedException e) {
            last.forEach(ServedService::abandon);
            Thread.currentThread().interrupt();
        }
        CallQueues opened;
        synchronized (this) {
            opened = queues;
        }
        if (opened != null) {
            opened.close();
        }
    }
}
