package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.redisrpc.RedisRpc;

/** The listing of docs/how-to/redisrpc.md. */
final class HowToRedisRpc {

    private HowToRedisRpc() {}

    // tag::redisrpc
    static double calculate(Bus bus) {
        RedisRpc.on(bus).serve("calc", Calculator.class, new CalculatorNode());

        Calculator calc = RedisRpc.on(bus).proxy("calc", Calculator.class);
        return calc.add(5);
    }
    // end::redisrpc
}
