package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Broadcasts to eight nodes, of which one after the other leaves in order or is killed, and another one comes. 5,000 of
 * them; {@code -Dbroadcasts=100000} for the long form.
 */
abstract class BroadcastChurnContract {

    private static final int NODES = 8;
    private static final int IN_FLIGHT = 128;
    private static final int PAUSE_MILLIS = 150; // between two changes, so that most of the time all nodes are there
    private static final int KILLED = 12; // every so many
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Duration HEARTBEAT = Duration.ofSeconds(10); // no link is to be doubted on a busy machine

    interface Roll {
        String call(int number);
    }

    private record Member(Bus bus, Transport link) {}

    private final String prefix = "churn-" + UUID.randomUUID();
    private final int broadcasts = Integer.getInteger("broadcasts", 5_000);
    private final Set<String> ready = ConcurrentHashMap.newKeySet();
    private final Set<String> ending = ConcurrentHashMap.newKeySet(); // before anything of it ends
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicLong incomplete = new AtomicLong();
    private final AtomicLong slowestMillis = new AtomicLong();

    abstract Transport connect();

    @Test
    void everyBroadcastIsCompleteOrNamesExactlyTheNodesThatWereLost() throws Exception {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < NODES; i++) {
            members.add(join());
        }
        CountDownLatch over = new CountDownLatch(1);
        AtomicLong changes = new AtomicLong();
        Thread churn = new Thread(() -> {
            Random random = new Random(7);
            while (!passed(over)) {
                int which = random.nextInt(NODES);
                Member next = join();
                end(members.set(which, next), changes.getAndIncrement() % KILLED == 2);
            }
        });
        churn.start();
        try (Bus caller = bus("caller", connect())) {
            askAll(RpcClient.on(caller));
            assertEquals(0, RpcClient.on(caller).runtime().pending().size());
        } finally {
            over.countDown();
            churn.join(60_000);
            members.forEach(member -> end(member, false));
        }
        assertEquals(List.of(), List.copyOf(wrong));
        assertTrue(changes.get() > 1, "nodes came and went");
        System.out.println(broadcasts + " broadcasts, " + changes + " nodes replaced, " + incomplete
                + " broadcasts named lost nodes, the slowest took " + slowestMillis + " ms");
    }

    private static boolean passed(CountDownLatch over) {
        try {
            return over.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void askAll(RpcClient client) throws InterruptedException {
        Semaphore room = new Semaphore(IN_FLIGHT);
        for (int i = 0; i < broadcasts; i++) {
            room.acquire();
            Set<String> before = new HashSet<>();
            client.runtime().directory().serving("roll.call").forEach(node -> before.add(node.id()));
            before.retainAll(ready);
            before.removeAll(ending);
            client.broadcast("roll.call", String.class, i)
                    .with(CallOptions.defaults().withTimeout(DEADLINE))
                    .askAsync()
                    .whenComplete((replies, failure) -> {
                        room.release();
                        if (failure != null) {
                            wrong.add(String.valueOf(failure));
                        } else {
                            check(replies, before);
                        }
                    });
        }
        assertTrue(room.tryAcquire(IN_FLIGHT, DEADLINE.toSeconds(), SECONDS));
    }

    private void check(Replies<String> replies, Set<String> before) {
        slowestMillis.accumulateAndGet(replies.elapsed().toMillis(), Math::max);
        Set<String> goneByNow = Set.copyOf(ending);
        Set<String> alive = new HashSet<>(before);
        alive.removeAll(goneByNow);
        if (!replies.isComplete()) {
            incomplete.incrementAndGet();
        }
        boolean everyLiveNodeAnswered = replies.byNode().keySet().containsAll(alive);
        boolean eachAnsweredForItself = replies.byNode().entrySet().stream()
                .allMatch(answer -> answer.getKey().equals(answer.getValue()));
        boolean onlyLostNodesAreMissing =
                goneByNow.containsAll(replies.missing().keySet())
                        && replies.missingUnnamed() == 0
                        && replies.missing().values().stream().allMatch(Reason.NODE_LOST::equals);
        boolean onlyLeavingNodesRefused = replies.faults().entrySet().stream()
                .allMatch(fault ->
                        goneByNow.contains(fault.getKey()) && fault.getValue().reason() == Reason.DRAINING);
        boolean beforeItsDeadline = replies.elapsed().compareTo(DEADLINE.dividedBy(2)) < 0;
        if (!everyLiveNodeAnswered
                || !eachAnsweredForItself
                || !onlyLostNodesAreMissing
                || !onlyLeavingNodesRefused
                || !beforeItsDeadline) {
            wrong.add(replies + " unnamed " + replies.missingUnnamed() + " alive " + alive + " faults "
                    + Map.copyOf(replies.faults()));
        }
    }

    private Member join() {
        Transport link = connect();
        Bus bus = bus("n", link);
        RpcServer.on(bus)
                .serve(Roll.class, number -> bus.node())
                .ready()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
        ready.add(bus.node());
        return new Member(bus, link);
    }

    private Bus bus(String name, Transport link) {
        return Bus.builder(link)
                .name(name)
                .prefix(prefix)
                .heartbeat(HEARTBEAT)
                .drainTimeout(Duration.ofSeconds(2))
                .build();
    }

    private void end(Member member, boolean killed) {
        ending.add(member.bus().node());
        if (killed) {
            member.link().close(); // no good-bye, and the lease just ends
        }
        member.bus().close();
    }
}
