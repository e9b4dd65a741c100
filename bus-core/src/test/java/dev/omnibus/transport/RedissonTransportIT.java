package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.redisson.RedissonTransport;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.redisson.client.NettyHook;
import org.redisson.config.Config;
import org.redisson.config.NameMapper;

class RedissonTransportIT extends TransportContract {

    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Test
    void aForbiddenChannelDoesNotSpoilTheCountsOfOthers() {
        redis.command("ACL", "SETUSER", "limited", "on", ">pw", "~ok*", "&ok*", "+@all");
        String address = "redis://limited:pw@127.0.0.1:" + redis.port();
        try (Transport limited = RedissonTransport.connect(address)) {
            assertTrue(Outcomes.publish(limited, "ok", "x", true).join().toldApart());
            assertThrows(
                    CompletionException.class,
                    () -> Outcomes.publish(limited, "no", "x", true).join());
            assertTrue(Outcomes.publish(limited, "ok", "x", true).join().toldApart());
        }
    }

    @Test
    void whoMayNotRunScriptsPublishesWithThePlainCount() {
        redis.command("ACL", "SETUSER", "plain", "on", ">pw", "~*", "&*", "+@all", "-@scripting");
        String address = "redis://plain:pw@127.0.0.1:" + redis.port();
        try (Transport plain = RedissonTransport.connect(address)) {
            assertEquals(
                    new Outcomes.Published(0, Publication.Outcome.NOT_SEPARATED),
                    Outcomes.publish(plain, "any", "x", true).join());
        }
    }

    @Test
    void aNameMapperOfTheConfigurationDoesNotCountAndItsNettyHookIsCalled() {
        AtomicInteger hooked = new AtomicInteger();
        Config config = new Config();
        config.useSingleServer().setAddress(redis.url());
        config.setNameMapper(new NameMapper() {
            @Override
            public String map(String name) {
                return "app:" + name;
            }

            @Override
            public String unmap(String name) {
                return name.substring(4);
            }
        });
        config.setNettyHook(new NettyHook() {
            @Override
            public void afterBoostrapInitialization(Bootstrap bootstrap) {
                hooked.incrementAndGet();
            }

            @Override
            public void afterChannelInitialization(Channel channel) {
                hooked.incrementAndGet();
            }
        });
        try (Transport mapped = RedissonTransport.connect(config);
                Transport plain = connect()) {
            plain.subscribe("name.mapped", (channel, frame) -> {}).join();
            mapped.subscribePattern("name.*", (channel, frame) -> {}).join();
            assertEquals(
                    new Outcomes.Published(1, 1),
                    Outcomes.publish(mapped, "name.mapped", "x", true).join());
        }
        assertTrue(hooked.get() >= 4, () -> "called " + hooked + " times");
    }

    /** Its thread may have died, or wait for ever. */
    @Test
    void aReconnectThatWasCancelledIsNotJoinedAndTheNextOneStands() throws Exception {
        try (Transport there = connect()) {
            there.subscribe("again", (channel, frame) -> {}).join();
            CompletableFuture<Void> forgotten = there.reconnect();
            forgotten.cancel(false);
            CompletableFuture<Void> next = there.reconnect();
            assertNotSame(forgotten, next);
            next.get(20, SECONDS);
            assertEquals(1, Outcomes.publish(there, "again", "x", true).join().receivers());
        }
    }

    /** As with hundreds of nodes whose heartbeats are late, because the processor is busy. */
    @Test
    void manyThatReconnectTakeTurnsAndOneThatIsNoLongerWantedKeepsItsConnection() throws Exception {
        List<Transport> nodes = new ArrayList<>();
        AtomicBoolean wanted = new AtomicBoolean(true);
        Set<Thread> others = Thread.getAllStackTraces().keySet(); // one of another test may still connect
        try (RedisServer own = RedisServer.start()) {
            for (int i = 0; i < 7; i++) {
                nodes.add(RedissonTransport.connect(own.url()));
            }
            own.pause(); // whoever begins waits
            List<CompletableFuture<Void>> asked =
                    nodes.stream().map(node -> node.reconnect(wanted::get)).toList();
            await().until(() -> connecting(others) == 4);
            wanted.set(false);
            await().until(() ->
                    asked.stream().filter(CompletableFuture::isCancelled).count() == 3);
            own.resume();
            for (CompletableFuture<Void> one : asked) {
                if (!one.isCancelled()) {
                    one.get(20, SECONDS);
                }
            }
            for (Transport node : nodes) {
                Outcomes.publish(node, "c", "x", false).get(10, SECONDS);
            }
        } finally {
            nodes.forEach(Transport::close);
        }
    }

    /** How many threads have begun to connect since then. */
    private static long connecting(Set<Thread> others) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> !others.contains(thread.getKey()))
                .filter(thread -> thread.getKey().getName().equals("omnibus-reconnect"))
                .filter(thread -> Stream.of(thread.getValue())
                        .anyMatch(frame -> frame.getMethodName().equals("rebuild")))
                .count();
    }

    @Test
    void aPatternSubscriberOfOtherChannelsIsNotCounted() {
        try (Transport there = connect()) {
            there.subscribePattern("other.*", (channel, frame) -> {}).join();
            assertEquals(
                    new Outcomes.Published(0, 0),
                    Outcomes.publish(there, "this.one", "x", true).join());
            assertEquals(
                    new Outcomes.Published(0, 1),
                    Outcomes.publish(there, "other.one", "x", true).join());
        }
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Override
    void takeDown() {
        redis.kill();
    }

    @Override
    void bringUp() {
        redis.restart();
    }
}
