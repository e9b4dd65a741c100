package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.SubscribeException;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the lists of rights for durable topics on the page "Security" allow, and what not. */
@WithRedis
class DurableAccessIT {

    private static final Topic<Integer> ORDERS = Topic.of("orders.placed", Integer.class);
    private static final GroupOptions QUICK =
            GroupOptions.defaults().withRetries(2, Duration.ofMillis(1), Duration.ofMillis(10));

    private final RedisServer redis;
    private final List<Bus> buses = new ArrayList<>();
    private DurableTopic<Integer> appender;
    private DurableTopic<Integer> consumer;

    DurableAccessIT(RedisServer redis) {
        this.redis = redis;
    }

    @BeforeEach
    void open() throws Exception {
        redis.command("FLUSHALL");
        appender = open("appender");
        consumer = open("consumer");
    }

    @AfterEach
    void close() {
        buses.forEach(Bus::close);
    }

    /** The topic as a user of the page has it. */
    private DurableTopic<Integer> open(String user) throws Exception {
        grant(user);
        String url = redis.url().replaceFirst("//(.*@)?", "//" + user + ":secret@");
        Bus bus = Bus.builder(RedissonTransport.connect(url))
                .name(user)
                .drainTimeout(Duration.ofSeconds(2))
                .build();
        buses.add(bus);
        DurableTopic<Integer> topic = DurableTopics.on(bus).topic(ORDERS, Retention.untilAcknowledged());
        topic.ready().get(10, SECONDS);
        return topic;
    }

    private void grant(String user) throws IOException {
        grant("ACL SETUSER " + user + " reset ", "");
    }

    /** Runs a line of the page. Redis takes what is in parentheses as one word. */
    private void grant(String beginning, String right) throws IOException {
        String line = Files.readAllLines(Path.of("../docs/explanation/security.md")).stream()
                .filter(text -> text.startsWith(beginning) && text.contains(right))
                .findFirst()
                .orElseThrow();
        List<String> words = new ArrayList<>();
        boolean inside = false;
        for (String word : List.of(line.split(" ", -1))) {
            if (inside) {
                words.set(words.size() - 1, words.get(words.size() - 1) + " " + word);
            } else {
                words.add(word);
            }
            inside = (inside || word.startsWith("(")) && !word.endsWith(")");
        }
        redis.command(words.toArray(String[]::new));
    }

    private static void ready(Subscription subscription) throws Exception {
        subscription.ready().get(10, SECONDS);
    }

