package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;

/** A network in memory with real nodes on it, and others that a test plays by hand on a bare transport. */
public abstract class PlayedNodes {

    interface Echo {
        String say(String text);

        CompletionStage<String> later(String how);

        default String twice(String text) {
            return say(text) + say(text);
        }
    }

    final InMemoryNetwork network = new InMemoryNetwork();
    final List<AutoCloseable> open = new ArrayList<>();
    final Map<String, byte[]> manifests = new ConcurrentHashMap<>();

    public Bus bus(String name) {
        Bus bus = Bus.builder(network.open()).name(name).announce(false).build();
        open.add(bus);
        return bus;
    }

    Bus serving(String name) {
        Bus bus = bus(name);
        RpcServer.on(bus).serve(Echo.class, new Answering(name)).ready().join();
        return bus;
    }

    record Answering(String name) implements Echo {
        @Override
        public String say(String text) {
            return name;
        }

        @Override
        @SuppressWarnings("NullAway") // as a careless program does
        public CompletionStage<String> later(String how) {
            return switch (how) {
                case "null" -> null;
                case "never" -> new CompletableFuture<>();
                default -> CompletableFuture.failedFuture(new RpcFault(7, how));
            };
        }
    }

    /** A node played by hand: what it hears is given to a function, whose answers go to the caller's inbox. */
    Transport played(String node, Function<RpcCodec.Request, List<String>> answers) {
        Transport link = network.open();
        open.add(link);
        RpcCodec codec = new RpcCodec(new ObjectMapper(), node, "bus:inbox:" + node);
        for (String channel : List.of("bus:rpc:echo.say@" + node, "bus:rpc:echo.say")) {
            link.subscribe(channel, new FrameListener() {
                        @Override
                        public void onFrame(String name, byte[] frame) {
                            for (RpcCodec.Request request : requests(codec, frame)) {
                                answers.apply(request).forEach(answer -> publish(link, request.replyTo(), answer));
                            }
                        }

                        @Override
                        public void onInterrupted() {}
                    })
                    .join();
        }
        lease(link, node);
        return link;
    }

    /** A frame has one request or an array of them. */
    static List<RpcCodec.Request> requests(RpcCodec codec, byte[] frame) {
        try {
            JsonNode tree = new ObjectMapper().readTree(frame);
            List<RpcCodec.Request> requests = new ArrayList<>();
            for (JsonNode one : tree.isArray() ? tree : List.of(tree)) {
                byte[] bytes = one.toString().getBytes(UTF_8);
                requests.add(codec.readRequest(new Message(bytes, 0, bytes.length)));
            }
            return requests;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A node played by hand that never answers; what it hears is noted. */
    Transport playedRaw(String node, Consumer<String> heard) {
        Transport link = network.open();
        open.add(link);
        for (String channel : List.of("bus:rpc:echo.say@" + node, "bus:rpc:echo.say")) {
            link.subscribe(channel, new FrameListener() {
                        @Override
                        public void onFrame(String name, byte[] frame) {
                            heard.accept(new String(frame, UTF_8));
                        }

                        @Override
                        public void onInterrupted() {}
                    })
                    .join();
        }
        lease(link, node);
        return link;
    }

    void lease(Transport link, String node) {
        byte[] manifest = ("{\"node\":\"" + node + "\",\"services\":{\"echo\":{\"say\":\"\"}}}").getBytes(UTF_8);
        manifests.put(node, manifest);
        link.renewLease("bus:nodes", "bus:node:{bus:nodes}:" + node, manifest, Duration.ofSeconds(30))
                .join();
    }

    void say(Transport link, String what, String node) {
        if (what.equals(Presence.LEFT)) { // or nobody believes it
            link.endLease("bus:nodes", "bus:node:{bus:nodes}:" + node).join();
        }
        publish(
                link,
                "bus:presence",
                "{\"jsonrpc\":\"2.0\",\"method\":\"" + what + "\",\"params\":" + new String(manifests.get(node), UTF_8)
                        + "}");
    }

    static void publish(Transport link, String channel, String text) {
        link.publish(List.of(new Publication(channel, text.getBytes(UTF_8), false, new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {}

            @Override
            public void failed(TransportException failure) {}
        })));
    }

    static String result(RpcCodec.Request request, String from, String value) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + request.id() + ",\"meta\":{\"from\":\"" + from + "\"},\"result\":"
                + value + "}";
    }

    static String error(RpcCodec.Request request, String from, int code) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + request.id() + ",\"meta\":{\"from\":\"" + from
                + "\"},\"error\":{\"code\":" + code + ",\"message\":\"no\"}}";
    }

    static CallOptions within(long millis) {
        return CallOptions.defaults().withTimeout(Duration.ofMillis(millis));
    }

    @AfterEach
    void closeAll() throws Exception {
        network.up();
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }
}
