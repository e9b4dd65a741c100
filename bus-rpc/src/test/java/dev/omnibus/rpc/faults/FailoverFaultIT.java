package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Masters that are replaced, and slots that move, while three nodes work. */
@Tag("slow")
@WithRedis(replicas = 1)
class FailoverFaultIT {

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load");

    @Test
    void theSentinelsReplaceTheMaster(RedisSentinels redis) throws Exception {
        try (Load load = load(() -> Configs.connect(redis))) {
            load.through(redis.downAfter().plusSeconds(3), () -> {
                        redis.awaitReady();
                        RedisServer master = redis.master();
                        master.kill();
                        redis.awaitFailover(master);
                        master.restart();
                    })
                    .settle("master behind Sentinels killed");
        }
    }

    @Test
    void aReplicaOfTheClusterTakesOver(RedisCluster redis) throws Exception {
        try (Load load = load(() -> Configs.connect(redis))) {
            load.through(redis.nodeTimeout().multipliedBy(2).plusSeconds(2), () -> {
                        redis.awaitReady();
                        RedisServer master = redis.masterOf("bus:evt:load.n");
                        master.kill();
                        redis.awaitFailover(master);
                        master.restart();
                    })
                    .settle("master of the cluster killed");
        }
    }

    @Test
    void aReplicaOfTheClusterTakesOverOnRequest(RedisCluster redis) throws Exception {
        try (Load load = load(() -> Configs.connect(redis))) {
            load.through(redis.nodeTimeout().multipliedBy(2).plusSeconds(2), () -> {
                        redis.awaitReady();
                        redis.failover(redis.masterOf("bus:evt:load.n"));
                    })
                    .settle("failover of the cluster on request");
        }
    }

    private static Load load(Supplier<Transport> transports) throws Exception {
        return new Load((name, listener) ->
                Bus.builder(transports.get()).name(name).listener(listener).build());
    }
}
