package dev.omnibus.transport.redisson;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import io.netty.channel.EventLoopGroup;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A thread that reads late has not been answered late. */
@WithRedis
class StallIT {

    private static final long STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500); // answers are awaited for 1 s

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final Pattern PUBLISHED = Pattern.compile("cmdstat_publish:calls=(\\d+)");

    private final RedisServer redis;

    StallIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void whatRedisHasAnsweredWhileNothingWasReadIsAnswered() throws Exception {
        AtomicReference<EventLoopGroup> loop = new AtomicReference<>();
        try (Transport transport = RedissonTransport.connect(Hooks.telling(redis.url(), loop))) {
            for (int i = 0; i < 3; i++) {
                CompletableFuture<Long> published = new CompletableFuture<>();
                long before = counted();
                EventLoopGroup reading = requireNonNull(loop.get());
                reading.execute(() -> {
                    transport.publish(List.of(new Publication("stall", new byte[] {'x'}, false, outcome(published))));
                    reading.execute(() -> standStill(before)); // once it is written, which is a task of its own
                });
                assertEquals(0, published.get(20, SECONDS));
            }
        }
    }

    /** Until Redis has answered, and for longer than an answer is awaited. */
    private void standStill(long before) {
        while (counted() == before) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        long end = System.nanoTime() + STALL_NANOS;
        for (long left = STALL_NANOS; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private long counted() {
        Matcher calls = PUBLISHED.matcher(String.valueOf(redis.command("INFO", "commandstats")));
        return calls.find() ? Long.parseLong(calls.group(1)) : 0;
    }

    private static Publication.Outcome outcome(CompletableFuture<Long> published) {
        return new Publication.Outcome() {
            @Override
            public void published(long all, long patternSubscribers) {
                published.complete(all);
            }

            @Override
            public void failed(TransportException failure) {
                published.completeExceptionally(failure);
            }
        };
    }
}
