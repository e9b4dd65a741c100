package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.Topic;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Publishing that waits for a replica, or for the append-only file. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConfirmedPublishIT {

    private static final Topic<Integer> TOPIC = Topic.of("confirmed", Integer.class);
    private static final String LOG = "bus:log:{confirmed}";
    private static final PublishOptions ONE = PublishOptions.defaults().withReplicas(1);
    private static final PublishOptions TWO = PublishOptions.defaults().withReplicas(2);

    private RedisServer master;
    private RedisServer replica;
    private Bus bus;
    private DurableTopic<Integer> topic;

    @BeforeAll
    void start() {
        master = RedisServer.start("--repl-diskless-sync-delay", "0");
        replica = RedisServer.start("--masterauth", master.password());
        replica.command("REPLICAOF", "127.0.0.1", String.valueOf(master.port()));
        await().atMost(20, SECONDS).until(() -> info(master, "replication").contains("state=online"));
    }

    @AfterAll
    void stop() {
        replica.close();
        master.close();
    }

    @BeforeEach
    void open() throws Exception {
        bus = Bus.builder(master.url()).build();
        topic = DurableTopics.on(bus).topic(TOPIC, Retention.untilAcknowledged());
        topic.ready().get(10, SECONDS);
    }

    @AfterEach
    void close() {
        bus.close();
    }

    private static String info(RedisServer server, String section) {
        return String.valueOf(server.command("INFO", section));
    }

    private static long entries(RedisServer server) {
        return Objects.requireNonNull((Long) server.command("XLEN", LOG));
    }

    private static PublishException failure(CompletableFuture<?> publishing) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> publishing.get(20, SECONDS));
        return assertInstanceOf(PublishException.class, e.getCause());
    }

    private static void assertUnconfirmed(PublishException failure) {
        assertEquals(PublishException.Reason.UNCONFIRMED, failure.reason(), failure::getMessage);
        assertEquals(PublishException.Outcome.APPENDED, failure.outcome());
    }

    @Test
    void aPublishThatIsConfirmedIsAtTheReplica() throws Exception {
        long before = entries(master);
        for (int i = 1; i <= 50; i++) {
            Position position = topic.publish(i, ONE).get(20, SECONDS);
            assertTrue(String.valueOf(replica.command("XRANGE", LOG, position.toString(), position.toString()))
                    .contains("/durable"));
        }
        assertEquals(before + 50, entries(replica));
    }

    @Test
    void whoWaitsForMoreReplicasThanThereAreHoldsUpNobodyAndIsToldThatItIsAppended() throws Exception {
        long before = entries(master);
        CompletableFuture<Position> two = topic.publish(1, TWO.withTimeout(Duration.ofSeconds(2)));
        for (int i = 0; i < 20; i++) {
            topic.publish(i).get(20, SECONDS);
        }
        topic.publish(2, ONE).get(20, SECONDS);
        PublishException failure = failure(two);
        assertUnconfirmed(failure);
        assertTrue(String.valueOf(failure.getMessage()).contains("2 replicas"), failure::getMessage);
        assertEquals(before + 22, entries(master));
    }

    @Test
    void aPublishIsConfirmedWhenAReplicaThatWasAwayIsBack() throws Exception {
        replica.pause();
        CompletableFuture<Position> waiting;
        try {
            waiting = topic.publish(1, ONE);
            topic.publish(2).get(20, SECONDS);
            assertFalse(waiting.isDone());
        } finally {
            replica.resume();
        }
        waiting.get(20, SECONDS);
        assertEquals(entries(master), entries(replica));
    }

    @Test
    void whatIsSyncedIsInTheAppendOnlyFileOrRefusedWhereThereIsNone() throws Exception {
        long before = entries(master);
        PublishException failure =
                failure(topic.publish(1, PublishOptions.defaults().withSynced())); // before 30 s
        assertUnconfirmed(failure);
        assertTrue(String.valueOf(failure.getMessage()).contains("WAITAOF"), failure::getMessage);
        assertEquals(before + 1, entries(master));
        boolean old = info(master, "server").contains("redis_version:7.0");
        if (!old) {
            master.command("CONFIG", "SET", "appendonly", "yes");
            try {
                topic.publish(2, PublishOptions.defaults().withSynced()).get(20, SECONDS);
            } finally {
                master.command("CONFIG", "SET", "appendonly", "no");
            }
        }
    }

    @Test
    void whoMayNotWaitIsToldSoAtOnce() throws Exception {
        master.command("ACL", "SETUSER", "hasty", "on", ">secret", "allchannels", "allkeys", "+@all", "-wait");
        try (Bus hasty = Bus.builder(master.url().replaceFirst("//(.*@)?", "//hasty:secret@"))
                .build()) {
            PublishException failure = failure(DurableTopics.on(hasty)
                    .topic(TOPIC, Retention.untilAcknowledged())
                    .publish(1, ONE));
            assertUnconfirmed(failure);
        }
    }
}
