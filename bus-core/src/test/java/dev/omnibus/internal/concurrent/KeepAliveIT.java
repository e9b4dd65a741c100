package dev.omnibus.internal.concurrent;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.Subscription;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** How long a process lives after the end of its main method. */
@WithRedis
class KeepAliveIT {

    private final RedisServer redis;

    KeepAliveIT(RedisServer redis) {
        this.redis = redis;
    }

    static final class Node {

        /** The address, or "memory"; and what it does. */
        public static void main(String[] arguments) {
            BusBuilder builder = arguments[0].equals("memory")
                    ? Bus.builder(new InMemoryNetwork().open())
                    : Bus.builder(arguments[0]);
            Bus bus = builder.keepAlive(!arguments[1].equals("switched off")).build();
            if (!arguments[1].equals("fails")) {
                Subscription subscription = bus.subscribe("t", String.class, event -> {});
                Thread program = Thread.currentThread();
                Thread later = new Thread(() -> endAfter(program, subscription));
                later.setDaemon(true);
                later.start();
            }
            System.out.println("main ends");
            if (arguments[1].equals("fails")) {
                Thread failing = new Thread(() -> {
                    throw new IllegalStateException("on purpose; as a main that fails after it has connected");
                });
                failing.start();
            }
        }

        private static void endAfter(Thread program, Subscription subscription) {
            try {
                program.join();
            } catch (InterruptedException e) {
                return;
            }
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1)); // long enough for a process to end that nothing keeps
            System.out.println("lives on");
            subscription.close();
        }
    }

    private static void livesWhileItIsSubscribed(String address) {
        try (NodeProcess node = NodeProcess.start(Node.class, address, "subscribes")) {
            node.awaitLine("lives on"::equals);
            await().atMost(20, SECONDS).until(() -> !node.isAlive());
        }
    }

    private static void ends(String address, String how) {
        try (NodeProcess node = NodeProcess.start(Node.class, address, how)) {
            node.awaitLine("main ends"::equals);
            await().atMost(20, SECONDS).until(() -> !node.isAlive());
            assertEquals(0, node.lines().filter("lives on"::equals).count());
        }
    }

    @Test
    void aProcessThatIsSubscribedLivesOnUntilItsLastSubscriptionEnds() {
        livesWhileItIsSubscribed(redis.url());
    }

    @Test
    void soDoesOneInMemory() {
        livesWhileItIsSubscribed("memory");
    }

    @Test
    void aProgramThatFailsAfterItHasConnectedEnds() {
        ends(redis.url(), "fails");
    }

    @Test
    void whereThatIsSwitchedOffASubscriptionKeepsNothingAlive() {
        ends(redis.url(), "switched off");
    }
}
