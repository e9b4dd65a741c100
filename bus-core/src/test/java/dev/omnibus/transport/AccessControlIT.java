package dev.omnibus.transport;

import static dev.omnibus.transport.Outcomes.publish;
import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.RedisServerException;
import dev.omnibus.transport.Outcomes.Recording;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user may subscribe to, and what happens when that changes. */
class AccessControlIT {

    private static RedisServer redis;
    private Transport limited;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @BeforeEach
    void connect() {
        redis.command("ACL", "SETUSER", "limited", "reset", "on", ">pw", "~*", "+@all", "&ok*");
        limited = RedissonTransport.connect("redis://limited:pw@127.0.0.1:" + redis.port());
    }

    @AfterEach
    void close() {
        limited.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "eval", "evalsha", "script", "pubsub", "time", "ping", "config", "client", "info", "echo", "exists",
                "hello", "command", "cluster", "multi", "keys"
            })
    void noSingleCommandBesidesPublishAndSubscribeIsNeeded(String command) throws Exception {
        redis.command("ACL", "SETUSER", "without-" + command, "reset", "on", ">pw", "~*", "+@all", "&*", "-" + command);
        String address = "redis://without-" + command + ":pw@127.0.0.1:" + redis.port();
        try (Transport transport = RedissonTransport.connect(address)) {
            Recording recording = new Recording();
            transport.subscribe("ok", recording).get(10, SECONDS);
            assertEquals(1, publish(transport, "ok", "m", true).get(10, SECONDS).receivers());
            assertEquals(
                    1, publish(transport, "ok", "m", false).get(10, SECONDS).receivers());
            await().atMost(10, SECONDS).until(() -> recording.frames.size() == 2);
        }
    }

    @Test
    void aServerThatHasRenamedPubsubCountsPlainly() throws Exception {
        try (RedisServer renamed = RedisServer.start("--rename-command", "PUBSUB", "");
                Transport transport = RedissonTransport.connect(renamed.url())) {
            transport.subscribe("ok", new Recording()).get(10, SECONDS);
            assertEquals(1, publish(transport, "ok", "m", true).get(10, SECONDS).receivers());
        }
    }

    @Test
    void aForbiddenChannelIsRefusedAtOnceWithTheReason() {
        for (int i = 0; i < 5; i++) {
            assertRefused(limited.subscribe("forbidden", new Recording()), "forbidden");
            assertRefused(limited.subscribePattern("forbidden.*", new Recording()), "forbidden.*");
        }
    }

    @Test
    void singleMessagesAreCountedRightWithAPingAheadOfThemAndWhereThatIsForbidden() throws Exception {
        Recording recording = new Recording();
        limited.subscribe("ok", recording).get(10, SECONDS);
        redis.command("CONFIG", "RESETSTAT");
        publishSingly(3);
        assertTrue(pings().contains("calls=6,"), AccessControlIT::pings);
        redis.command("ACL", "SETUSER", "limited", "-ping");
        publishSingly(3);
        assertTrue(pings().contains("rejected_calls=1,"), AccessControlIT::pings);
        await().atMost(10, SECONDS).untilAsserted(() -> assertEquals(6, recording.frames.size()));
    }

    private void publishSingly(int times) throws Exception {
        for (int i = 0; i < times; i++) {
            limited.together(limited::stayAwake);
            assertEquals(1, publish(limited, "ok", "m", false).get(10, SECONDS).receivers());
            limited.together(limited::stayAwake);
            assertEquals(
                    0,
                    publish(limited, "ok-nobody", "m", false).get(10, SECONDS).receivers());
        }
    }

    private static String pings() {
        return String.valueOf(redis.command("INFO", "commandstats"))
                .lines()
                .filter(line -> line.startsWith("cmdstat_ping:"))
                .findFirst()
                .orElse("no PING");
    }

    @Test
    void aRefusalHurtsNobodyElseAndIsOverWhenTheRightIsGranted() throws Exception {
        List<CompletableFuture<Void>> allowed = new ArrayList<>();
        List<CompletableFuture<Void>> forbidden = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            allowed.add(limited.subscribe("ok" + i, new Recording()));
            forbidden.add(limited.subscribe("no" + i, new Recording()));
        }
        for (int i = 0; i < 20; i++) {
            allowed.get(i).get(10, SECONDS);
            assertRefused(forbidden.get(i), "no" + i);
        }
        redis.command("ACL", "SETUSER", "limited", "&no*");
        for (int i = 0; i < 20; i++) {
            Recording recording = new Recording();
            limited.subscribe("no" + i, recording).get(2, SECONDS);
            assertEquals(1, publish(limited, "no" + i, "heard", true).join().receivers());
            await().until(() -> recording.frames.equals(List.of("heard")));
            limited.unsubscribe("no" + i).get(2, SECONDS);
            limited.unsubscribe("ok" + i).get(2, SECONDS);
        }
        assertEquals(List.of(), redis.command("PUBSUB", "CHANNELS"));
    }

    @Test
    void aSubscriptionWhoseRightWasTakenAwayHealsWhenItIsGivenBack() throws Exception {
        redis.command("ACL", "SETUSER", "limited", "&gone.*");
        Recording exact = new Recording();
        Recording pattern = new Recording();
        Recording untouched = new Recording();
        limited.subscribe("gone.exact", exact).get(2, SECONDS);
        limited.subscribePattern("gone.*", pattern).get(2, SECONDS);
        limited.subscribe("ok", untouched).get(2, SECONDS);

        redis.command("ACL", "SETUSER", "limited", "resetchannels", "&ok*");
        await().atMost(10, SECONDS).until(() -> untouched.interruptions == 1);
        await().during(Duration.ofSeconds(3)).atMost(5, SECONDS).until(() -> receivers("gone.exact") == 0);

        redis.command("ACL", "SETUSER", "limited", "&gone.*");
        await().atMost(5, SECONDS).until(() -> receivers("gone.exact") == 2);
        await().until(() -> exact.interruptions == 1 && pattern.interruptions == 1);
        publish(limited, "gone.exact", "heard", false).get(2, SECONDS);
        await().until(() -> exact.frames.contains("heard") && pattern.frames.contains("heard"));
        assertEquals(1, untouched.interruptions);
    }

    private static long receivers(String channel) {
        return ((Number) requireNonNull(redis.command("PUBLISH", channel, "probe"))).longValue();
    }

    @Test
    void whatWasRefusedAfterAReconnectIsLeftAloneOnceUnsubscribed() throws Exception {
        redis.command("ACL", "SETUSER", "limited", "&gone.*");
        Recording recording = new Recording();
        limited.subscribe("gone.exact", recording).get(2, SECONDS);
        limited.subscribe("ok", new Recording()).get(2, SECONDS);
        redis.command("ACL", "SETUSER", "limited", "resetchannels", "&ok*");
        await().until(() -> List.of("ok").equals(redis.command("PUBSUB", "CHANNELS")));

        limited.unsubscribe("gone.exact").get(2, SECONDS);
        redis.command("ACL", "SETUSER", "limited", "&gone.*");

        await().during(Duration.ofSeconds(2))
                .atMost(4, SECONDS)
                .until(() -> List.of("ok").equals(redis.command("PUBSUB", "CHANNELS")));
        assertEquals(0, recording.interruptions);
    }

    @Test
    void whatIsRefusedBecauseRedisIsBusyStandsWhenItIsNotAnyMore() throws Exception {
        redis.command("CONFIG", "SET", "busy-reply-threshold", "50");
        try (FaultProxy proxy = FaultProxy.to(redis);
                Transport transport = RedissonTransport.connect(proxy.url())) {
            Recording recording = new Recording();
            transport.subscribe("ok", recording).get(2, SECONDS);
            Thread script = new Thread(() ->
                    assertThrows(RedisServerException.class, () -> redis.command("EVAL", "while true do end", "0")));
            script.start();
            await().until(AccessControlIT::isBusy);
            proxy.reset(); // Redis answers -BUSY to the SUBSCRIBE that follows
            await().during(Duration.ofSeconds(1)).atMost(3, SECONDS).until(AccessControlIT::isBusy);
            redis.command("SCRIPT", "KILL");
            script.join();
            await().atMost(5, SECONDS).until(() -> recording.interruptions == 1);
            publish(transport, "ok", "heard", false).get(2, SECONDS);
            await().until(() -> recording.frames.equals(List.of("heard")));
        }
    }

    private static boolean isBusy() {
        try {
            redis.command("PING");
            return false;
        } catch (RedisServerException e) {
            return String.valueOf(e.getMessage()).contains("BUSY");
        }
    }

    @Test
    void aBusOfAnotherNameThanItsAccessListIsRefusedWithThatReason() {
        redis.command("ACL", "SETUSER", "shop", "reset", "on", ">pw", "~*", "+@all", "&bus:inbox:shop-*");
        BusBuilder wrong =
                Bus.builder("redis://shop:pw@127.0.0.1:" + redis.port()).name("store");

        ConnectionException e = assertThrows(ConnectionException.class, wrong::build);

        assertEquals(ConnectionException.Reason.REFUSED, e.reason());
        assertTrue(String.valueOf(e.getMessage()).contains("bus:inbox:store-"), e.getMessage());
        assertTrue(String.valueOf(e.getMessage()).endsWith("is it that of the access list?)"), e.getMessage());
    }

    @Test
    void aBusWhoseUserMayNotPublishIsRefusedAtOnceWithThatReason() {
        redis.command("ACL", "SETUSER", "mute", "reset", "on", ">pw", "~*", "+@all", "&*", "-publish");
        BusBuilder mute = Bus.builder("redis://mute:pw@127.0.0.1:" + redis.port());

        long begun = System.nanoTime();
        ConnectionException e = assertThrows(ConnectionException.class, mute::build);

        assertEquals(ConnectionException.Reason.REFUSED, e.reason());
        assertTrue(String.valueOf(e.getMessage()).contains("NOPERM"), e.getMessage());
        assertTrue(System.nanoTime() - begun < SECONDS.toNanos(3), "not at once");
    }

    private static void assertRefused(CompletableFuture<Void> subscribing, String name) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> subscribing.get(2, SECONDS));
        TransportException refusal = assertInstanceOf(TransportException.class, e.getCause());
        assertEquals(Kind.REFUSED, refusal.kind(), () -> String.valueOf(refusal));
        assertTrue(String.valueOf(refusal.getMessage()).contains(name), refusal.getMessage());
        assertTrue(String.valueOf(refusal.getMessage()).contains("NOPERM"), refusal.getMessage());
    }
}
