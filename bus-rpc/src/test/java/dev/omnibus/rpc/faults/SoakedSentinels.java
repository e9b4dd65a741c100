package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import java.util.SplittableRandom;

/** A master and its replica, watched by Sentinels. */
final class SoakedSentinels extends Soaked {

    private final RedisSentinels redis = RedisSentinels.start(1);

    SoakedSentinels(SplittableRandom random) {
        super(random);
        faults.put("master killed", load -> {
            redis.awaitReady();
            RedisServer master = redis.master();
            master.kill();
            redis.awaitFailover(master);
            lasts(0, 2_000);
            master.restart();
        });
        faults.put("master frozen", load -> {
            redis.awaitReady();
            RedisServer master = redis.master();
            master.pause();
            redis.awaitFailover(master);
            lasts(0, 2_000);
            master.resume();
        });
        faults.put("master replaced", load -> {
            redis.awaitReady();
            redis.failover();
        });
        faults.put("kill pubsub", load -> redis.master().command("CLIENT", "KILL", "TYPE", "pubsub"));
    }

    @Override
    Bus open(String name, BusListener listener) {
        return Bus.builder(Configs.connect(redis)).name(name).listener(listener).build();
    }

    @Override
    int faultsPerLoad() {
        return 3; // the Sentinels want some seconds between two failovers
    }

    @Override
    public void close() {
        redis.close();
    }
}
