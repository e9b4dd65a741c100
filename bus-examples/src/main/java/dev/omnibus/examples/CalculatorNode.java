package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.redisrpc.RedisRpc;
import dev.omnibus.testing.RedisServer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.DoubleBinaryOperator;

/**
 * A process that serves {@link Calculator}, for those who try calls from another language. Thread-safe: the calls
 * change one number, one after the other.
 */
public final class CalculatorNode implements Calculator {

    private static final int FAILED = 1;
    private static final int NO_NUMBER = 2;

    private double number; // guarded by this

    /** A calculator that shows 0. */
    public CalculatorNode() {}

    /**
     * Serves the calculator on the Redis of {@code REDIS_URL}, or on one of its own, until it is told to stop. Prints
     * {@code ready} and the node id when it can be called.
     *
     * @param args {@code --redisrpc QUEUE} to serve it on that list as well; nothing else
     */
    public static void main(String[] args) {
        String queue = "";
        if (args.length == 2 && args[0].equals("--redisrpc")) {
            queue = args[1];
        } else if (args.length > 0) {
            System.err.println("Usage: CalculatorNode [--redisrpc QUEUE]");
            System.exit(2);
        }
        try {
            Bus bus = PatientStart.open(Bus.builder(url()).name("calculator").closeOnShutdown());
            serve(bus, new CalculatorNode(), queue).join();
            System.out.println("ready " + bus.node()); // what it serves keeps the process alive
        } catch (RuntimeException e) {
            System.err.println("The calculator does not start: " + e.getMessage());
            System.exit(1);
        }
    }

    /** A Redis of its own lives as long as this process. */
    private static String url() {
        String url = System.getenv("REDIS_URL");
        if (url != null && !url.isEmpty()) {
            return url;
        }
        RedisServer own = RedisServer.obtain();
        System.err.println("REDIS_URL is not set; using " + own.origin() + " at " + own.url());
        return own.url();
    }

    static CompletableFuture<Void> serve(Bus bus, CalculatorNode calculator, String queue) {
        CompletableFuture<Void> onBus =
                RpcServer.on(bus).serve(Calculator.class, calculator).ready();
        return queue.isEmpty()
                ? onBus
                : CompletableFuture.allOf(
                        onBus,
                        RedisRpc.on(bus)
                                .serve(queue, Calculator.class, calculator)
                                .ready());
    }

    @Override
    public double clr() {
        return change((now, none) -> 0, 0);
    }

    @Override
    public double add(double x) {
        return change((now, more) -> now + more, x);
    }

    @Override
    public double sub(double x) {
        return change((now, less) -> now - less, x);
    }

    @Override
    public double mul(double x) {
        return change((now, factor) -> now * factor, x);
    }

    @Override
    public double div(double x) {
        return change((now, divisor) -> now / divisor, x);
    }

    @Override
    public double val() {
        return change((now, none) -> now, 0);
    }

    /** JSON has no infinity, and nobody can go on from there. */
    private synchronized double change(DoubleBinaryOperator operation, double x) {
        number = finite(operation.applyAsDouble(number, x));
        return number;
    }

    private static double finite(double result) {
        if (!Double.isFinite(result)) {
            throw new RpcFault(NO_NUMBER, "the result is no number");
        }
        return result;
    }

    @Override
    public String echo(String text) {
        return text;
    }

    @Override
    public double sum(List<Double> numbers) {
        return finite(numbers.stream().mapToDouble(Double::doubleValue).sum());
    }

    @Override
    public long sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the caller has given up
        }
        return ms;
    }

    @Override
    public void fail(String message) {
        throw new RpcFault(FAILED, message);
    }
}
