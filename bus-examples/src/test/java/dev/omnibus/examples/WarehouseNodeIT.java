package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.WarehouseNode.Goods;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("slow")
@WithRedis
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WarehouseNodeIT {

    private final String redis;

    WarehouseNodeIT(RedisServer server) {
        redis = server.url();
    }

    @Test
    void noCallFailsWhenOneOfTwoIsToldToStop() {
        try (NodeProcess one = NodeProcess.start(WarehouseNode.class, redis);
                NodeProcess two = NodeProcess.start(WarehouseNode.class, redis);
                Bus shop = Bus.connect(redis)) {
            assertEquals("ready", ready(one));
            assertEquals("ready", ready(two));
            Goods goods = RpcClient.on(shop).proxy(Goods.class);
            ProcessHandle stopping = ProcessHandle.of(one.pid()).orElseThrow();
            assertEquals(12, goods.left("sku-1"));

            assertTrue(stopping.destroy()); // SIGTERM
            while (stopping.isAlive()) {
                assertEquals(12, goods.left("sku-1"));
            }
            assertEquals(12, goods.left("sku-1"));
        }
    }

    @Test
    void aCallerIsAnsweredAndStopsWhenItIsTold() {
        try (NodeProcess node = NodeProcess.start(WarehouseNode.class, redis)) {
            assertEquals("ready", ready(node));
            try (NodeProcess caller = NodeProcess.start(WarehouseCaller.class, redis)) {
                assertEquals("12 left", caller.awaitLine("12 left"::equals));
                ProcessHandle stopping = ProcessHandle.of(caller.pid()).orElseThrow();
                assertTrue(stopping.destroy()); // SIGTERM
                stopping.onExit().join();
            }
        }
    }

    private static String ready(NodeProcess node) {
        return node.awaitLine(line -> line.startsWith("ready ")).substring(0, "ready".length());
    }

    @Test
    void aNodeThatCannotStartEnds() {
        try (NodeProcess lost = NodeProcess.start(WarehouseNode.class, "redis://127.0.0.1:1")) {
            ProcessHandle.of(lost.pid()).ifPresent(process -> process.onExit().join());
            assertFalse(lost.isAlive());
        }
    }
}
