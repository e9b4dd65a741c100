package dev.omnibus.rpc.internal.directory;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.presence.NodeExtension;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.OpenRpc;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The endpoint of the reserved methods of a node. {@code rpc.ping} and {@code rpc.stats} are answered by every node
 * that is announced, {@code rpc.discover} by those that serve something: with an OpenRPC document, which is made for
 * the first request, and again when the services have changed. Thread-safe.
 *
 * @see <a href="https://spec.open-rpc.org/#service-discovery-method">OpenRPC: service discovery</a>
 */
public final class NodeEndpoint implements Layer {

    public static final String DISCOVER = "rpc.discover";
    public static final String PING = "rpc.ping";
    public static final String STATS = "rpc.stats";

    private static final Logger LOG = LoggerFactory.getLogger(NodeEndpoint.class);

    /** A report is made again after that time: however many ask, it costs this node little. */
    private static final long REPORT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Opens the endpoint of a node that is announced, whatever the program uses of it. */
    public static final class Extension implements NodeExtension {

        /** For the service loader. */
        public Extension() {}

        @Override
        public void announced(BusRuntime bus) {
            CompletableFuture<Void> unused = NodeEndpoint.of(bus).openOptional();
        }
    }

    private final Channels channels;
    private final RpcCodec codec;
    private final ReplyPacer pacer;
    private final Presence presence;
    private final NodeReport report;
    private final List<Contract> contracts = new ArrayList<>(); // guarded by this, like all below
    private final Map<String, List<String>> byName = new TreeMap<>(); // methods without a contract, by service
    private final Map<String, Channels.Subscription> subscriptions = new HashMap<>(); // by channel
    private final Map<String, String> reserved = new TreeMap<>(); // as they are announced
    private RpcCodec.@Nullable Answer document; // as it is sent, because it may be requested often
    private RpcCodec.@Nullable Answer reported; // likewise
    private long reportedAt;
    private boolean complained;

    /** The one of a bus. */
    public static NodeEndpoint of(BusRuntime bus) {
        return bus.layer(NodeEndpoint.class, NodeEndpoint::new);
    }

    private NodeEndpoint(BusRuntime bus) {
        this.channels = bus.channels();
        this.codec = new RpcCodec(bus.json(), bus.node(), channels.names().inbox(bus.node()));
        this.pacer = ReplyPacer.of(bus);
        this.presence = Presence.of(bus);
        this.report = new NodeReport(bus, presence);
    }

    /** Sets what reports how the served methods do. */
    public void methods(Supplier<Map<String, NodeStats.Method>> methods) {
        report.methods(methods);
    }

    /**
     * Checks that other nodes will be able to read the manifest of this one.
     *
     * @param all service to method to signature
     * @throws IllegalStateException if it is too large
     */
    public void requireRoom(Map<String, Map<String, String>> all) {
        Map<String, Map<String, String>> whole = new HashMap<>(all);
        whole.put(Presence.RESERVED, Map.of("discover", "", "ping", "", "stats", ""));
        presence.requireRoom(whole);
    }

    /** Announces a service, with the signatures of its methods; completes when the lease has it. */
    public CompletableFuture<Void> serve(String service, List<Contract> ofIt, Map<String, String> signatures) {
        synchronized (this) {
            forget(service);
            contracts.addAll(ofIt);
            byName.put(
                    service,
                    signatures.entrySet().stream()
                            .filter(method -> method.getValue().isEmpty())
                            .map(method -> service + "." + method.getKey())
                            .toList());
        }
        return CompletableFuture.allOf(openOptional(), open(DISCOVER))
                .thenCompose(done -> presence.put(service, signatures)); // so there is one manifest, and it has all
    }

    /** A service is not served any more; completes when the lease has it no more. */
    public CompletableFuture<Void> withdraw(String service) {
        synchronized (this) {
            forget(service);
        }
        return presence.remove(service);
    }

    private void forget(String service) {
        contracts.removeIf(contract -> contract.service().equals(service));
        byName.remove(service);
        document = null;
    }

    /** A user who may not do that has a node that works all the same. */
    private CompletableFuture<Void> openOptional() {
        return CompletableFuture.allOf(open(PING), open(STATS)).exceptionally(failure -> {
            notOpened(failure);
            return null;
        });
    }

    private void notOpened(Throwable failure) {
        boolean first;
        synchronized (this) {
            first = !complained;
            complained = true;
        }
        if (first) {
            FailureLog.safely(() -> LOG.info(
                    "Node {} works, but does not say how it does, because it cannot listen to {} and {}: {}",
                    channels.node(),
                    channels.names().method(PING),
                    channels.names().method(STATS),
                    String.valueOf(failure.getMessage())));
        }
    }

