package dev.omnibus.rpc.internal.directory;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.OpenRpc;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.TransportException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The endpoint of {@code rpc.discover}: answers with an OpenRPC document of what this node serves. The document is made
 * for the first request, and again when the services have changed.
 *
 * @see <a href="https://spec.open-rpc.org/#service-discovery-method">OpenRPC: service discovery</a>
 */
public final class DiscoverEndpoint implements Receiver {

    static final String SERVICE = "rpc";
    public static final String METHOD = "rpc.discover";
    static final Map<String, String> METHODS = Map.of("discover", "");

    private static final Logger LOG = LoggerFactory.getLogger(DiscoverEndpoint.class);

    private final Channels channels;
    private final RpcCodec codec;
    private final ReplyPacer pacer;
    private final List<Contract> contracts = new ArrayList<>(); // guarded by this, like all below
    private final Map<String, List<String>> byName = new TreeMap<>(); // methods without a contract, by service
    private final List<Channels.Subscription> subscriptions = new ArrayList<>();
    private @Nullable CompletableFuture<Void> opened;
    private RpcCodec.@Nullable Answer document; // as it is sent, because it may be requested often

    DiscoverEndpoint(BusRuntime bus, RpcCodec codec, ReplyPacer pacer) {
        this.pacer = pacer;
        this.channels = bus.channels();
        this.codec = codec;
    }

    /** Sets what is served of a service. */
    synchronized void put(String service, List<Contract> ofIt, List<String> withoutContract) {
        remove(service);
        contracts.addAll(ofIt);
        byName.put(service, withoutContract);
    }

    synchronized void remove(String service) {
        contracts.removeIf(contract -> contract.service().equals(service));
        byName.remove(service);
        document = null;
    }

    /** Subscribes; completes when Redis has confirmed it. After a failure, the next call tries again. */
    synchronized CompletableFuture<Void> open() {
        if (opened == null || opened.isCompletedExceptionally()) {
            subscriptions.removeIf(one -> one.ready().isCompletedExceptionally());
            if (subscriptions.isEmpty()) {
                subscriptions.add(channels.listen(channels.names().method(METHOD), this));
                subscriptions.add(channels.listen(channels.names().method(METHOD, channels.node()), this));
            }
            opened = CompletableFuture.allOf(
                    subscriptions.stream().map(Channels.Subscription::ready).toArray(CompletableFuture[]::new));
        }
        return opened;
    }

    synchronized void close() {
        subscriptions.forEach(Channels.Subscription::close);
    }

    @Override
    public void receive(String channel, List<Message> messages, Executor next) {
        for (Message message : messages) {
            try {
                answer(codec.readRequest(message));
            } catch (RpcCodec.BadRequest e) {
                channels.reportBad(channel, "A request was refused: " + e.getMessage());
                send(e.request(), RpcCodec.error(RpcCodec.INVALID_REQUEST, String.valueOf(e.getMessage()), ""));
            } catch (RuntimeException | Error e) { // a defect of ours, which must not hold up the next messages
                channels.reportBroken(channel, e);
            }
        }
    }

    private void answer(RpcCodec.Request request) {
        if (pacer.isCrowded(request.replyTo())) {
            send(request, RpcCodec.error(RpcCodec.OVERLOADED, ReplyPacer.CROWDED, RpcCodec.RETRY_AFTER));
            return;
        }
        RpcCodec.Answer answer;
        try {
            answer = request.method().equals(METHOD)
                    ? document()
                    : RpcCodec.error(RpcCodec.METHOD_NOT_FOUND, "this channel is for " + METHOD, "");
        } catch (JsonProcessingException | RuntimeException | Error e) { // made from classes of the program
            LOG.error("The OpenRPC document of node {} cannot be made", channels.node(), e);
            answer = internal("the document cannot be made; the server's log says why");
        }
        send(request, answer);
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
}
