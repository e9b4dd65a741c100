package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.rpc.CallQueue;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.Queued;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A replica takes over that is behind: Redis has forgotten calls, that they were begun, and how they ended. */
@Tag("slow")
class QueuedFailoverFaultIT {

    private static final int FAILOVERS = Integer.getInteger("failovers", 1); // the long form has 50
    private static final int CALLS = 100; // that a replica is behind
    private static final long REMEMBERED_NANOS = SECONDS.toNanos(7); // answers of the last eight seconds

    interface Work {

        String once(String id);

        @Idempotent
        String often(String id);
    }

    /** What was asked for, with the outcome in the end. */
    private record Asked(String id, Queued<String> call) {}

    private final Map<String, AtomicInteger> begun = new ConcurrentHashMap<>();
    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final AtomicInteger ended = new AtomicInteger();
    private final Queue<String> reported = new ConcurrentLinkedQueue<>();
    private final List<Bus> nodes = new ArrayList<>();
    private final Semaphore window = new Semaphore(400);
    private volatile boolean calling = true;
    private @Nullable Thread caller;
    private long longestBehind; // from when a replica had everything until its master was killed

    private final class Worker implements Work {

        @Override
        public String once(String id) {
            begun.computeIfAbsent(id, none -> new AtomicInteger()).incrementAndGet();
            if (id.contains("slow")) { // these run while another server takes over
                await().pollDelay(2, SECONDS).until(() -> true);
            }
            return "done " + id;
        }

        @Override
        public String often(String id) {
            return once(id);
        }
    }

    private Bus node(RedisSentinels redis) {
        Bus bus = Bus.builder(Configs.connect(redis))
                .listener(new BusListener() {
                    @Override
                    public void onUnsent(String channel, String problem) {
                        reported.add(problem);
                    }
                })
                .build();
        nodes.add(bus);
        return bus;
    }

    @AfterEach
    void close() throws Exception {
        stopCalling();
        nodes.forEach(Bus::close);
    }

    private void stopCalling() throws Exception {
        calling = false;
        Thread begunOnce = caller;
        if (begunOnce != null) {
            begunOnce.join();
        }
    }

    private void begin(RedisSentinels redis) throws Exception {
        for (int i = 0; i < 2; i++) {
            RpcServer.on(node(redis))
                    .serve(Work.class, new Worker(), ServiceOptions.defaults().withQueued())
                    .ready()
                    .get(20, SECONDS);
        }
        CallQueue<Work> queue = RpcClient.on(node(redis)).queue(Work.class);
        Thread thread = new Thread(() -> {
            for (int i = 0; calling; i++) {
                String id = (i % 2 == 0 ? "once " : "often ") + (i % 50 < 2 ? "slow " : "") + i;
                try {
                    window.acquire();
                    Thread.sleep(2); // the pace at which it has something to do
                } catch (InterruptedException e) {
                    return;
                }
                Queued<String> call = queue.enqueue(i % 2 == 0 ? work -> work.once(id) : work -> work.often(id));
                asked.add(new Asked(id, call));
                call.result().whenComplete((value, failure) -> {
                    ended.incrementAndGet();
                    window.release();
                });
            }
        });
        caller = thread;
        thread.start();
        awaitEnded(100);
    }

    private void awaitEnded(int more) {
        int until = ended.get() + more;
        await().atMost(40, SECONDS).until(() -> ended.get() >= until);
    }

    @Test
    void noCallIsLostInSilenceOrExecutedTwiceWhereAReplicaIsBehind() throws Exception {
        try (RedisSentinels redis = RedisSentinels.start(1)) {
            begin(redis);
            for (int i = 0; i < FAILOVERS; i++) {
                redis.awaitReady();
                awaitEnded(50);
                RedisServer master = redis.master();
                long behind = System.nanoTime();
                redis.awaitReplicated();
                redis.replicas().get(0).command("REPLICAOF", "NO", "ONE");
                awaitEnded(CALLS);
                master.kill();
                longestBehind = Math.max(longestBehind, System.nanoTime() - behind);
                redis.awaitFailover(master);
                awaitEnded(50);
                master.restart();
            }
            stopCalling();
            int lost = 0;
            for (Asked one : asked) {
                Object outcome = one.call()
                        .result()
                        .handle((value, failure) -> failure == null ? value : failure)
                        .get(60, SECONDS);
                if (outcome instanceof RpcException e) {
                    assertEquals(Reason.NODE_LOST, e.reason(), e::getMessage);
                    assertTrue(!e.notExecuted() && one.id().startsWith("once"), () -> one + " " + e.getMessage());
                    lost++;
                } else {
                    assertEquals("done " + one.id(), outcome);
                }
            }
            if (longestBehind < REMEMBERED_NANOS) {
                await().pollDelay(1, SECONDS) // what is executed once more may still run
                        .atMost(20, SECONDS)
                        .untilAsserted(() -> assertEquals(
                                List.of(),
                                twice().stream().filter(one -> !isReported(one)).toList()));
                assertEquals(List.of(), twice()); // all nodes have changed over in time
            }
            System.out.println("[fault] " + FAILOVERS + " failovers: asked " + asked.size() + ", said to be lost "
                    + lost + ", executed twice " + twice().size() + ", reported " + reported.size());
            close();
        }
    }

    private List<Asked> twice() {
        return asked.stream()
                .filter(one -> begun.getOrDefault(one.id(), new AtomicInteger()).get() > 1)
                .toList();
    }

    private boolean isReported(Asked one) {
        return reported.stream().anyMatch(report -> report.contains(one.call().id()));
    }
}
