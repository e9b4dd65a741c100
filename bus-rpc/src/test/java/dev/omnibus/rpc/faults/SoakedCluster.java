package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Three masters, and a replica for each. */
final class SoakedCluster extends Soaked {

    private static final List<String> CHANNELS = List.of("bus:evt:load.n", "bus:rpc:work.who", "{bus:nodes}");

    private final RedisCluster redis = RedisCluster.start(1);

    SoakedCluster(SplittableRandom random) {
        super(random);
        faults.put("master killed", load -> {
            redis.awaitReady();
            RedisServer master = redis.masterOf(channel());
            master.kill();
            redis.awaitFailover(master);
            lasts(0, 2_000);
            master.restart();
        });
        faults.put("master replaced", load -> {
            redis.awaitReady();
            redis.failover(redis.masterOf(channel()));
        });
        faults.put("slot moved", load -> {
            redis.awaitReady();
            String channel = channel();
            List<RedisServer> others = masters().stream()
                    .filter(master -> master != redis.masterOf(channel))
                    .toList();
            redis.moveSlot(redis.slot(channel), others.get(random.nextInt(others.size())));
            lasts(0, 5_000);
        });
        faults.put("kill pubsub", load -> masters().forEach(one -> one.command("CLIENT", "KILL", "TYPE", "pubsub")));
    }

    private String channel() {
        return CHANNELS.get(random.nextInt(CHANNELS.size()));
    }

    /** These keys are spread over all slots. */
    private List<RedisServer> masters() {
        return Stream.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
                .map(redis::masterOf)
                .distinct()
                .toList();
    }

    @Override
    Bus open(String name, BusListener listener) {
        return Bus.builder(Configs.connect(redis)).name(name).listener(listener).build();
    }

    @Override
    int faultsPerLoad() {
        return 5;
    }

    @Override
    public void close() {
        redis.close();
    }
}
