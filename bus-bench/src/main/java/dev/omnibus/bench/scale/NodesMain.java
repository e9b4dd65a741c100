package dev.omnibus.bench.scale;

import dev.omnibus.bench.job.Usage;
import dev.omnibus.bench.peer.Closing;
import dev.omnibus.bench.peer.Desk;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.server.ChildJvm;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** A program of a {@link ChildJvm}: a process with many nodes, topics or subscriptions in it. */
final class NodesMain {

    private static final long PATIENCE_SECONDS = 120;
    private static final long PAGE = 4096;
    private static final int UNDER_WAY = 10_000;
    private static final long PAUSE_MILLIS = 4; // for each of the nodes that there will be in this process

    private final Closing opened = new Closing();
    private final List<Bus> nodes = new ArrayList<>();
    private final AtomicLong received = new AtomicLong();

    private NodesMain() {}

    /** What a child's JVM begins with. */
    public static void main(String[] args) throws IOException {
        ChildJvm.serve(new NodesMain()::answer);
    }

    private String answer(List<String> question) throws Exception {
        return switch (question.get(0)) {
            case "nodes" ->
                nodes(
                        question.get(1),
                        Integer.parseInt(question.get(2)),
                        question.get(3),
                        Duration.ofMillis(Long.parseLong(question.get(4))));
            case "seen" -> seen();
            case "ask" -> ask(Integer.parseInt(question.get(1)));
            case "topics" -> topics(question.get(1), Integer.parseInt(question.get(2)));
            case "hear" -> hear(question.get(1));
            case "subscribe" -> subscribe(question.get(1), Integer.parseInt(question.get(2)));
            case "received" -> Long.toString(received.get());
            case "used" -> used();
            case "close" -> close();
            default -> throw new IllegalArgumentException("unknown " + question);
        };
    }

    /** {@code nodes <url> <how many> <first name> <heartbeat>}: each serves, calls and reads the directory. */
    private String nodes(String url, int count, String name, Duration heartbeat) throws Exception {
        for (int i = 0; i < count; i++) {
            Bus node = opened.add(
                    Bus.builder(url).name(name + "-" + i).heartbeat(heartbeat).build());
            RpcServer.on(node).serve(Desk.class, Order::receipt).ready().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            nodes.add(node);
            Thread.sleep(PAUSE_MILLIS * count); // all others read about it
        }
        return seen();
    }

    /** The least number of nodes that one of these sees; 0 if one cannot see any. */
    private String seen() throws Exception {
        int least = Integer.MAX_VALUE;
        for (Bus node : nodes) {
            int sees = Directory.on(node)
                    .nodes()
                    .handle((all, failure) -> failure == null ? all.size() : 0)
                    .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            least = Math.min(least, sees);
        }
        return Integer.toString(least);
    }

    /** {@code ask <bytes>}: a broadcast to all nodes; how many answered, and after how many microseconds. */
    private String ask(int bytes) {
        Order order = Order.of(1, Order.note(bytes));
        long began = System.nanoTime();
        int answered = RpcClient.on(nodes.get(0))
                .broadcast(Desk.class, each -> each.place(order))
                .askAsync()
                .handle((replies, failure) -> failure == null ? replies.values().size() : 0)
                .join();
        return answered + " " + TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - began);
    }

    /** {@code topics <url> <how many>}: one event on each, no more of them under way than an outbox has room for. */
    private String topics(String url, int count) throws Exception {
        Bus bus = opened.add(Bus.connect(url));
        Order order = Order.of(1, "");
        for (int begin = 0; begin < count; begin += UNDER_WAY) {
            CompletableFuture<?>[] sent = IntStream.range(begin, Math.min(count, begin + UNDER_WAY))
                    .mapToObj(i -> bus.publish(Topic.of("scale.topic-" + i, Order.class), order))
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(sent).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        return Integer.toString(count);
    }

    /** {@code hear <url>}: one subscription to all topics. */
    private String hear(String url) throws Exception {
        Bus bus = opened.add(Bus.connect(url));
        bus.subscribe("scale.*", Order.class, event -> received.incrementAndGet())
                .ready()
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return "hears";
    }

    /** {@code subscribe <url> <how many>}: one topic each; in how many milliseconds all are confirmed. */
    private String subscribe(String url, int count) throws Exception {
        Bus bus = opened.add(Bus.connect(url));
        long began = System.nanoTime();
        CompletableFuture<?>[] ready = IntStream.range(0, count)
                .mapToObj(i -> bus.subscribe("scale.topic-" + i, Order.class, event -> received.incrementAndGet())
                        .ready())
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(ready).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return Long.toString(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    }

    /** Processor time in ns, heap and memory of the process in bytes, threads. */
    private static String used() throws IOException {
        System.gc();
        System.gc();
        String resident = Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1];
        return Usage.ofThisProcess().cpuNanos()
                + " " + ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
                + " " + Long.parseLong(resident) * PAGE
                + " " + ManagementFactory.getThreadMXBean().getThreadCount();
    }

    private String close() {
        opened.close();
        return "closed";
    }
}
