package dev.omnibus.transport.redisson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.redisson.client.NettyHook;
import org.redisson.config.Config;

/** A process that has no processor while it connects learns nothing about Redis. */
@WithRedis
class FirstConnectIT {

    private static final int CONNECT_MILLIS = 1_600; // what one attempt may take

    private final RedisServer redis;

    FirstConnectIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void itIsTriedAgainWhereTheEventLoopStoodStillForLongerThanOneAttempt() {
        AtomicLong begun = new AtomicLong();
        CountDownLatch second = new CountDownLatch(1);
        Config config = new Config();
        config.useSingleServer().setAddress(redis.url());
        config.setNettyHook(new NettyHook() {
            @Override
            public void afterBoostrapInitialization(Bootstrap bootstrap) {
                long now = System.nanoTime();
                if (begun.compareAndSet(0, now)) {
                    bootstrap.config().group().execute(() -> standStill(second));
                } else if (now - begun.get() > TimeUnit.MILLISECONDS.toNanos(CONNECT_MILLIS)) {
                    second.countDown();
                }
            }

            @Override
            public void afterChannelInitialization(Channel channel) {}
        });
        try (Transport transport = RedissonTransport.connect(
                config, RedissonOptions.defaults().withConnectWithin(Duration.ofMinutes(1)))) {
            assertTrue(transport.canSend());
            assertEquals(0, second.getCount());
        }
    }

    /** Until nothing can be heard by the first attempt any more. */
    private static void standStill(CountDownLatch second) {
        try {
            assertTrue(second.await(1, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
