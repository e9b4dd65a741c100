package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** One Redis with users; the way of the caller to it goes by a proxy; and one more node, in a process of its own. */
final class SoakedServer extends Soaked {

    private static final String RIGHTS = "~* &bus:* +@all";

    private final RedisServer redis;
    private final FaultProxy proxy;
    private final OutsideNode outside;

    SoakedServer(SplittableRandom random, RedisServer redis) {
        super(random);
        this.redis = redis;
        this.proxy = FaultProxy.to(redis);
        this.outside = new OutsideNode("redis://worker:first@127.0.0.1:" + redis.port());
        ofRedis();
        ofTheLink();
        ofUsers();
        ofOthers();
        ofProcesses();
    }

    /** A server that it can be. */
    static RedisServer start() {
        return RedisServer.startWithUsers("worker on >first " + RIGHTS, "caller on >first " + RIGHTS);
    }

    @Override
    Bus open(String name, BusListener listener) {
        String url = name.equals("caller")
                ? "redis://caller:first@127.0.0.1:" + proxy.port()
                : "redis://worker:first@127.0.0.1:" + redis.port();
        return Bus.builder(url).name(name).listener(listener).build();
    }

    @Override
    int faultsPerLoad() {
        return 8;
    }

    @Override
    Map<Long, Integer> executedOutside() {
        return outside.executions();
    }

    private void ofRedis() {
        faults.put("kill", load -> {
            redis.kill();
            lasts(0, 3_000);
            redis.restart();
        });
        faults.put("freeze", load -> {
            redis.pause();
            lasts(100, 6_000);
            redis.resume();
        });
        faults.put("kill pubsub", load -> redis.command("CLIENT", "KILL", "TYPE", "pubsub"));
        faults.put("kill normal", load -> redis.command("CLIENT", "KILL", "TYPE", "normal"));
        faults.put("flush", load -> redis.command("FLUSHALL"));
        faults.put("full", load -> {
            redis.command("CONFIG", "SET", "maxmemory", "1");
            lasts(100, 8_000);
            redis.command("CONFIG", "SET", "maxmemory", "0");
        });
    }

    private void ofTheLink() {
        faults.put("reset", load -> proxy.reset());
        for (Direction direction : Direction.values()) {
            faults.put("black hole " + direction, load -> {
                proxy.blackhole(direction);
                lasts(100, 5_000);
                proxy.pass();
            });
            faults.put("stall " + direction, load -> {
                proxy.stall(direction);
                lasts(100, 4_000);
                proxy.pass();
            });
        }
        faults.put("slow", load -> {
            proxy.delay(Duration.ofMillis(random.nextInt(300)));
            lasts(100, 3_000);
            proxy.pass();
        });
        faults.put("narrow", load -> {
            proxy.throttle(20_000 + random.nextInt(500_000));
            lasts(100, 3_000);
            proxy.pass();
        });
    }

    private void ofUsers() {
        faults.put("rights", load -> {
            redis.command("ACL", "SETUSER", "worker", "resetchannels", "&bus:nothing");
            lasts(100, 4_000);
            redis.command("ACL", "SETUSER", "worker", "resetchannels", "&bus:*");
        });
        faults.put("password", load -> {
            redis.command("ACL", "SETUSER", "caller", "resetpass", ">other");
            redis.command("CLIENT", "KILL", "USER", "caller");
            lasts(100, 4_000);
            redis.command("ACL", "SETUSER", "caller", "resetpass", ">first");
        });
    }

    private void ofOthers() {
        HostileFrames frames = new HostileFrames(random.nextLong());
        faults.put("huge", load -> redis.command("PUBLISH", "bus:evt:load.n", "x".repeat(31_000_000)));
        faults.put("damaged", load -> {
            try (Foreign foreign = new Foreign(redis.url())) {
                List<String> channels = List.of("bus:evt:load.n", "bus:rpc:work.again", "bus:presence");
                for (int i = 0; i < 20_000; i++) {
                    foreign.publish(channels.get(i % channels.size()), frames.next());
                }
            }
        });
    }

    private void ofProcesses() {
        faults.put("node killed", load -> {
            outside.running();
            load.goOnFor(Duration.ofMillis(500));
            outside.kill();
        });
        faults.put("node frozen", load -> {
            outside.running();
            load.goOnFor(Duration.ofMillis(500));
            outside.running().pause();
            lasts(100, 8_000);
            outside.running().resume();
        });
    }

    @Override
    public void close() {
        outside.close();
        proxy.close();
    }
}
