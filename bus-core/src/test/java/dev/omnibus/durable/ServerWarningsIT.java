package dev.omnibus.durable;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a Redis is warned of that may evict topics, or is nearly full. */
@WithRedis
class ServerWarningsIT {

    private static final String EVICTS = "Redis may evict whole durable topics";
    private static final String NEARLY_FULL = "Redis uses more than 80 % of its maxmemory";

    private final RedisServer redis;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final PrintStream before = System.err;

    ServerWarningsIT(RedisServer redis) {
        this.redis = redis;
        System.setErr(new PrintStream(log, true, UTF_8)); // where the simple logger writes
    }

    @AfterEach
    void reset() {
        System.setErr(before);
        redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "0");
    }

    private long logged(String warning) {
        return log.toString(UTF_8)
                .lines()
                .filter(line -> line.contains(warning))
                .count();
    }

    private static DurableTopic<String> open(Bus bus, String name) throws Exception {
        DurableTopic<String> topic =
                DurableTopics.on(bus).topic(Topic.of(name, String.class), Retention.untilAcknowledged());
        topic.ready().get(10, SECONDS);
        return topic;
    }

    private static List<String> weaker(DurableTopic<?> topic) throws Exception {
        return topic.status().get(10, SECONDS).weaker();
    }

    @Test
    void aServerThatMayEvictTopicsIsWarnedOfOnce() throws Exception {
        redis.command("CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru");
        try (Bus bus = Bus.builder(redis.url()).build()) {
            DurableTopic<String> first = open(bus, "warned.first");
            await().until(() -> logged(EVICTS) == 1);
            DurableTopic<String> second = open(bus, "warned.second");
            assertTrue(weaker(first).get(0).contains("maxmemory-policy is allkeys-lru"));
            assertEquals(weaker(first), weaker(second));
            redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
            assertEquals(List.of(), weaker(first));
        }
        assertEquals(1, logged(EVICTS));
        assertEquals(0, logged(NEARLY_FULL));
    }

    @Test
    void aServerThatIsNearlyFullIsWarnedOf() throws Exception {
        long used = String.valueOf(redis.command("INFO", "memory"))
                .lines()
                .filter(line -> line.startsWith("used_memory:"))
                .mapToLong(line ->
                        Long.parseLong(line.substring("used_memory:".length()).trim()))
                .findFirst()
                .orElseThrow();
        redis.command("CONFIG", "SET", "maxmemory", String.valueOf(used + used / 5)); // and connections take some, too
        try (Bus bus = Bus.builder(redis.url()).build()) {
            DurableTopic<String> topic = open(bus, "warned.full");
            await().until(() -> logged(NEARLY_FULL) == 1);
            assertTrue(weaker(topic).get(0).startsWith(NEARLY_FULL));
        }
        assertEquals(0, logged(EVICTS));
    }

    @Test
    void whoMayNotAskIsToldNothing() throws Exception {
        redis.command("CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru");
        redis.command(
                "ACL", "SETUSER", "quiet", "on", ">secret", "allchannels", "allkeys", "+@all", "-info", "-config");
        String url = redis.url().replaceFirst("//(.*@)?", "//quiet:secret@");
        try (Bus bus = Bus.builder(url).build()) {
            assertEquals(List.of(), weaker(open(bus, "warned.not")));
        }
        assertEquals(0, logged(EVICTS));
    }
}
