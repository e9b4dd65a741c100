package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.eventbus.Subscribe;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.OnTopic;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.redisrpc.RedisRpc;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A node with a small heap that takes part in everything, and says how it is. */
final class SmallNode {

    /** What it serves. */
    interface Small {

        /** MiB that are in use after a collection. */
        long heap();

        /** What it has counted and told of. */
        Map<String, Long> reports();

        /** Lets its listeners and slow handlers wait, or go on. */
        void hold(boolean hold);

        String slow(String text);

        CompletableFuture<String> never(String text);

        /** Asks all nodes, and gives how many answers counted. */
        int ask(String text);

        String all(String text);
    }

    /** Says that it lives, and has read what came before. */
    interface Pulse {
        boolean beat();
    }

    private SmallNode() {}

    public static void main(String[] arguments) {
        Bus bus = Bus.builder(arguments[0])
                .name("small")
                .prefix(arguments[1])
                .listener(new Waiting())
                .build();
        bus.subscribe("fail.**", String.class, event -> {
            throw new IllegalStateException("on purpose");
        });
        bus.subscribe("many.**", JsonNode.class, event -> HANDLED.incrementAndGet());
        bus.subscribe("trees.**", JsonNode.class, event -> HANDLED.incrementAndGet());
        bus.subscribe("slow.full", String.class, SubscribeOptions.defaults().withConcurrency(8), SmallNode::held);
        bus.subscribe(
                "slow.small",
                String.class,
                SubscribeOptions.defaults().withConcurrency(8).withMailbox(100_000, 600_000),
                SmallNode::held);
        bus.subscribe(
                "slow.keyed",
                String.class,
                SubscribeOptions.defaults()
                        .withConcurrency(8)
                        .withOrderingKey(Event::id)
                        .withMailbox(100_000, 8 << 20),
                SmallNode::held);
        for (int i = 0; i < TOPICS; i++) {
            bus.subscribe("exact." + i, Integer.class, event -> HANDLED.incrementAndGet());
        }
        bus.register(new Object() {
            @Subscribe
            @OnTopic("dead.**")
            public void on(String text) {
                HANDLED.incrementAndGet();
            }
        });
        Directory.on(bus).watch(new Directory.Listener() {
            @Override
            public void joined(NodeInfo node) {
                held();
            }

            @Override
            public void left(NodeInfo node) {
                held();
            }
        });
        RedisRpc.on(bus).serve(arguments[1] + "-queue", new Queued());
        RpcServer.on(bus).serve(Pulse.class, () -> true).ready().join();
        RpcServer.on(bus).serve(Small.class, new Serving(bus)).ready().join();
        System.out.println("ready " + bus.node());
    }

    static final int TOPICS = 200;

    private static final AtomicLong HANDLED = new AtomicLong();
    private static final AtomicInteger TOLD = new AtomicInteger();
    private static volatile CountDownLatch gate = new CountDownLatch(0);

    private static void held(Event<?> event) {
        held();
        HANDLED.incrementAndGet();
    }

    private static void held() {
        try {
            boolean unused = gate.await(30, SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static final class Queued {
        public int length(String text) {
            return text.length();
        }
    }

    private static final class Waiting implements BusListener {

        private void told() {
            TOLD.incrementAndGet();
            held();
        }

        @Override
        public void onHandlerFailed(Event<?> event, Throwable failure) {
            told();
        }

        @Override
        public void onBadMessage(String channel, String problem) {
            told();
        }

        @Override
        public void onGap(String topic, String source, long from, long to) {
            told();
        }

        @Override
        public void onDeadEvent(String topic, String type) {
            told();
        }
    }

    private record Serving(Bus bus) implements Small {

        @Override
        public long heap() {
            Runtime runtime = Runtime.getRuntime();
            System.gc();
            return (runtime.totalMemory() - runtime.freeMemory()) >> 20;
        }

        @Override
        public Map<String, Long> reports() {
            var stats = bus.stats();
            var calls = RpcServer.on(bus).stats();
            return Map.ofEntries(
                    Map.entry("told", (long) TOLD.get()),
                    Map.entry("handled", HANDLED.get()),
                    Map.entry("bad", stats.badMessages()),
                    Map.entry("failures", stats.handlerFailures()),
                    Map.entry("dropped", stats.dropped()),
                    Map.entry("framesDropped", stats.framesDropped()),
                    Map.entry("interruptions", stats.interruptions()),
                    Map.entry("overloaded", calls.overloaded()),
                    Map.entry("refused", calls.refused()),
                    Map.entry("callersGone", calls.callersGone()));
        }

        @Override
        public void hold(boolean hold) {
            gate.countDown();
            gate = new CountDownLatch(hold ? 1 : 0);
        }

        @Override
        public String slow(String text) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            return "slow";
        }

        @Override
        public CompletableFuture<String> never(String text) {
            return new CompletableFuture<String>().completeOnTimeout("at last", 2, SECONDS);
        }

        @Override
        public int ask(String text) {
            return RpcClient.on(bus)
                    .broadcast("small.all", String.class, text)
                    .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(10)))
                    .ask()
                    .replies()
                    .size();
        }

        @Override
        public String all(String text) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            return text;
        }
    }
}
