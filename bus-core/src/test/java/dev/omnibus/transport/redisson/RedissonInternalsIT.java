package dev.omnibus.transport.redisson;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.redisson.client.NettyHook;
import org.redisson.config.Config;

/** Fails when Redisson or Netty does not call any more what the bus has put into them. */
@WithRedis
class RedissonInternalsIT {

    private final RedisServer redis;

    RedissonInternalsIT(RedisServer redis) {
        this.redis = redis;
    }

    private static final class Listening implements FrameListener {

        final AtomicInteger frames = new AtomicInteger();
        final AtomicInteger interruptions = new AtomicInteger();

        @Override
        public void onFrame(String channel, byte[] frame) {
            frames.incrementAndGet();
        }

        @Override
        public void onInterrupted() {
            interruptions.incrementAndGet();
        }
    }

    private static CompletableFuture<Long> publish(RedissonTransport transport, String channel) {
        CompletableFuture<Long> receivers = new CompletableFuture<>();
        transport.publish(List.of(new Publication(channel, new byte[] {'x'}, false, new Publication.Outcome() {
            @Override
            public void published(long all, long patternSubscribers) {
                receivers.complete(all);
            }

            @Override
            public void failed(TransportException failure) {
                receivers.completeExceptionally(failure);
            }
        })));
        return receivers;
    }

    /** As in answer to a single message. */
    private static CompletableFuture<Long> answer(RedissonTransport transport) {
        CompletableFuture<Long> receivers = new CompletableFuture<>();
        transport.together(() -> {
            transport.stayAwake();
            publish(transport, "hooks").whenComplete((all, failure) -> {
                if (failure == null) {
                    receivers.complete(all);
                } else {
                    receivers.completeExceptionally(failure);
                }
            });
        });
        return receivers;
    }

    private static Set<Hook> unused(RedissonInternals internals) {
        Set<Hook> unused = EnumSet.noneOf(Hook.class);
        for (Hook hook : Hook.values()) {
            if (!internals.wasUsed(hook)) {
                unused.add(hook);
            }
        }
        return unused;
    }

    @Test
    void eachHookIsCalledWhilePublishingReceivingAndReconnecting() throws Exception {
        RedissonInternals internals = RedissonInternals.checked(false);
        Listening listening = new Listening();
        try (FaultProxy proxy = FaultProxy.to(redis);
                RedissonTransport transport = Hooks.connect(proxy.url(), internals)) {
            transport.subscribe("hooks", listening).get(20, SECONDS);
            assertEquals(1L, answer(transport).get(20, SECONDS));
            await().atMost(20, SECONDS).until(() -> listening.frames.get() == 1);

            proxy.blackhole(Direction.TO_CLIENT);
            CompletableFuture<Long> lost = publish(transport, "hooks");
            await().atMost(20, SECONDS).until(() -> count("publish") >= 2);
            proxy.pass();
            proxy.reset();
            lost.handle((receivers, failure) -> failure).get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> listening.interruptions.get() >= 1);
        }
        // What several servers need, and the end of what cannot be set up, are below.
        assertEquals(EnumSet.of(Hook.MASTERS, Hook.SHARDED_CHANNELS, Hook.FORCED_CLOSE), unused(internals));
    }

    @Test
    void aPingGoesAheadOfALonePublishUnlessThatIsSwitchedOff() throws Exception {
        try (RedissonTransport pings = RedissonTransport.connect(redis.url());
                RedissonTransport none = RedissonTransport.connect(
                        redis.url(), RedissonOptions.defaults().withPingBeforePublish(false))) {
            long before = count("ping");
            for (int i = 0; i < 10; i++) {
                assertEquals(0L, answer(none).get(20, SECONDS));
            }
            assertEquals(before, count("ping"));
            for (int i = 0; i < 10; i++) {
                assertEquals(0L, answer(pings).get(20, SECONDS));
            }
            assertEquals(before + 10, count("ping"));
        }
    }

    @Test
    void aClusterIsAskedForItsMastersAndItsShardsAreSubscribedTo(RedisCluster cluster) throws Exception {
        RedissonInternals internals = RedissonInternals.checked(true);
        Config config = new Config();
        config.setPassword(cluster.nodes().get(0).password());
        config.useClusterServers().addNodeAddress(cluster.urls().toArray(String[]::new));
        try (RedissonTransport transport = Hooks.connect(config, internals)) {
            assertEquals(0L, publish(transport, "hooks").get(20, SECONDS));
            assertFalse(unused(internals).contains(Hook.MASTERS));
            transport.shard(channel -> true);
            transport.subscribe("hooks", new Listening()).get(20, SECONDS);
            assertEquals(1L, publish(transport, "hooks").get(20, SECONDS));
        }
        assertFalse(unused(internals).contains(Hook.SHARDED_CHANNELS));
    }

    @Test
    void aConnectionThatCannotBeSetUpIsClosedByForce() {
        RedissonInternals internals = RedissonInternals.checked(false);
        List<Channel> refused = new CopyOnWriteArrayList<>();
        Config config = new Config();
        config.useSingleServer().setAddress(redis.url());
        config.setNettyHook(new NettyHook() {
            @Override
            public void afterBoostrapInitialization(Bootstrap bootstrap) {}

            @Override
            public void afterChannelInitialization(Channel channel) {
                refused.add(channel);
                throw new IllegalStateException("on purpose");
            }
        });
        assertThrows(TransportException.class, () -> Hooks.connect(config, internals));
        assertFalse(unused(internals).contains(Hook.FORCED_CLOSE));
        await().atMost(20, SECONDS).until(() -> refused.stream().noneMatch(Channel::isOpen));
    }

    private long count(String command) {
        String stats = String.valueOf(redis.command("INFO", "commandstats"));
        Matcher calls = Pattern.compile("cmdstat_" + command + ":calls=(\\d+)").matcher(stats);
        return calls.find() ? Long.parseLong(calls.group(1)) : 0;
    }
}