    /** Subscribes; completes when Redis has confirmed it. After a failure, the next call tries again. */
    private CompletableFuture<Void> open(String method) {
        CompletableFuture<Void> ready;
        synchronized (this) {
            ready = CompletableFuture.allOf(
                    listen(channels.names().method(method), method),
                    listen(channels.names().method(method, channels.node()), method));
        }
        return ready.thenRun(() -> announce(method));
    }

    private CompletableFuture<Void> listen(String channel, String method) {
        Channels.Subscription known = subscriptions.get(channel);
        if (known == null || known.ready().isCompletedExceptionally()) {
            known = channels.listen(channel, new Requests(method));
            subscriptions.put(channel, known);
        }
        return known.ready();
    }

    private void announce(String method) {
        Map<String, String> all;
        synchronized (this) {
            reserved.put(method.substring(Presence.RESERVED.length() + 1), "");
            all = new TreeMap<>(reserved);
        }
        presence.reserved(all);
    }

    @Override
    public synchronized void close(Duration drainTimeout) {
        subscriptions.values().forEach(Channels.Subscription::close);
    }

    /** Reads what arrives for one method. Another one is refused: its channel has rights of its own. */
    private final class Requests implements Receiver {

        private final String method;

        Requests(String method) {
            this.method = method;
        }

        @Override
        public void receive(String channel, List<Message> messages, Executor next) {
            for (Message message : messages) {
                try {
                    answer(method, codec.readRequest(message));
                } catch (RpcCodec.BadRequest e) {
                    channels.reportBad(channel, "A request was refused: " + e.getMessage());
                    send(e.request(), RpcCodec.error(RpcCodec.INVALID_REQUEST, String.valueOf(e.getMessage()), ""));
                } catch (RuntimeException | Error e) { // a defect of ours, which must not hold up the next messages
                    channels.reportBroken(channel, e);
                }
            }
        }
    }

    private void answer(String method, RpcCodec.Request request) {
        if (pacer.isCrowded(request.replyTo())) {
            send(request, RpcCodec.error(RpcCodec.OVERLOADED, ReplyPacer.CROWDED, RpcCodec.RETRY_AFTER));
            return;
        }
        RpcCodec.Answer answer;
        try {
            answer = request.method().equals(method)
                    ? answer(method)
                    : RpcCodec.error(RpcCodec.METHOD_NOT_FOUND, "this channel is for " + method, "");
        } catch (JsonProcessingException | RuntimeException | Error e) { // made from classes of the program
            LOG.error("The answer of node {} to {} cannot be made", channels.node(), method, e);
            answer = internal("the answer cannot be made; the server's log says why");
        }
        send(request, answer);
    }

    private RpcCodec.Answer answer(String method) throws JsonProcessingException {
        return switch (method) {
            case DISCOVER -> document();
            case STATS -> report();
            default -> codec.result(report.pong());
        };
    }

    private void send(RpcCodec.Request request, RpcCodec.Answer answer) {
        if (request.id().isEmpty() || !channels.names().isInbox(request.replyTo())) {
            return; // a notification, or a cancel of what takes no time
        }
        byte[] message = codec.response(request.id(), answer);
        pacer.pass(request.replyTo(), message.length, () -> send(request, message));
    }

    private void send(RpcCodec.Request request, byte[] message) {
        channels.send(request.replyTo(), message, ReceiverCount.NO, new SendCallback() {
            @Override
            public void sent(long receivers, boolean exact) {}

            @Override
            public void failed(TransportException failure) {
                if (failure.notSent()) {
                    pacer.refund(request.replyTo(), message.length);
                }
                if (failure.kind() == TransportException.Kind.TOO_LARGE) {
                    byte[] instead = codec.response(request.id(), internal("the document is too large to be sent"));
                    channels.send(request.replyTo(), instead, ReceiverCount.NO, SendCallback.UNNOTICED);
                }
            }
        });
    }

    private static RpcCodec.Answer internal(String why) {
        return RpcCodec.error(RpcCodec.INTERNAL_ERROR, why, "");
    }

    private synchronized RpcCodec.Answer document() throws JsonProcessingException {
        RpcCodec.Answer made = document;
        if (made == null) {
            made = codec.result(OpenRpc.document(
                    codec.json(),
                    channels.node(),
                    contracts,
                    byName.values().stream().flatMap(List::stream).toList()));
            document = made;
        }
        return made;
    }

    private RpcCodec.Answer report() throws JsonProcessingException {
        long now = System.nanoTime();
        synchronized (this) {
            if (reported != null && now - reportedAt < REPORT_NANOS) {
                return reported;
            }
        }
        RpcCodec.Answer made = codec.result(report.stats()); // without the lock: it asks other layers
        synchronized (this) {
            reported = made;
            reportedAt = now;
        }
        return made;
    }
}
