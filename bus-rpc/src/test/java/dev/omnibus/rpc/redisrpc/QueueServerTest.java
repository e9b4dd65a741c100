package dev.omnibus.rpc.redisrpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.Adapter;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Queues;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Whom a server of a queue takes for dead. */
class QueueServerTest {

    private static final QueueNames OTHER = new QueueNames("desk", "other-1");

    /** Lists in memory, of which nothing is awaited. */
    private static final class Lists implements Queues {

        private final Map<String, Deque<String>> lists = new HashMap<>();

        Deque<String> list(String name) {
            return lists.computeIfAbsent(name, any -> new ArrayDeque<>());
        }

        @Override
        public CompletableFuture<Void> push(String list, byte[] message) {
            list(list).addLast(new String(message, UTF_8));
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletableFuture<Void> push(String list, byte[] message, Duration ttl) {
            return push(list, message);
        }

        @Override
        public CompletableFuture<Optional<byte[]>> take(String list, Duration wait) {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public CompletableFuture<Optional<byte[]>> move(String list, String to, Duration wait) {
            return take(list, wait);
        }

        @Override
        public CompletableFuture<Boolean> moveBack(String list, String to) {
            String last = list(list).pollLast();
            if (last != null) {
                list(to).addFirst(last);
            }
            return CompletableFuture.completedFuture(last != null);
        }

        @Override
        public CompletableFuture<Boolean> remove(String list, byte[] message) {
            return CompletableFuture.completedFuture(list(list).remove(new String(message, UTF_8)));
        }

        @Override
        public CompletableFuture<List<byte[]>> all(String list) {
            List<byte[]> all = new ArrayList<>();
            list(list).forEach(message -> all.add(message.getBytes(UTF_8)));
            return CompletableFuture.completedFuture(all);
        }

        @Override
        public void close() {}
    }

    /** Does nothing. */
    public static final class Nothing {

        public void nothing() {}
    }

    @Test
    void onlyAServerWhoseLeaseIsMissingTwiceInARowIsDead() {
        Lists lists = new Lists();
        lists.list(OTHER.servers()).add(OTHER.taken());
        lists.list(OTHER.taken()).add("a request");
        LeaseUpdate without = LeaseUpdate.all(1, Map.of());
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).name("here").build()) {
            LeaseUpdate with = LeaseUpdate.all(
                    1,
                    Map.of(
                            QueueNames.lease(
                                    BusRuntime.of(bus).channels().names().prefix(), OTHER.taken()),
                            new byte[] {1}));
            QueueServer server = new QueueServer(
                    BusRuntime.of(bus),
                    lists,
                    new QueueNames("desk", "here-1"),
                    Adapter.on(bus).methods(new Nothing()),
                    any -> {});
            List<String> servers = List.of(OTHER.taken());

            for (LeaseUpdate seen : List.of(without, with, without, with, without)) {
                server.seen(seen, servers);
            }
            assertEquals(List.of("a request"), List.copyOf(lists.list(OTHER.taken())), "it was missing once each time");
            assertEquals(servers, List.copyOf(lists.list(OTHER.servers())));

            server.seen(without, servers);
            assertEquals(List.of("a request"), List.copyOf(lists.list("desk")));
            assertEquals(List.of(), List.copyOf(lists.list(OTHER.servers())));
        }
    }
}
