package dev.omnibus.tools.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A bus to play with. */
@Command(
        name = "demo",
        description = {
            "Starts a Redis of its own with three nodes, which publish and call each other, until Ctrl-C.",
            "Try the other commands on it: set OMNIBUS_REDIS to the address that it prints.%n"
        },
        footer = {"", "omnibus demo", "omnibus demo --nodes 5"})
final class DemoCommand extends Action {

    /** What the nodes serve. */
    @ServiceName("stock")
    interface Stock {

        int left(String sku);

        int add(String sku, int pieces);
    }

    @Option(names = "--nodes", paramLabel = "N", description = "How many serve. Default: 3.")
    int nodes = 3;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End after this time. Default: with Ctrl-C.")
    @Nullable
    Duration wait;

    @Override
    public Integer call() throws Exception {
        if (nodes < 1) {
            throw new Failures.UsageException("--nodes must be at least 1");
        }
        List<Bus> open = new ArrayList<>();
        try (RedisServer redis = RedisServer.start()) {
            for (int i = 0; i < nodes; i++) {
                Bus bus = Bus.builder(redis.url()).name("shop").build();
                open.add(bus);
                await(RpcServer.on(bus).serve(Stock.class, new Warehouse()).ready());
            }
            Bus desk = Bus.builder(redis.url()).name("desk").build();
            open.add(desk);
            ObjectNode started = Output.object().put("redis", redis.url()).put("nodes", nodes);
            out().element(started, redis.url());
            out().note("export OMNIBUS_REDIS=" + redis.url()
                    + "    # then, for instance:\nomnibus nodes\nomnibus watch\n"
                    + "omnibus call stock.left sku=sku-1\nomnibus ask stock.left sku=sku-1");
            trade(desk);
            return ExitCode.OK;
        } finally {
            open.forEach(Bus::close);
        }
    }

    /** Orders come in, each with a call; now and then all nodes are asked. */
    private void trade(Bus desk) throws InterruptedException {
        RpcClient client = RpcClient.on(desk);
        long end = wait == null ? Long.MAX_VALUE : System.nanoTime() + wait.toNanos();
        for (int order = 1; end == Long.MAX_VALUE || System.nanoTime() < end; order++) {
            String sku = "sku-" + ThreadLocalRandom.current().nextInt(1, 6);
            desk.publish("orders.placed", Map.of("id", "o-" + order, "sku", sku, "pieces", 1));
            client.call("stock.add", Integer.class, sku, order % 7 == 0 ? -100 : 1);
            if (order % 5 == 0) {
                client.broadcast("stock.left", Integer.class, sku).askAsync();
            }
            TimeUnit.MILLISECONDS.sleep(250);
        }
    }

    private static final class Warehouse implements Stock {

        private final Map<String, Integer> pieces = new ConcurrentHashMap<>();

        @Override
        public int left(String sku) {
            return pieces.getOrDefault(sku, 10);
        }

        @Override
        public int add(String sku, int more) {
            return pieces.compute(sku, (key, before) -> {
                int now = (before == null ? 10 : before) + more;
                if (now < 0) {
                    throw new RpcFault(17, "only " + (now - more) + " left of " + key);
                }
                return now;
            });
        }
    }
}
