package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.redisrpc.RedisRpc;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a process lives after the end of its main method that only serves. */
@WithRedis
class ServingProcessIT {

    interface Echo {
        String say(String text);
    }

    static final class Node {

        /** The address; and how it serves. */
        public static void main(String[] arguments) {
            Bus bus = Bus.builder(arguments[0])
                    .connectWithin(Duration.ofSeconds(40)) // a busy machine may need more than one attempt
                    .build();
            Echo echo = text -> text;
            Registration registration = arguments[1].equals("bus")
                    ? RpcServer.on(bus).serve(Echo.class, echo)
                    : RedisRpc.on(bus).serve("echo", Echo.class, echo);
            Thread program = Thread.currentThread();
            Thread later = new Thread(() -> endAfter(program, registration));
            later.setDaemon(true);
            later.start();
        }

        private static void endAfter(Thread program, Registration registration) {
            try {
                program.join();
            } catch (InterruptedException e) {
                return;
            }
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1)); // long enough for a process to end that nothing keeps
            System.out.println("lives on");
            registration.close();
        }
    }

    private final RedisServer redis;

    ServingProcessIT(RedisServer redis) {
        this.redis = redis;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bus", "redisrpc"})
    void itLivesOnUntilItServesNothingAnyMore(String how) {
        try (NodeProcess node = NodeProcess.start(Node.class, redis.url(), how)) {
            node.awaitLine("lives on"::equals);
            await().atMost(20, SECONDS).until(() -> !node.isAlive());
        }
    }
}
