package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Passwords and rights that change while three nodes work. */
@Tag("slow")
class AccessFaultIT {

    private static final String RIGHTS = "~* &bus:* +@all";

    private static RedisServer redis;

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load")
            .channelsOf(() -> redis)
            .keysOf(() -> redis);

    @BeforeAll
    static void start() {
        redis = RedisServer.startWithUsers("worker on >first " + RIGHTS, "caller on >first " + RIGHTS);
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    private static Load load() throws Exception {
        return new Load((name, listener) -> Bus.builder(
                        "redis://" + (name.equals("caller") ? "caller" : "worker") + ":first@127.0.0.1:" + redis.port())
                .name(name)
                .listener(listener)
                .build());
    }

    /** The new one is added before the old one goes; connections that stand are not asked again. */
    @Test
    void thePasswordIsRotated() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(1), () -> {
                        redis.command("ACL", "SETUSER", "caller", ">second");
                        redis.command("CLIENT", "KILL", "USER", "caller");
                        load.goOnFor(Duration.ofMillis(500));
                    })
                    .settle("second password added, connections killed");
        }
    }

    /** Nothing works for the caller until its password is right again; then everything does, without a restart. */
    @Test
    void thePasswordIsWrongForAWhile() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(5), () -> {
                        redis.command("ACL", "SETUSER", "caller", "resetpass", ">other");
                        redis.command("CLIENT", "KILL", "USER", "caller");
                        LockSupport.parkNanos(Bounds.longOr(Duration.ofSeconds(6), Duration.ofSeconds(3))
                                .toNanos());
                        redis.command("ACL", "SETUSER", "caller", "resetpass", ">first");
                    })
                    .settle("password wrong for a while");
        }
    }

    @Test
    void rightsAreTakenAwayAndGivenBack() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(5), () -> {
                        redis.command("ACL", "SETUSER", "worker", "resetchannels", "&bus:nothing");
                        await().atMost(20, SECONDS).until(() -> load.heardNothingFor(Duration.ofMillis(500)));
                        LockSupport.parkNanos(Bounds.longOr(Duration.ofSeconds(6), Duration.ofSeconds(2))
                                .toNanos());
                        redis.command("ACL", "SETUSER", "worker", "resetchannels", "&bus:*");
                    })
                    .settle("rights taken away and given back");
        }
    }
}
