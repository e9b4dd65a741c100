package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;

/** A node that a test plays by hand on any transport: it serves, or calls, with frames written by the test. */
final class PlayedNode implements AutoCloseable {

    final String id;
    final List<String> replies = new CopyOnWriteArrayList<>(); // that came to its inbox
    private final Transport link;
    private final ChannelNames names;
    private final RpcCodec codec;

    PlayedNode(Transport link, String prefix, String id) {
        this.link = link;
        this.id = id;
        this.names = new ChannelNames(prefix);
        this.codec = new RpcCodec(new ObjectMapper(), id, names.inbox(id));
        listen(names.inbox(id), frame -> replies.add(new String(frame, UTF_8)));
    }

    private void listen(String channel, Consumer<byte[]> receiver) {
        link.subscribe(channel, new FrameListener() {
                    @Override
                    public void onFrame(String name, byte[] frame) {
                        receiver.accept(frame);
                    }

                    @Override
                    public void onInterrupted() {}
                })
                .join();
    }

    /** Serves one method: what it is asked is given to a function, whose answers go to the caller's inbox. */
    void serve(String service, String method, Function<RpcCodec.Request, List<String>> answers) {
        String name = service + "." + method;
        for (String channel : List.of(names.method(name), names.method(name, id))) {
            listen(channel, frame -> {
                for (RpcCodec.Request request : PlayedNodes.requests(codec, frame)) {
                    answers.apply(request).forEach(answer -> publish(request.replyTo(), answer));
                }
            });
        }
        byte[] manifest = ("{\"node\":\"" + id + "\",\"services\":{\"" + service + "\":{\"" + method + "\":\"\"}}}")
                .getBytes(UTF_8);
        link.renewLease(names.nodes(), names.node(id), manifest, Duration.ofMinutes(1))
                .join();
    }

    /** Serves a method and keeps what it is asked. */
    CompletableFuture<RpcCodec.Request> keep(String service, String method) {
        CompletableFuture<RpcCodec.Request> kept = new CompletableFuture<>();
        serve(service, method, request -> {
            kept.complete(request);
            return List.of();
        });
        return kept;
    }

    String result(RpcCodec.Request request, String value) {
        return PlayedNodes.result(request, id, value);
    }

    void publish(String channel, String text) {
        PlayedNodes.publish(link, channel, text);
    }

    /** Sends a request that the test has written to one method of a node. */
    void ask(String method, String node, String request) {
        publish(names.method(method, node), request);
    }

    @Override
    public void close() {
        link.endLease(names.nodes(), names.node(id)).exceptionally(e -> null).join();
        link.close();
    }
}
