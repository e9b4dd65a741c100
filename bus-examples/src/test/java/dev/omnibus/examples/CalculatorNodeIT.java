package dev.omnibus.examples;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.redisrpc.RedisRpc;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CalculatorNodeIT {

    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(Duration.ofSeconds(20));
    private static final int SIGTERM = 128 + 15;

    @Test
    void itServesBothWaysUntilItIsToldToStop() throws Exception {
        try (RedisServer redis = RedisServer.start();
                CalculatorProcess node =
                        CalculatorProcess.start(Map.of("REDIS_URL", redis.url()), "--redisrpc", "calculator");
                Bus bus = Bus.connect(redis.url())) {
            Calculator calc = RpcClient.on(bus).proxy(Calculator.class, PATIENT);
            calculates(calc);
            calculates(RedisRpc.on(bus).proxy("calculator", Calculator.class, PATIENT));
            assertEquals("hello", calc.echo("hello"));
            assertEquals(6.5, calc.sum(List.of(1.0, 2.0, 3.5)));
            assertEquals(5, calc.sleep(5));
            RpcFault failed = assertThrows(RpcFault.class, () -> calc.fail("no more"));
            assertEquals(List.of(1, "no more"), List.of(failed.code(), failed.getMessage()));
            assertEquals(2, assertThrows(RpcFault.class, () -> calc.div(0)).code());
            assertEquals(2.0, calc.val());
            assertEquals(List.of(node.node()), nodes(bus));

            assertEquals(SIGTERM, node.stop());
            await().atMost(Duration.ofSeconds(20)).until(() -> nodes(bus).isEmpty());
            assertEquals(
                    RpcException.Reason.NO_SERVER,
                    assertThrows(RpcException.class, calc::val).reason());
        }
    }

    private static List<String> nodes(Bus bus) {
        return Directory.on(bus).nodes().join().stream()
                .filter(NodeInfo::isServing)
                .map(NodeInfo::node)
                .toList();
    }

    private static void calculates(Calculator calc) {
        assertEquals(0, calc.clr());
        assertEquals(5, calc.add(5));
        assertEquals(2, calc.sub(3));
        assertEquals(8, calc.mul(4));
        assertEquals(2, calc.div(4));
        assertEquals(2, calc.val());
    }

    @Test
    void aQueueIsServedAndCalled() {
        try (RedisServer redis = RedisServer.start();
                Bus bus = Bus.connect(redis.url())) {
            assertEquals(5, HowToRedisRpc.calculate(bus));
        }
    }

    @Test
    void itBringsItsOwnRedisWhereThereIsNone() throws Exception {
        try (CalculatorProcess node = CalculatorProcess.start(Map.of())) {
            assertEquals(SIGTERM, node.stop());
        }
    }
}
