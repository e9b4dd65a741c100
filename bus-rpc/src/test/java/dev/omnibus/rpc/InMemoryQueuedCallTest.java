package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Server;
import dev.omnibus.transport.CallQueues.Taken;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InMemoryQueuedCallTest extends QueuedCallContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    @Test
    void aCallIsEnqueuedOnceHoweverOftenItsAnswerIsLost() throws Exception {
        CallQueue<Shop> queue = queue();
        network.loseAnswers(true);
        Queued<Integer> call = queue.enqueue(shop -> shop.restock("sku", 1));
        assertFalse(call.enqueued().isDone());
        network.loseAnswers(false);
        call.enqueued().get(20, SECONDS);
        serving("a");
        assertValue(2, call);
        assertEquals(List.of("sku"), done);
    }

    @Test
    void whatWasTakenByATurnWhoseAnswerWasLostIsExecutedOnce() throws Exception {
        serving("a");
        CallQueue<Shop> queue = queue();
        value(queue.enqueueVoid(shop -> shop.note("first"))); // it has its lease
        network.loseAnswers(true);
        List<Queued<Void>> calls =
                List.of(queue.enqueueVoid(shop -> shop.note("x")), queue.enqueueVoid(shop -> shop.note("y")));
        network.loseAnswers(false);
        for (Queued<Void> call : calls) {
            value(call);
        }
        assertEquals(3, done.size(), done::toString);
    }

    @Test
    void aNodeThatDoesNotKnowWhatItHasFindsOutBeforeItLeaves() throws Exception {
        Bus leaving = Bus.builder(connect())
                .prefix(prefix)
                .drainTimeout(Duration.ofMinutes(1))
                .build();
        RpcServer.on(leaving)
                .serve(Shop.class, new Counter(), ServiceOptions.defaults().withQueued())
                .ready()
                .join();
        CallQueue<Shop> queue = queue();
        value(queue.enqueueVoid(shop -> shop.note("first"))); // it has its lease
        network.loseAnswers(true);
        Queued<Void> taken = queue.enqueueVoid(shop -> shop.note("x"));
        CompletableFuture<Void> closing = CompletableFuture.runAsync(leaving::close);
        network.loseAnswers(false);
        closing.get(20, SECONDS); // and not after its drain timeout
        serving("next");
        assertValue(null, taken);
        assertEquals(List.of("first", "x"), done);
    }

    @Test
    void aReplyThatIsLostIsFoundInTheQueue() throws Exception {
        serving("a");
        CallQueue<Shop> queue = queue();
        network.tamper((channel, frame) ->
                channel.contains(":inbox:caller") && new String(frame, StandardCharsets.UTF_8).contains("shop.")
                        ? List.of()
                        : List.of(frame));
        assertValue(2, queue.enqueue(shop -> shop.restock("sku", 1)));
    }

    @Test
    void daysInAQueueAndDaysOfWorkAreNothingSpecial() throws Exception {
        CallQueue<Shop> queue = RpcClient.on(bus("caller"))
                .queue(Shop.class, QueueOptions.defaults().withExpiry(Duration.ofDays(7)));
        Queued<String> call = queue.enqueue(Shop::block);
        call.enqueued().get(20, SECONDS);
        network.advance(Duration.ofDays(6));
        serving("a");
        await().until(() -> blocked.get() == 1);
        for (int day = 0; day < 5; day++) {
            network.advance(Duration.ofMillis(3_900)); // within the lease of the node
            int before = done.size();
            value(queue.enqueueVoid(shop -> shop.note("alive")));
            assertEquals(before + 1, done.size());
        }
        assertFalse(call.result().isDone());
        release.countDown();
        assertValue("released", call);
    }

    @Test
    void aNetworkThatIsEmptiedEndsWhatWaitsAndNotWhatRuns() throws Exception {
        serving("a");
        CallQueue<Shop> queue = queue();
        Queued<String> runs = queue.enqueue(Shop::block);
        await().until(() -> blocked.get() == 1);
        Queued<Void> waits = RpcClient.on(bus("other"))
                .queue(Shop.class, QueueOptions.defaults().withDelay(Duration.ofHours(1)))
                .enqueueVoid(shop -> shop.note("x"));
        waits.enqueued().get(20, SECONDS);
        network.forget();
        release.countDown();
        assertValue("released", runs);
        RpcException lost = rpcFailure(waits);
        assertEquals(Reason.NODE_LOST, lost.reason());
        assertFalse(lost.notExecuted());
    }

    @Test
    void aCallThatCannotBeEnqueuedInTimeSaysThatItWasNot() throws Exception {
        CallQueue<Shop> queue = RpcClient.on(bus("caller"))
                .queue(Shop.class, QueueOptions.defaults().withExpiry(Duration.ofMillis(300)));
        network.down();
        RpcException late = rpcFailure(queue.enqueueVoid(shop -> shop.note("x")));
        network.up();
        assertEquals(Reason.CONNECTION_LOST, late.reason());
        assertTrue(late.notExecuted());
    }

    @Test
    void aNodeThatTakesBackItsOwnSuspectHasAPlaceForTheNextOne() throws Exception {
        try (Transport transport = connect();
                CallQueues queues = transport.callQueues()) {
            Server other = new Server(keys("shop.again"), "other");
            queues.renew(other, Duration.ofDays(1)).join();
            Queued<String> second = queue().enqueue(shop -> shop.again("second"));
            second.enqueued().get(20, SECONDS);
            Taken taken = queues.turn(other, List.of(), 1, false).join().calls().get(0);
            assertEquals(0, taken.deaths());
            Server node = new Server(keys("shop.block"), serving("a").node());
            Queued<String> first = RpcClient.on(bus("caller"))
                    .queue(Shop.class, QueueOptions.defaults().asIdempotent())
                    .enqueue(Shop::block);
            await().until(() -> blocked.get() == 1);
            Server witness = new Server(node.queue(), "witness");
            await().until(() -> {
                network.advance(Duration.ofSeconds(5)); // the lease of the node has ended
                return queues.renew(witness, Duration.ofMinutes(1)).join().waiting();
            });
            await().until(() ->
                    queues.held(node, StreamId.EARLIEST, 1).join().stream().anyMatch(one -> one.deaths() == 1));
            release.countDown();
            assertValue("released", first);
            queues.leave(other).join(); // so the second one is a suspect as well
            assertValue("second", second);
        }
        assertEquals(1, blocked.get());
    }

    @Test
    void callsOfOneKeyEndTogetherWhenTheirClientCloses() throws Exception {
        Bus caller = bus("caller");
        CallQueue<Shop> queue =
                RpcClient.on(caller).queue(Shop.class, QueueOptions.defaults().withKey("order-17"));
        List<Queued<Integer>> same = IntStream.range(0, 3)
                .mapToObj(i -> queue.enqueue(shop -> shop.restock("sku", 1)))
                .toList();
        for (Queued<Integer> call : same) {
            call.enqueued().get(20, SECONDS);
        }
        caller.close();
        for (Queued<Integer> call : same) {
            assertEquals(Reason.CLOSED, rpcFailure(call).reason());
        }
    }

    /** The second one waits behind the first, and must not be forgotten there. */
    @Test
    void aCallOfAKeyThatIsEnqueuedAfterTheFirstOneWasForgottenIsAnotherOne() throws Exception {
        Bus server = serving("a");
        QueueOptions options = QueueOptions.defaults()
                .withKey("order-17")
                .withExpiry(Duration.ofSeconds(11))
                .withRetention(Duration.ofSeconds(10));
        CallQueue<Shop> queue = RpcClient.on(bus("caller")).queue(Shop.class, options);
        Queued<String> first = queue.enqueue(Shop::block);
        await().until(() -> blocked.get() == 1);
        network.down();
        Queued<String> second = queue.enqueue(Shop::block);
        network.advance(Duration.ofMillis(1));
        network.up();
        release.countDown();
        assertValue("released", first);
        assertValue("released", second);
        server.close();
        serving("b");
        network.advance(Duration.ofMinutes(1));
        assertValue("released", queue.enqueue(Shop::block));
        assertEquals(2, blocked.get());
    }

    @Test
    void anAnswerThatComesAfterItsNodeSeemedToBeGoneIsReported() throws Exception {
        BlockingQueue<String> unsent = new LinkedBlockingQueue<>();
        Bus server = Bus.builder(connect())
                .prefix(prefix)
                .listener(new BusListener() {
                    @Override
                    public void onUnsent(String channel, String problem) {
                        unsent.add(problem);
                    }
                })
                .build();
        try (server;
                Transport transport = connect();
                CallQueues queues = transport.callQueues()) {
            RpcServer.on(server)
                    .serve(Shop.class, new Counter(), ServiceOptions.defaults().withQueued())
                    .ready()
                    .join();
            Queued<String> call = queue().enqueue(Shop::block);
            await().until(() -> blocked.get() == 1);
            Server witness = new Server(keys("shop.block"), "witness");
            queues.renew(witness, Duration.ofMinutes(1)).join();
            await().until(() -> {
                network.advance(Duration.ofMillis(1_900));
                queues.renew(witness, Duration.ofMinutes(1)).join();
                network.advance(Duration.ofMillis(1_900));
                queues.renew(witness, Duration.ofMinutes(1)).join();
                network.advance(Duration.ofMillis(1_900));
                queues.renew(witness, Duration.ofMinutes(1)).join();
                return call.result().isDone();
            });
            RpcException lost = rpcFailure(call);
            assertEquals(Reason.NODE_LOST, lost.reason());
            assertFalse(lost.notExecuted());
            release.countDown();
            String problem = Objects.requireNonNull(unsent.poll(20, SECONDS));
            assertTrue(problem.contains(call.id()) && problem.contains("does not count"), problem);
        }
    }

    /** As if a replica had taken over to which neither the call's taking nor its end had come. */
    @Test
    void anAnswerThatAFailoverHasLostIsGivenAgainAndNothingIsExecutedTwice() throws Exception {
        serving("a");
        CallQueue<Shop> queue = queue();
        Queued<Integer> call = queue.enqueue(shop -> shop.restock("sku", 1));
        assertValue(2, call);
        network.forget();
        try (Transport transport = connect();
                CallQueues queues = transport.callQueues()) {
            String token = call.id().substring(call.id().indexOf(':') + 1);
            Duration hour = Duration.ofHours(1);
            queues.enqueue(
                            keys("shop.restock"),
                            List.of(new CallQueues.Call(token, new byte[0], hour, hour, hour, false, "", 10, "caller")))
                    .join(); // not due: so that it is seen whether it ends
            network.failOver();
            assertValue(2, RpcClient.on(bus("other")).queued(call.id(), Integer.class));
            network.forget();
            queues.enqueue(
                            keys("shop.restock"),
                            List.of(new CallQueues.Call(
                                    token, new byte[0], hour, Duration.ZERO, hour, false, "", 10, "caller")))
                    .join(); // its node takes it, and has answered it before
            assertValue(2, RpcClient.on(bus("another")).queued(call.id(), Integer.class));
        }
        assertEquals(List.of("sku"), done);
    }

    private QueueKeys keys(String method) {
        return new QueueKeys(prefix + ":queue:{" + method + "}", prefix + ":queue:" + method, prefix + ":inbox:");
    }
}