    private static <E extends Throwable> E refused(Class<E> type, CompletableFuture<?> asked) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> asked.get(10, SECONDS));
        return assertInstanceOf(type, e.getCause());
    }

    @Test
    void whoMayAppendPublishesAndDoesNotConsume() throws Exception {
        for (int i = 1; i <= 3; i++) {
            appender.publish(i).get(10, SECONDS);
        }
        refused(
                SubscribeException.class,
                appender.subscribe("billing", event -> {}).ready());
        refused(
                SubscribeException.class,
                appender.follow("f", (event, at) -> {}).ready());
    }

    /** What the appender may besides, on a connection that knows it. */
    private void grantMore(String... rights) throws Exception {
        for (String right : rights) {
            grant("ACL SETUSER appender +", right);
        }
    }

    @Test
    void whoMayAppendPublishesWithIdsIfThatIsAllowed() throws Exception {
        PublishOptions seventeen = PublishOptions.defaults().withId("17");
        assertEquals(
                PublishException.Reason.REFUSED,
                refused(PublishException.class, appender.publish(1, seventeen)).reason());
        redis.command(
                "ACL", "SETUSER", "appender", "~*"); // what is not allowed inside a script is not left out in silence
        assertEquals(
                PublishException.Reason.REFUSED,
                refused(PublishException.class, appender.publish(1, seventeen)).reason());
        grant("appender");
        grantMore("+rename");
        Position first = appender.publish(1, seventeen).get(10, SECONDS);
        assertEquals(first, appender.publish(1, seventeen).get(10, SECONDS));
        redis.command("HSET", "bus:log:{orders.placed}:ids", "", "1"); // the window is over
        appender.publish(2, PublishOptions.defaults().withId("18")).get(10, SECONDS);
        assertEquals(first, appender.publish(1, seventeen).get(10, SECONDS));
        redis.command("HSET", "bus:log:{orders.placed}:ids", "", "1"); // and the next one
        appender.publish(3, PublishOptions.defaults().withId("19")).get(10, SECONDS);
        assertEquals(3, consumer.status().get(10, SECONDS).entries());
    }

    @Test
    void whoMayAppendRelaysAnOutboxIfThatIsAllowed() throws Exception {
        Map<String, OutboxRow<Integer>> table = new ConcurrentHashMap<>();
        OutboxSource<Integer> source = new OutboxSource<>() {

            @Override
            public List<OutboxRow<Integer>> next(int max) {
                return table.values().stream().limit(max).toList();
            }

            @Override
            public void done(Collection<String> ids) {
                table.keySet().removeAll(ids);
            }
        };
        table.put("a", new OutboxRow<>("a", 1));
        grantMore("+rename", ":held:outbox");
        OutboxRelay relay = OutboxRelay.start(appender, source);
        await().until(table::isEmpty);
        assertEquals(1, consumer.status().get(10, SECONDS).entries());
        relay.close();
        relay.closed().get(10, SECONDS);
        assertEquals(0L, redis.command("EXISTS", "bus:log:{orders.placed}:held:outbox")); // it is given back
    }

    @Test
    void whoMayAppendWaitsForReplicasIfThatIsAllowed() throws Exception {
        PublishOptions replicated = PublishOptions.defaults().withReplicas(1).withTimeout(Duration.ofSeconds(1));
        refused(PublishException.class, appender.publish(1, replicated.withTimeout(Duration.ofMinutes(1)))); // at once
        grantMore("+wait");
        PublishException failure = refused(PublishException.class, appender.publish(1, replicated)); // there are none
        assertEquals(PublishException.Reason.UNCONFIRMED, failure.reason());
        assertTrue(String.valueOf(failure.getMessage()).contains("in time"), failure::getMessage);
    }

    @Test
    void whoMayConsumeIsASingleActiveConsumer() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        Subscription single = consumer.subscribe(
                "billing", QUICK.withSingleActiveConsumer(), (event, delivery) -> handled.add(event.data()));
        ready(single);
        appender.publish(1).get(10, SECONDS);
        await().until(() -> handled.equals(List.of(1)));
        single.close();
        single.closed().get(10, SECONDS);
        assertEquals(0L, redis.command("EXISTS", "bus:log:{orders.placed}:active:billing"));
    }

    @Test
    void whoMayConsumeHandlesRetriesBuriesTakesOverAndTrims() throws Exception {
        List<String> handled = new CopyOnWriteArrayList<>();
        Subscription first = consumer.subscribe("billing", QUICK, (event, delivery) -> {
            handled.add(event.data() + " " + delivery.starts());
            if (event.data() == 2) {
                throw new IllegalStateException("on purpose");
            } else if (event.data() == 3) {
                delivery.retryLater(Duration.ofMinutes(5));
            }
        });
        ready(first);
        for (int i = 1; i <= 3; i++) {
            appender.publish(i).get(10, SECONDS);
        }
        await().until(() -> handled.containsAll(List.of("1 1", "2 1", "2 2", "2 3", "3 1")));
        await().until(() ->
                consumer.deadLetters("billing").list(10).get(10, SECONDS).size() == 1);
        await().until(() -> consumer.status().get(10, SECONDS).entries() == 1); // it was trimmed
        Position letter =
                consumer.deadLetters("billing").list(10).get(10, SECONDS).get(0).id();
        refused(DurableTopicException.class, consumer.deadLetters("billing").redeliver(letter));
        assertEquals(
                PublishException.Reason.REFUSED,
                refused(PublishException.class, consumer.publish(4)).reason());
        first.close();
        first.closed().get(10, SECONDS); // and has left
    }

    @Test
    void whoMayFollowReadsAndWritesItsPositionAndNothingElse() throws Exception {
        DurableTopic<Integer> follower = open("follower");
        List<Integer> log = new CopyOnWriteArrayList<>();
        List<Integer> all = new CopyOnWriteArrayList<>();
        List<Integer> live = new CopyOnWriteArrayList<>();
        Subscription named = follower.follow("chart", (event, at) -> log.add(event.data()));
        ready(named);
        ready(follower.follow(Position.EARLIEST, (event, at) -> all.add(event.data())));
        ready(follower.follow(Position.LATEST, (event, at) -> live.add(event.data())));
        Position position = appender.publish(1).get(10, SECONDS);
        await().until(() -> log.equals(List.of(1)) && all.equals(List.of(1)) && live.equals(List.of(1)));
        named.close();
        named.closed().get(10, SECONDS);
        assertEquals(
                List.of(position),
                consumer.status().get(10, SECONDS).followers().stream()
                        .map(DurableTopicStatus.Follower::position)
                        .toList());
        assertEquals(
                PublishException.Reason.REFUSED,
                refused(PublishException.class, follower.publish(4)).reason());
        refused(
                SubscribeException.class,
                follower.subscribe("billing", event -> {}).ready());
    }
}
