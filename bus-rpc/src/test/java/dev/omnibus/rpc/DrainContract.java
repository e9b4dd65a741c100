package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What draining a server must do on every transport. */
abstract class DrainContract extends CallFixture {

    interface Journal {
        long note(long number);
    }

    interface Work {
        String block() throws InterruptedException;
    }

    @Test
    void whatRunsIsFinishedAndAnsweredAndNothingNewIsTaken() throws Exception {
        Bus leaving = serving("leaving", 1);
        RpcClient client = RpcClient.on(bus("client"));
        CompletableFuture<String> running = client.call("stock.slow", String.class, 60_000);
        assertTrue(started.await(20, SECONDS));
        serving("staying", 2);

        CompletableFuture<Void> drained = RpcServer.on(leaving).drain();
        await().until(() ->
                client.call("stock.left", Integer.class, "sku").get(20, SECONDS) == 2); // what was on its way is served
        for (int i = 0; i < 20; i++) {
            assertEquals(2, client.call("stock.left", Integer.class, "sku").get(20, SECONDS));
        }
        assertFalse(drained.isDone());
        assertFalse(running.isDone());
        release.countDown();
        assertEquals("released", running.get(20, SECONDS));
        drained.get(20, SECONDS);
    }

    @Test
    void theBusStaysOpenAndCanCallAndPublish() throws Exception {
        Bus leaving = serving("leaving", 1);
        serving("staying", 2);
        RpcServer.on(leaving).drain().get(20, SECONDS);
        assertEquals(BusState.UP, leaving.state());
        assertEquals(
                2,
                RpcClient.on(leaving).call("stock.left", Integer.class, "sku").get(20, SECONDS));
        assertEquals(0L, leaving.publish("t", "x").get(20, SECONDS));
    }

    @Test
    void theOthersSeeItDrainingUntilItsBusIsClosed() throws Exception {
        Bus leaving = serving("leaving", 1);
        Directory directory = Directory.on(bus("client"));
        List<String> seen = new ArrayList<>();
        CountDownLatch left = new CountDownLatch(1);
        directory.watch(new Directory.Listener() {
            @Override
            public void draining(NodeInfo node) {
                seen.add("draining " + node.application() + " " + node.serves("stock.left"));
            }

            @Override
            public void left(NodeInfo node) {
                if (node.application().equals("leaving")) {
                    left.countDown();
                }
            }
        });
        await().atMost(20, SECONDS)
                .until(() -> directory.nodes().get(20, SECONDS).stream().anyMatch(node -> node.serves("stock.left")));
        RpcServer.on(leaving).drain().get(20, SECONDS);
        await().atMost(20, SECONDS).until(() -> seen.equals(List.of("draining leaving true")));
        leaving.close();
        assertTrue(left.await(20, SECONDS));
    }

    @Test
    void drainingTwiceIsDrainingOnceAndClosingAfterwardsWaitsForNothing() throws Exception {
        Bus bus = Bus.builder(connect())
                .name("leaving")
                .prefix(prefix)
                .drainTimeout(Duration.ofHours(1))
                .build();
        closeLater(bus);
        RpcServer server = RpcServer.on(bus);
        Registration stock = server.serve(Stock.class, new Shelf("leaving", 1));
        stock.ready().get(20, SECONDS);
        CompletableFuture<Void> first = server.drain();
        CompletableFuture<Void> second = server.drain();
        first.get(20, SECONDS);
        second.get(20, SECONDS);
        stock.closed().get(20, SECONDS);
        server.drain().get(20, SECONDS);
        CompletableFuture.runAsync(bus::close).get(20, SECONDS);
    }

