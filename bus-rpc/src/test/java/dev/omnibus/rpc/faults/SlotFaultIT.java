package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The slots of topics, methods and inboxes move while three nodes work: nothing of it may be noticed. */
@Tag("slow")
@WithRedis
class SlotFaultIT {

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load");

    @Test
    void slotsMove(RedisCluster redis) throws Exception {
        move(redis, builder -> builder);
    }

    @Test
    void slotsMoveWhileEventsAreSharded(RedisCluster redis) throws Exception {
        move(redis, BusBuilder::shardedEvents);
    }

    private static void move(RedisCluster redis, UnaryOperator<BusBuilder> options) throws Exception {
        try (Load load = new Load((name, listener) -> options.apply(Bus.builder(Configs.connect(redis)))
                .name(name)
                .listener(listener)
                .build())) {
            List<String> channels = List.of(
                    "bus:evt:load.n",
                    "bus:rpc:work.who",
                    "bus:rpc:work.once@" + load.server().node(),
                    "bus:rpc:work.again@" + load.server().node(),
                    "bus:inbox:" + load.caller().node(),
                    "{bus:nodes}");
            load.through(Duration.ofSeconds(2), () -> {
                for (String channel : channels) {
                    int slot = redis.slot(channel);
                    int next = (redis.nodes().indexOf(redis.masterOf(channel)) + 1) % 3;
                    redis.moveSlot(slot, redis.nodes().get(next));
                }
                load.goOnFor(Duration.ofMillis(4_500)); // longer than a subscription stands on two servers
            });
            load.settle("slots moved");
            load.assertNothingMissed();
        }
    }
}
