package dev.omnibus.transport;

import static dev.omnibus.transport.Outcomes.publish;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Outcomes.Published;
import dev.omnibus.transport.Outcomes.Recording;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.redisson.config.Config;

/** The contract on sharded channels, but for what it says of patterns: none of them matches. */
@WithRedis
class ShardedTransportIT extends TransportContract {

    private final RedisCluster redis;

    ShardedTransportIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        Transport transport = Networks.connect(redis);
        assertTrue(transport.shard(channel -> true));
        return transport;
    }

    @Override
    void takeDown() {
        redis.nodes().forEach(RedisServer::kill);
    }

    @Override
    void bringUp() {
        redis.nodes().forEach(RedisServer::restart);
        redis.awaitReady();
    }

    @Test
    @Override
    void aPatternSubscriberIsNotCountedAmongTheReceivers() {
        try (Transport here = connect();
                Transport there = connect()) {
            Recording exact = new Recording();
            Recording pattern = new Recording();
            here.subscribe("one", exact).join();
            there.subscribePattern("on*", pattern).join();

            Published counted = publish(here, "one", "counted", true).join();
            assertEquals(1, counted.receivers());
            assertTrue(counted.toldApart());
            assertEquals(1, publish(here, "one", "plain", false).join().receivers());

            await().until(() -> exact.frames.size() == 2);
            assertEquals(0, pattern.frames.size());
        }
    }

    @Test
    @Override
    void aPatternReceivesOnlyWhatItMatches() {
        try (Transport here = connect();
                Transport there = Networks.connect(redis)) {
            Recording pattern = new Recording();
            here.subscribePattern("plain-*", pattern).join();
            publish(here, "plain-1", "sharded", false).join();
            publish(there, "plain-1", "plain", false).join();
            await().until(() -> pattern.frames.contains("plain"));
            assertEquals(1, pattern.frames.size());
        }
    }

    @Test
    @Override
    void reconnectingKeepsTheSubscriptionsAndReportsTheInterruption() {
        try (Transport here = connect();
                Transport there = connect()) {
            Recording exact = new Recording();
            here.subscribe("again", exact).join();

            here.reconnect().join();

            assertEquals(1, publish(there, "again", "after", true).join().receivers());
            await().until(() -> exact.frames.contains("after") && exact.interruptions == 1);
        }
    }

    @Test
    void withALostConnectionTheSubscriptionsOfThatMasterStandAgainAndAreInterrupted() {
        try (Transport here = connect();
                Transport there = connect()) {
            Recording lost = new Recording();
            here.subscribe("c", lost).join();
            long before = here.arrivedBeside("c");
            assertTrue(before > 0);

            redis.masterOf("c").command("CLIENT", "KILL", "TYPE", "pubsub");

            await().atMost(10, SECONDS).until(() -> lost.interruptions >= 1);
            assertEquals(1, publish(there, "c", "after", true).join().receivers());
            await().until(() -> lost.frames.contains("after"));
        }
    }

    @Test
    void aServerThatDoesNotAllowItRefusesAtOnceInItsWords() {
        redis.nodes()
                .forEach(node -> node.command(
                        "ACL", "SETUSER", "few", "reset", "on", ">few", "~*", "+@all", "-ssubscribe", "allchannels"));
        Config config = new Config();
        config.setUsername("few").setPassword("few");
        config.useClusterServers()
                .addNodeAddress(redis.nodes().stream()
                        .map(node -> "redis://127.0.0.1:" + node.port())
                        .toArray(String[]::new));
        try (Transport here = RedissonTransport.connect(config)) {
            assertTrue(here.shard(channel -> true));
            ExecutionException failure = assertThrows(
                    ExecutionException.class,
                    () -> here.subscribe("c", new Recording()).get(10, SECONDS));
            TransportException refused = assertInstanceOf(TransportException.class, failure.getCause());
            assertEquals(TransportException.Kind.REFUSED, refused.kind());
            assertTrue(String.valueOf(refused.getMessage()).contains("ssubscribe"), refused::getMessage);
        }
    }

    /** Events of others are on plain channels all the time. */
    @Test
    void aMessageOnAShardedChannelIsNotCopiedToTheOtherMasters() {
        try (Transport here = connect();
                Transport there = connect()) {
            Recording heard = new Recording();
            here.subscribe("quiet", heard).join();
            long before = copies();
            for (int i = 0; i < 100; i++) {
                assertEquals(1, publish(there, "quiet", "m" + i, true).join().receivers());
            }
            await().until(() -> heard.frames.size() == 100);
            assertEquals(before, copies());
        }
    }

    private long copies() {
        return redis.nodes().stream()
                .map(node -> String.valueOf(node.command("CLUSTER", "INFO")))
                .flatMap(String::lines)
                .filter(line -> line.matches("cluster_stats_messages_publish(shard)?_sent:.*"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .sum();
    }
}
