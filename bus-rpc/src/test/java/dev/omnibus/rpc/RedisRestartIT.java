package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls one after the other, and broadcasts, while Redis goes and comes back: what is called again must not look like a
 * dead server, nor wait out its timeout. {@code -Dfaults=long} does it twenty times.
 */
class RedisRestartIT {

    private static final Logger LOG = LoggerFactory.getLogger(RedisRestartIT.class);
    private static final int ROUNDS = "long".equals(System.getProperty("faults")) ? 20 : 1;

    interface Echo {
        int say(int number);
    }

    @Test
    void whenRedisIsBackNoCallEndsByItsTimeoutOrFindsNobody() throws Exception {
        try (RedisServer redis = RedisServer.start();
                Bus server = Bus.builder(redis.url()).name("server").build();
                Bus caller = Bus.builder(redis.url()).name("caller").build()) {
            RpcServer.on(server).serve(Echo.class, number -> number).ready().join();
            RpcClient client = RpcClient.on(caller);
            Echo echo = client.proxy(Echo.class);
            assertEquals(1, echo.say(1));
            List<String> wrong = new CopyOnWriteArrayList<>();
            for (int round = 1; round <= ROUNDS; round++) {
                Duration away = Duration.ofMillis(ROUNDS == 1 ? 2_000 : 200 + 170L * round);
                callWhileItIsAway(
                        redis,
                        away,
                        wrong,
                        List.of(
                                () -> echo.say(7),
                                () -> client.broadcast(Echo.class, e -> e.say(7))
                                        .ask()
                                        .orThrow()));
            }
            assertEquals(List.of(), wrong);
        }
    }

    private static void callWhileItIsAway(RedisServer redis, Duration away, List<String> wrong, List<Runnable> calls)
            throws InterruptedException {
        AtomicBoolean back = new AtomicBoolean();
        AtomicLong longest = new AtomicLong();
        Map<Reason, Integer> failed = new ConcurrentHashMap<>();
        redis.kill();
        List<Thread> calling = calls.stream()
                .map(call -> new Thread(() -> {
                    int right = 0;
                    while (right < 50) { // in a row, and with Redis there
                        long begun = System.nanoTime();
                        boolean begunWithRedis = back.get();
                        try {
                            call.run();
                            right += begunWithRedis ? 1 : 0;
                        } catch (RpcException e) {
                            right = 0;
                            failed.merge(e.reason(), 1, Integer::sum);
                            if (begunWithRedis && e.reason() != Reason.CONNECTION_LOST) {
                                wrong.add(String.valueOf(e.getMessage()));
                            }
                        }
                        if (begunWithRedis) {
                            longest.accumulateAndGet(System.nanoTime() - begun, Math::max);
                        }
                    }
                }))
                .toList();
        calling.forEach(Thread::start);
        LockSupport.parkNanos(away.toNanos());
        redis.restart();
        long since = System.nanoTime();
        back.set(true);
        for (Thread thread : calling) {
            thread.join(60_000);
        }
        LOG.info(
                "Away for {} ms; {} failed meanwhile; all was well {} ms after it was back, and no call begun then took"
                        + " longer than {} ms",
                away.toMillis(),
                failed,
                (System.nanoTime() - since) / 1_000_000,
                longest.get() / 1_000_000);
    }
}