    @Test
    void aServerWithoutServicesHasDrainedAtOnceAndServesNothingAfterwards() throws Exception {
        RpcServer server = RpcServer.on(bus("idle"));
        server.drain().get(20, SECONDS);
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> server.serve(Stock.class, new Shelf("idle", 1)));
        assertTrue(String.valueOf(e.getMessage()).contains("drains"), e::getMessage);
    }

    @Test
    void aCallThatWouldWaitForTheDrainIsToldSo() throws Exception {
        Bus bus = bus("leaving");
        RpcServer server = RpcServer.on(bus);
        server.serve(
                        "desk.drain",
                        params -> assertThrows(
                                        IllegalStateException.class,
                                        () -> server.drain().join())
                                .getMessage())
                .ready()
                .get(20, SECONDS);
        String told =
                RpcClient.on(bus("client")).call("desk.drain", String.class).get(20, SECONDS);
        assertTrue(told.contains("wait for its own end"), told);
        server.drain().get(20, SECONDS);
    }

    @Test
    void aCallFindsNobodyWhenTheOnlyNodeHasDrained() throws Exception {
        Bus leaving = serving("leaving", 1);
        RpcClient client = RpcClient.on(bus("client"));
        assertEquals(1, client.call("stock.left", Integer.class, "sku").get(20, SECONDS));
        RpcServer.on(leaving).drain().get(20, SECONDS);
        RpcException e = failure(client.call("stock.left", Integer.class, "sku"));
        assertSame(Reason.NO_SERVER, e.reason());
        assertTrue(e.notExecuted());
    }

    @Test
    void ofTheQueuedCallsItFinishesWhatItHasAndLeavesTheRestToOthers() throws Exception {
        CountDownLatch begun = new CountDownLatch(2);
        AtomicInteger here = new AtomicInteger();
        AtomicInteger elsewhere = new AtomicInteger();
        ServiceOptions two = ServiceOptions.defaults().withConcurrency(2).withQueued();
        Bus leaving = bus("leaving");
        RpcServer server = RpcServer.on(leaving);
        server.serve(
                        Work.class,
                        () -> {
                            here.incrementAndGet();
                            begun.countDown();
                            return release.await(60, SECONDS) ? "here" : "late";
                        },
                        two)
                .ready()
                .get(20, SECONDS);
        CallQueue<Work> queue = RpcClient.on(bus("client")).queue(Work.class);
        List<Queued<String>> calls =
                IntStream.range(0, 6).mapToObj(i -> queue.enqueue(Work::block)).toList();
        for (Queued<String> call : calls) {
            call.enqueued().get(20, SECONDS);
        }
        assertTrue(begun.await(20, SECONDS));
        CompletableFuture<Void> drained = server.drain();
        RpcServer.on(bus("staying"))
                .serve(
                        Work.class,
                        () -> {
                            elsewhere.incrementAndGet();
                            return "elsewhere";
                        },
                        two)
                .ready()
                .get(20, SECONDS);
        await().atMost(20, SECONDS).until(() -> elsewhere.get() == 4);
        assertFalse(drained.isDone());
        release.countDown();
        drained.get(20, SECONDS);
        int fromHere = 0;
        for (Queued<String> call : calls) {
            fromHere += call.result().get(20, SECONDS).equals("here") ? 1 : 0;
        }
        assertEquals(2, fromHere);
        assertEquals(2, here.get());
    }

    @Test
    void noCallIsLostOrExecutedTwiceWhileNodesDrainOneAfterTheOther() throws Exception {
        Map<Long, AtomicInteger> executed = new ConcurrentHashMap<>();
        Deque<Bus> nodes = new ArrayDeque<>();
        for (int i = 0; i < 3; i++) {
            nodes.add(journal(executed));
        }
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong numbers = new AtomicLong();
        List<CompletableFuture<Void>> callers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Journal journal = RpcClient.on(bus("client" + i)).proxy(Journal.class);
            callers.add(CompletableFuture.runAsync(() -> {
                while (!over.get()) {
                    long number = numbers.incrementAndGet();
                    assertEquals(number, journal.note(number));
                }
            }));
        }
        for (int round = 0; round < 6; round++) {
            long before = numbers.get();
            await().atMost(20, SECONDS).until(() -> numbers.get() > before + 50);
            nodes.add(journal(executed));
            Bus leaving = nodes.remove();
            RpcServer.on(leaving).drain().get(20, SECONDS);
            leaving.close();
        }
        over.set(true);
        for (CompletableFuture<Void> caller : callers) {
            try {
                caller.get(20, SECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError("A call was lost", assertInstanceOf(Throwable.class, e.getCause()));
            }
        }
        assertEquals(numbers.get(), executed.size());
        assertTrue(executed.values().stream().allMatch(times -> times.get() == 1));
    }

    private Bus journal(Map<Long, AtomicInteger> executed) {
        Bus bus = bus("journal");
        RpcServer.on(bus)
                .serve(Journal.class, number -> {
                    executed.computeIfAbsent(number, any -> new AtomicInteger()).incrementAndGet();
                    return number;
                })
                .ready()
                .join();
        return bus;
    }
}
