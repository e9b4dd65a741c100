package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

/** What calls to all nodes must do, on every transport. */
abstract class BroadcastContract extends CallFixture {

    @Test
    void aBroadcastWithoutAServerFailsAtOnceAndSaysSo() {
        RpcClient client = RpcClient.on(bus("caller"));
        RpcException e = assertThrows(
                RpcException.class,
                () -> client.broadcast(Stock.class, stock -> stock.left("sku-1"))
                        .ask());
        assertEquals(Reason.NO_SERVER, e.reason());
    }

    @Test
    void aBroadcastIsAnsweredByEveryNodeAndComplete() {
        for (int i = 1; i <= 5; i++) {
            serving("n" + i, i);
        }

        Replies<Integer> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.left("sku-1"))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(60)))
                .ask();

        assertTrue(replies.isComplete(), replies::toString);
        assertEquals(15, replies.values().stream().mapToInt(i -> i).sum());
        assertEquals(5, replies.byNode().size());
        assertTrue(replies.elapsed().toMillis() < 30_000, replies::toString);
    }

    @Test
    void answersThatComeBeforeTheCountAreKept() {
        serving("n1", 1);
        serving("n2", 2);
        List<Runnable> late = new CopyOnWriteArrayList<>();
        Transport link = new Counting(connect(), prefix + ":rpc:stock.left", count -> count, late);
        List<Integer> told = new CopyOnWriteArrayList<>();
        CompletableFuture<Replies<Integer>> asking = RpcClient.on(bus("caller", link))
                .broadcast(Stock.class, stock -> stock.left("sku-1"))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(60)))
                .onReply(reply -> told.add(Objects.requireNonNull(reply.value())))
                .askAsync();
        await().atMost(20, SECONDS).until(() -> late.size() == 1 && told.size() == 2);
        assertFalse(asking.isDone());

        late.forEach(Runnable::run);

        Replies<Integer> replies = asking.orTimeout(20, SECONDS).join();
        assertEquals(Set.of(1, 2), Set.copyOf(replies.orThrow()));
    }

    @Test
    void aBroadcastNamesTheNodeThatDiesMeanwhile() throws Exception {
        serving("n1", 1);
        serving("n2", 1);
        Transport link = connect();
        Bus dying = Bus.builder(link)
                .name("dying")
                .prefix(prefix)
                .drainTimeout(Duration.ofMillis(10))
                .build();
        RpcServer.on(dying)
                .serve(Stock.class, new Shelf("dying", 1) {
                    @Override
                    public String slow(int millis) {
                        link.close(); // as if the process were killed: no good-bye, and the lease just ends
                        return super.slow(20_000);
                    }
                })
                .ready()
                .join();

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.slow(500))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(30)))
                .askAsync()
                .get(25, SECONDS);

        assertEquals(Map.of(dying.node(), Reason.NODE_LOST), replies.missing());
        assertEquals(Set.of("n1", "n2"), Set.copyOf(replies.values()));
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 20_000, replies::toString);
        release.countDown();
        dying.close();
    }

    @Test
    void aBroadcastIsCompleteAlthoughAPatternSubscriberListens() {
        serving("n1", 1);
        serving("n2", 2);
        try (Transport patternSubscriber = connect()) {
            patternSubscriber
                    .subscribePattern(prefix + ":*", (channel, frame) -> {})
                    .join();

            Replies<Integer> replies = RpcClient.on(bus("caller"))
                    .broadcast(Stock.class, stock -> stock.left("sku-1"))
                    .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(60)))
                    .ask();

            assertTrue(replies.isComplete(), replies::toString);
            assertEquals(2, replies.values().size());
            assertTrue(replies.elapsed().toMillis() < 30_000, replies::toString); // not by the timeout
        }
    }

    @Test
    void aSlowNodeIsNamedWhenTheTimeIsUp() {
        serving("quick", 1);
        Bus slow = bus("slow");
        RpcServer.on(slow)
                .serve(Stock.class, new Shelf("slow", 4) {
                    @Override
                    public int left(String sku) {
                        slow(20_000);
                        return super.left(sku);
                    }
                })
                .ready()
                .join();

        Replies<Integer> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.left("sku-1"))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(1)))
                .ask();

        assertEquals(List.of(1), replies.values());
        assertEquals(Map.of(slow.node(), Reason.TIMEOUT), replies.missing());
    }

    @Test
    void aNodeThatJoinsMeanwhileIsNotAwaited() throws Exception {
        serving("n1", 1);
        CompletableFuture<Replies<String>> asking = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.slow(20_000))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(30)))
                .askAsync();
        assertTrue(started.await(10, SECONDS));
        serving("n2", 2);

        release.countDown();

        Replies<String> replies = asking.get(10, SECONDS);
        assertEquals(List.of("released"), replies.values());
        assertTrue(replies.isComplete(), replies::toString);
    }

    @Test
    void whatIsInAStageIsAsked() {
        serving("n1", 1);
        serving("n2", 2);

        List<Integer> left = RpcClient.on(bus("caller"))
                .broadcastStage(Stock.class, stock -> stock.leftLater("sku-1"))
                .ask()
                .orThrow();

        assertEquals(3, left.stream().mapToInt(i -> i).sum());
    }

    @Test
    void moreThanHalfOfTheNodesAreAQuorum() {
        serving("n1", 1);
        serving("n2", 2);
        Bus slow = bus("slow");
        RpcServer.on(slow)
                .serve(Stock.class, new Shelf("slow", 4) {
                    @Override
                    public int left(String sku) {
                        slow(20_000);
                        return super.left(sku);
                    }
                })
                .ready()
                .join();

        Replies<Integer> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.left("sku-1"))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(20)))
                .until(Until.quorum())
                .ask();

        assertEquals(Set.of(1, 2), Set.copyOf(replies.orThrow()));
        assertEquals(Map.of(slow.node(), Reason.CANCELLED), replies.missing());
    }

    @Test
    void theFirstValueThatIsAcceptedEndsIt() {
        serving("n1", 1);
        serving("n2", 2);
        RpcClient client = RpcClient.on(bus("caller"));
        Broadcast<Integer> broadcast = client.broadcast(Stock.class, stock -> stock.left("sku-1"));

        assertTrue(broadcast
                .until(Until.accepted(left -> left == 2))
                .ask()
                .orThrow()
                .contains(2));

        Replies<Integer> nobody =
                broadcast.until(Until.accepted(left -> left == 3)).ask();
        assertFalse(nobody.isSatisfied());
        assertTrue(nobody.isComplete(), nobody::toString);
        assertThrows(RpcException.class, nobody::orThrow);
        assertThrows(
                IllegalStateException.class,
                () -> broadcast
                        .until(Until.accepted(left -> {
                            throw new IllegalStateException("of the program's own rule");
                        }))
                        .ask());
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void aFaultIsAnAnswerAndNamedByOrThrow() {
        serving("n1", 1);
        Replies<Integer> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.fail("fault"))
                .ask();

        assertTrue(replies.isComplete());
        assertFalse(replies.isSatisfied());
        RpcException e = assertThrows(RpcException.class, replies::orThrow);
        assertEquals(Reason.FAULT, e.reason());
        assertTrue(String.valueOf(e.getMessage()).contains("no such sku"), e::getMessage);
        assertTrue(String.valueOf(e.getMessage()).contains("stock.fail: 0 values, 1 faults"), e::getMessage);
    }

    @Test
    void repliesAreToldWhileTheyArriveAndBeforeTheEnd() {
        serving("n1", 1);
        serving("n2", 2);
        serving("n3", 3);
        List<Reply<Integer>> told = new ArrayList<>(); // not safe for threads: they are told one at a time

        Replies<Integer> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class, stock -> stock.left("sku-1"))
                .onReply(told::add)
                .ask();

        assertEquals(told, replies.replies());
        assertEquals(3, told.size());
        assertTrue(told.stream().allMatch(reply -> reply.latency().compareTo(replies.elapsed()) <= 0));
    }

    @Test
    void aPublisherGivesRepliesAsTheyAreRequestedAndThenEnds() throws Exception {
        serving("n1", 1);
        serving("n2", 2);
        serving("n3", 3);
        Wanting<Integer> subscriber = new Wanting<>();
        RpcClient client = RpcClient.on(bus("caller"));
        List<Integer> told = new CopyOnWriteArrayList<>();

        client.broadcast(Stock.class, stock -> stock.left("sku-1"))
                .onReply(reply -> {
                    told.add(Objects.requireNonNull(reply.value()));
                    throw new IllegalStateException("of the program");
                })
                .publisher()
                .subscribe(subscriber);

        subscriber.want(1);
        await().until(() -> subscriber.values.size() == 1);
        await().until(() -> client.runtime().pending().size() == 0);
        assertEquals(1, subscriber.values.size());
        assertFalse(subscriber.ended.isDone());
        subscriber.want(2);
        subscriber.ended.get(10, SECONDS);
        assertEquals(6, subscriber.values.stream().mapToInt(i -> i).sum());
        assertEquals(3, told.size(), "whoever is told already is told as well");
    }

    @Test
    void aPublisherThatNobodyAnswersEndsWithTheFailureAndACancelledOneStopsAsking() {
        Wanting<Integer> subscriber = new Wanting<>();
        RpcClient client = RpcClient.on(bus("caller"));
        Flow.Publisher<Reply<Integer>> publisher =
                client.broadcast("stock.left", Integer.class, "x").publisher();
        publisher.subscribe(subscriber);
        assertEquals(Reason.NO_SERVER, failure(subscriber.ended).reason());

        serving("n1", 1);
        Wanting<Integer> gone = new Wanting<>();
        client.broadcast("stock.slow", Integer.class, 20_000).publisher().subscribe(gone);
        await().until(() -> client.runtime().pending().size() == 1);
        gone.cancel();
        await().until(() -> client.runtime().pending().size() == 0);
        Wanting<Integer> wrong = new Wanting<>();
        publisher.subscribe(wrong);
        wrong.want(0);
        assertThrows(ExecutionException.class, () -> wrong.ended.get(10, SECONDS));
        Wanting<Integer> wrongAtOnce = new Wanting<>() {
            @Override
            public void onSubscribe(Flow.Subscription given) {
                given.request(-1);
            }
        };
        publisher.subscribe(wrongAtOnce);
        client.intercept((method, options, next) -> {
            throw new IllegalStateException("of the program");
        });
        Wanting<Integer> refused = new Wanting<>();
        publisher.subscribe(refused);
        assertThrows(ExecutionException.class, () -> refused.ended.get(10, SECONDS));
        ExecutionException e = assertThrows(ExecutionException.class, () -> wrongAtOnce.ended.get(10, SECONDS));
        assertEquals(
                "The number requested is -1; it must be positive",
                Objects.requireNonNull(e.getCause()).getMessage());
        assertEquals(0, client.runtime().pending().size());
    }

    private static class Wanting<T> implements Flow.Subscriber<Reply<T>> {

        private final List<T> values = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Void> ended = new CompletableFuture<>();
        private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();

        void want(long count) {
            subscription.join().request(count);
        }

        void cancel() {
            subscription.join().cancel();
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription.complete(given);
        }

        @Override
        public void onNext(Reply<T> reply) {
            values.add(Objects.requireNonNull(reply.value()));
        }

        @Override
        public void onError(Throwable failure) {
            ended.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            ended.complete(null);
        }
    }

    @Test
    void aLambdaMustBeOneCallAndNothingElse() {
        RpcClient client = RpcClient.on(bus("caller"));

        assertThrows(IllegalArgumentException.class, () -> client.broadcast(Stock.class, stock -> stock.twice("x")));
        assertThrows(
                IllegalArgumentException.class,
                () -> client.broadcast(Stock.class, stock -> stock.left("x") + " pieces"));
        assertThrows(
                IllegalArgumentException.class,
                () -> client.broadcast(Stock.class, stock -> stock.left("x") + stock.left("y")));
        assertThrows(IllegalArgumentException.class, () -> client.broadcast(Stock.class, stock -> 0));
    }

    @Test
    void aMethodThatGivesAStageIsAskedForWhatIsInIt() {
        RpcClient client = RpcClient.on(bus("caller"));

        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> client.broadcast(Stock.class, stock -> stock.leftLater("sku-1")));

        assertEquals(
                "The method stock.leftLater gives a stage; ask with broadcastStage or enqueueStage, which give what is in it",
                e.getMessage());
    }

    @Test
    void aGenericTypeIsAskedForByName() {
        serving("n1", 1);

        Replies<Optional<Integer>> replies = RpcClient.on(bus("caller"))
                .broadcast("stock.left", new TypeReference<Optional<Integer>>() {}, "sku-1")
                .ask();

        assertEquals(List.of(Optional.of(1)), replies.orThrow());
    }

    @Test
    void optionsThatABroadcastCannotHonourAreRefusedAtOnce() {
        RpcClient client = RpcClient.on(bus("caller"));
        Broadcast<Integer> broadcast = client.broadcast(Stock.class, stock -> stock.left("sku-1"));
        CallOptions options = CallOptions.defaults();

        Map.of(
                        "onNode", options.onNode("node-1"),
                        "withAffinity", options.withAffinity("customer"),
                        "withIdempotencyKey", options.withIdempotencyKey("order"),
                        "withRetries", options.withRetries(1),
                        "withAttemptTimeout", options.withAttemptTimeout(Duration.ofSeconds(1)),
                        "asIdempotent", options.asIdempotent())
                .forEach((option, refused) -> assertEquals(
                        "A broadcast goes to all nodes, once, and cannot honour " + option
                                + "; ask with options that have only a timeout and headers, or call one node",
                        assertThrows(IllegalArgumentException.class, () -> broadcast.with(refused))
                                .getMessage()));

        serving("n1", 1);
        assertEquals(
                List.of(1),
                broadcast
                        .with(options.withRetries(0).withHeader("tenant", "t").withTimeout(Duration.ofSeconds(20)))
                        .ask()
                        .orThrow());
    }
}
