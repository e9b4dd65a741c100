package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who is counted, who is named and who is missing. */
class BroadcastTest extends PlayedNodes {

    /** Waits long for those without a name. */
    private static RpcClient patient(Bus caller) {
        RpcClient client = RpcClient.on(caller);
        client.runtime().patience(Duration.ofSeconds(30));
        return client;
    }

    @Test
    void aBroadcastThatNobodyReceivesFailsAlthoughNodesAreListed() {
        lease(network.open(), "dead");
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e = CallContract.failure(client.broadcast("echo.say", String.class, "x")
                .with(within(5_000))
                .askAsync());

        assertEquals(Reason.NO_SERVER, e.reason());
        assertTrue(e.notExecuted());
    }

    @Test
    void aListedNodeThatDidNotReceiveTheQuestionIsMissing() {
        serving("alive");
        lease(network.open(), "dead");

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(25_000))
                .ask();

        assertEquals(List.of("alive"), replies.values());
        assertEquals(Map.of("dead", Reason.NODE_LOST), replies.missing());
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 20_000, replies::toString);
    }

    @Test
    void aReceiverThatIsNotListedIsCountedWhenItSaysWhoItIs() {
        serving("listed");
        CountDownLatch asked = new CountDownLatch(1);
        Transport young = played("young", request -> {
            asked.countDown();
            return List.of(result(request, "young", "\"young\""));
        });
        young.endLease("bus:nodes", "bus:node:{bus:nodes}:young").join();
        CompletableFuture<Replies<String>> asking = patient(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        await().until(() -> asked.getCount() == 0);

        lease(young, "young");
        say(young, Presence.JOINED, "young");

        Replies<String> replies = asking.join();
        assertEquals(Set.of("listed", "young"), Set.copyOf(replies.values()));
        assertTrue(replies.isComplete(), replies::toString);
        assertTrue(replies.elapsed().toMillis() < 20_000, replies::toString);
    }

    @Test
    void aNodeThatJoinsWhileAReceiverHasNoNameIsNotMissing() {
        serving("listed");
        CompletableFuture<RpcCodec.Request> asked = new CompletableFuture<>();
        Transport receiver = played("receiver", request -> {
            asked.complete(request);
            return List.of();
        });
        receiver.endLease("bus:nodes", "bus:node:{bus:nodes}:receiver").join();
        Bus caller = bus("caller");
        CompletableFuture<Replies<String>> asking = patient(caller)
                .broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        RpcCodec.Request question = asked.join();

        List<String> heard = new CopyOnWriteArrayList<>();
        Transport joined = playedRaw("joined", heard::add);
        say(joined, Presence.JOINED, "joined");
        await().until(() -> !heard.isEmpty()); // it is taken for the receiver, and asked itself
        lease(receiver, "receiver");
        say(receiver, Presence.JOINED, "receiver");
        await().until(() -> Directory.on(caller).runtime().knows("receiver"));
        publish(receiver, question.replyTo(), result(question, "receiver", "\"late\""));

        Replies<String> replies = asking.join();
        assertEquals(Set.of("listed", "late"), Set.copyOf(replies.values()));
        assertEquals(Map.of(), replies.missing());
        assertTrue(replies.isComplete(), replies::toString);
    }

    @Test
    void whoeverJoinsIsNotAskedWhenThoseWithoutANameHaveAnswered() {
        serving("listed");
        CompletableFuture<RpcCodec.Request> asked = new CompletableFuture<>();
        Transport receiver = played("receiver", request -> {
            asked.complete(request);
            return List.of();
        });
        receiver.endLease("bus:nodes", "bus:node:{bus:nodes}:receiver").join();
        Bus caller = bus("caller");
        CompletableFuture<Replies<String>> asking = patient(caller)
                .broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        RpcCodec.Request question = asked.join();
        publish(receiver, question.replyTo(), result(question, "receiver", "\"young\""));
        RpcClient.on(caller)
                .call("echo.say", String.class, "behind it in the inbox")
                .join();

        Bus joined = serving("joined");
        await().until(() -> Directory.on(caller).runtime().knows(joined.node()));
        lease(receiver, "receiver");
        say(receiver, Presence.JOINED, "receiver");

        Replies<String> replies = asking.join();
        assertEquals(Set.of("listed", "young"), Set.copyOf(replies.values()));
        assertTrue(replies.isComplete(), replies::toString);
    }

    @ServiceName("echo")
    interface Hasty {
        @Timeout(millis = 300)
        String say(String text);
    }

    @Test
    void theTimeoutOfTheContractHoldsForABroadcast() {
        played("silent", request -> List.of());
        Broadcast<String> broadcast = RpcClient.on(bus("caller")).broadcast(Hasty.class, hasty -> hasty.say("x"));

        Replies<String> replies = broadcast.ask();
        assertEquals(Map.of("silent", Reason.TIMEOUT), replies.missing());
        assertTrue(replies.elapsed().toMillis() < 4_500, replies::toString);

        Replies<String> longer = broadcast.with(within(600)).ask();
        assertTrue(longer.elapsed().toMillis() >= 600, longer::toString);
    }

    record Amount(int pieces) {}

    interface Declaring {
        Amount amount(String sku) throws IOException;
    }

    @Test
    void aLambdaThatWorksWithWhatItGetsIsToldWhatItIs() {
        RpcClient client = RpcClient.on(bus("caller"));

        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> client.broadcast(
                        Declaring.class, stock -> stock.amount("a").pieces()));

        assertEquals(
                "The lambda works with what declaring.amount gives; but its call is only recorded, and gives null or"
                        + " zero. Work with the values of the replies",
                e.getMessage());
        IllegalArgumentException two = assertThrows(
                IllegalArgumentException.class,
                () -> client.broadcast(
                        Declaring.class, stock -> stock.amount("a") == null ? stock.amount("b") : stock.amount("c")));
        assertEquals(
                "The lambda calls declaring.amount and declaring.amount; it must call one method", two.getMessage());
        assertThrows(
                IllegalStateException.class,
                () -> client.broadcast(Declaring.class, stock -> {
                    throw new IllegalStateException("of the program");
                }));
    }

    @Test
    void aLambdaMayCallAMethodThatDeclaresExceptions() throws Exception {
        Bus server = bus("server");
        RpcServer.on(server)
                .serve(Declaring.class, sku -> new Amount(3))
                .ready()
                .join();

        Replies<Amount> replies = RpcClient.on(bus("caller"))
                .broadcast(Declaring.class, stock -> stock.amount("a"))
                .ask();

        assertEquals(List.of(new Amount(3)), replies.values());
    }

    @Test
    void aRuleThatFailsEndsTheAsking() {
        serving("a");
        AssertionError wrong = new AssertionError("of the program");

        CompletableFuture<Replies<String>> asking = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(20_000))
                .until(Until.accepted(value -> {
                    throw wrong;
                }))
                .askAsync();

        assertSame(
                wrong,
                assertThrows(ExecutionException.class, () -> asking.get(10, TimeUnit.SECONDS))
                        .getCause());
    }

    @Test
    void aStrangerIsNeitherCountedNorAwaitedForLong() {
        serving("listed");
        Transport stranger = played("stranger", request -> List.of(result(request, "stranger", "\"stranger\"")));
        stranger.endLease("bus:nodes", "bus:node:{bus:nodes}:stranger").join();

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(20_000))
                .ask();

        assertEquals(List.of("listed"), replies.values());
        assertEquals(Map.of(), replies.missing());
        assertEquals(1, replies.missingUnnamed());
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 10_000, replies::toString);
    }

    @Test
    void anAnswerInTheNameOfNobodyIsNotCountedInPlaceOfARealOne() {
        serving("honest");
        played(
                "forger",
                request -> List.of(result(request, "nobody", "\"forged\""), result(request, "forger", "\"own\"")));

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(5_000))
                .ask();

        assertEquals(Set.of("honest", "own"), Set.copyOf(replies.values()));
        assertTrue(replies.isComplete(), replies::toString);
    }

    @Test
    void asManyReceiversAsNamesButOthersEndsWhenAllLiveNodesHaveAnswered() {
        serving("listed");
        lease(network.open(), "dead");
        Transport young = played("young", request -> List.of(result(request, "young", "\"young\"")));
        young.endLease("bus:nodes", "bus:node:{bus:nodes}:young").join();
        RpcClient client = RpcClient.on(bus("caller"));
        client.runtime().directory().ready().join();
        lease(young, "young"); // not known to the caller before it looks

        Replies<String> replies = client.broadcast("echo.say", String.class, "x")
                .with(within(30_000))
                .ask();

        assertEquals(Set.of("listed", "young"), Set.copyOf(replies.values()));
        assertEquals(Map.of("dead", Reason.NODE_LOST), replies.missing());
        assertTrue(replies.elapsed().toMillis() < 20_000, replies::toString); // the lease of the dead one stands 30 s
    }

    @Test
    void aNodeThatComesWhileAnUnnamedReceiverIsAwaitedIsAskedItself() {
        serving("listed");
        CountDownLatch asked = new CountDownLatch(1);
        playedRaw("nameless", text -> asked.countDown())
                .endLease("bus:nodes", "bus:node:{bus:nodes}:nameless")
                .join();
        CompletableFuture<Replies<String>> asking = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(20_000))
                .askAsync();
        await().until(() -> asked.getCount() == 0);

        serving("late"); // within the second for which the unnamed one is awaited, on any machine that can run this

        Replies<String> replies = asking.join();
        assertTrue(replies.values().contains("listed"), replies::toString);
        assertTrue(replies.isComplete() || replies.missingUnnamed() == 1, replies::toString);
        assertTrue(replies.elapsed().toMillis() < 10_000, replies::toString);
    }

    @Test
    void whoeverIsAskedLateDoesNotStandForAReceiverWhoIsStillSilent() {
        serving("listed");
        CompletableFuture<RpcCodec.Request> asked = new CompletableFuture<>();
        Transport receiver = played("receiver", request -> {
            asked.complete(request);
            return List.of();
        });
        receiver.endLease("bus:nodes", "bus:node:{bus:nodes}:receiver").join();
        Bus caller = bus("caller");
        RpcClient client = patient(caller);
        client.runtime()
                .patience(Duration.ofSeconds(3)); // waited out if the last answer is taken for one to being asked late
        CompletableFuture<Replies<String>> asking = client.broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        RpcCodec.Request question = asked.join();
        CountDownLatch answered = new CountDownLatch(1);
        Transport joined = played("joined", request -> {
            publish(receiver, request.replyTo(), result(request, "joined", "\"joined\""));
            answered.countDown();
            return List.of();
        });
        say(joined, Presence.JOINED, "joined");
        await().until(() -> answered.getCount() == 0); // it is asked itself
        RpcClient.on(caller)
                .call("echo.say", String.class, "behind it in the inbox")
                .join();

        lease(receiver, "receiver");
        say(receiver, Presence.JOINED, "receiver");
        publish(receiver, question.replyTo(), result(question, "receiver", "\"late\""));

        Replies<String> replies = asking.join();
        assertEquals(Set.of("listed", "joined", "late"), Set.copyOf(replies.values()));
        assertTrue(replies.isComplete(), replies::toString);
    }

    @Test
    void whoeverIsAskedLateAndAnswersLateDoesNotLeaveItOpenForThoseWithoutAName() {
        serving("listed");
        CountDownLatch asked = new CountDownLatch(2);
        for (String nameless : List.of("nameless-1", "nameless-2")) {
            playedRaw(nameless, text -> asked.countDown())
                    .endLease("bus:nodes", "bus:node:{bus:nodes}:" + nameless)
                    .join();
        }
        CompletableFuture<Replies<String>> asking = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(40_000))
                .askAsync();
        await().until(() -> asked.getCount() == 0);
        CompletableFuture<RpcCodec.Request> request = new CompletableFuture<>();
        Transport late = played("late", heard -> {
            request.complete(heard);
            return List.of();
        });
        say(late, Presence.JOINED, "late");

        // Asked itself, it answers when nobody is awaited any more who has no name. Not asked, it changes nothing.
        request.thenAcceptAsync(
                heard -> publish(late, heard.replyTo(), result(heard, "late", "\"late\"")),
                CompletableFuture.delayedExecutor(2 * ClientRuntime.PATIENCE.toMillis(), TimeUnit.MILLISECONDS));

        Replies<String> replies = asking.join();
        assertTrue(replies.values().contains("listed"), replies::toString);
        assertFalse(replies.isComplete(), replies::toString);
        assertTrue(replies.elapsed().toMillis() < 30_000, replies::toString);
    }

    @Test
    void theFirstValuesEndItAndTheOthersAreToldToGiveUp() {
        serving("quick");
        List<String> cancelled = new CopyOnWriteArrayList<>();
        for (String slow : List.of("slow-1", "slow-2")) {
            playedRaw(slow, text -> {
                if (text.contains("$/cancelRequest")) {
                    cancelled.add(slow);
                }
            });
        }
        RpcClient client = RpcClient.on(bus("caller"));

        Replies<String> replies = client.broadcast("echo.say", String.class, "x")
                .until(Until.first(1))
                .ask();

        assertEquals(List.of("quick"), replies.orThrow());
        assertEquals(Map.of("slow-1", Reason.CANCELLED, "slow-2", Reason.CANCELLED), replies.missing());
        assertTrue(replies.isSatisfied());
        assertFalse(replies.isComplete());
        await().until(() -> Set.copyOf(cancelled).equals(Set.of("slow-1", "slow-2")));
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void whoGivesUpTellsTheNodesToGiveUp() {
        List<String> heard = new CopyOnWriteArrayList<>();
        playedRaw("slow", heard::add);
        CompletableFuture<Replies<String>> asking = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .askAsync();
        await().until(() -> heard.size() == 1);

        asking.cancel(true);

        await().until(() -> heard.size() == 2 && heard.get(1).contains("$/cancelRequest"));
    }

    @Test
    void sixtyFourNodesAnswerOnceEachAlthoughEveryReplyComesTwice() {
        for (int i = 0; i < 64; i++) {
            String node = "n" + i;
            played(node, request -> List.of(result(request, node, "\"x\""), result(request, node, "\"x\"")));
        }

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(10_000))
                .ask();

        assertEquals(64, replies.byNode().size());
        assertTrue(replies.isComplete(), replies::toString);
    }

    @Test
    void howeverManyStrangersAnswerFirstThoseWhoWereAskedAreHeard() throws Exception {
        CompletableFuture<RpcCodec.Request> asked = new CompletableFuture<>();
        played("silent", request -> List.of());
        Transport crowd = played("crowd", request -> {
            asked.complete(request);
            return List.of();
        });
        CompletableFuture<Replies<String>> asking = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        RpcCodec.Request request = asked.get(20, TimeUnit.SECONDS);
        for (int from = 0; from < 12_000; from += 500) {
            String frame = IntStream.range(from, from + 500)
                    .mapToObj(i -> result(request, "made-up-" + i, "0"))
                    .collect(Collectors.joining(",", "[", "]"));
            publish(crowd, request.replyTo(), frame);
        }

        publish(crowd, request.replyTo(), result(request, "crowd", "\"1\""));
        publish(crowd, request.replyTo(), result(request, "silent", "\"2\""));

        Replies<String> replies = asking.get(20, TimeUnit.SECONDS);
        assertEquals(Map.of("crowd", "1", "silent", "2"), replies.byNode());
        assertTrue(replies.isComplete(), replies::toString);
    }
}
