package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** One call after the other while Redis goes and comes back: what is called again must not look like a dead server. */
class RedisRestartIT {

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
            callWhileItIsAway(redis, echo);
        }
    }

    private static void callWhileItIsAway(RedisServer redis, Echo echo) throws InterruptedException {
        AtomicBoolean back = new AtomicBoolean();
        List<String> wrong = new ArrayList<>();
        redis.kill();
        Thread calling = new Thread(() -> {
            int right = 0;
            while (right < 50) { // in a row, and with Redis there
                boolean begunWithRedis = back.get();
                try {
                    echo.say(7);
                    right++;
                } catch (RpcException e) {
                    right = 0;
                    if (begunWithRedis && e.reason() != Reason.CONNECTION_LOST) {
                        wrong.add(String.valueOf(e.getMessage()));
                    }
                }
            }
        });
        calling.start();
        LockSupport.parkNanos(SECONDS.toNanos(2)); // it is away for that long
        redis.restart();
        back.set(true);
        calling.join(60_000);

        assertEquals(Set.of(), Set.copyOf(wrong));
    }
}
