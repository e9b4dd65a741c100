package dev.omnibus.examples;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.NamedParams;
import dev.omnibus.rpc.OneWay;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServerInterceptor;
import dev.omnibus.rpc.Service;
import dev.omnibus.rpc.Timeout;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What the pages about calls show. Tests run each listing. */
public final class Calls {

    private Calls() {}

    // tag::warehouse
    @Service("warehouse")
    interface Warehouse {
        @Idempotent
        Optional<Integer> left(String sku);

        @Timeout(millis = 2_000)
        int reserve(String sku, int pieces) throws SoldOut;

        @OneWay
        void looked(String sku);
    }
    // end::warehouse

    // tag::sold-out
    static final class SoldOut extends Exception {
        private final int left;

        SoldOut(String message, int left) {
            super(message);
            this.left = left;
        }

        int left() {
            return left;
        }
    }
    // end::sold-out

    // tag::shelves
    static final class Shelves implements Warehouse {
        private final Map<String, Integer> pieces = new ConcurrentHashMap<>(Map.of("sku-1", 12));
        private final LongAdder looks = new LongAdder();

        @Override
        public Optional<Integer> left(String sku) {
            return Optional.ofNullable(pieces.get(sku));
        }

        @Override
        public int reserve(String sku, int wanted) throws SoldOut {
            int there = pieces.getOrDefault(sku, 0);
            if (there < wanted) {
                throw new SoldOut("only " + there + " of " + sku, there);
            }
            return pieces.merge(sku, -wanted, Integer::sum);
        }

        @Override
        public void looked(String sku) {
            looks.increment();
        }
    }
    // end::shelves

    // tag::first-call
    static String firstCall(String redis) throws SoldOut {
        try (Bus warehouse = Bus.connect(redis);
                Bus shop = Bus.connect(redis)) {
            RpcServer.on(warehouse)
                    .serve(Warehouse.class, new Shelves())
                    .ready()
                    .join();

            Warehouse stock = RpcClient.on(shop).proxy(Warehouse.class);
            stock.looked("sku-1");
            return stock.left("sku-1").orElse(0) + " left, then " + stock.reserve("sku-1", 2);
        }
    }
    // end::first-call

    // tag::nobody-there
    static String nobodyThere(Warehouse stock) {
        try {
            return stock.left("sku-1").orElse(0) + " left";
        } catch (RpcException e) {
            return e.reason() + ", executed: " + (e.notExecuted() ? "no" : "perhaps");
        }
    }
    // end::nobody-there

    // tag::declared-exception
    static int leftAfter(Warehouse stock, String sku, int wanted) {
        try {
            return stock.reserve(sku, wanted);
        } catch (SoldOut e) {
            return e.left(); // thrown over there, with its fields
        }
    }
    // end::declared-exception

    // tag::retries
    static Warehouse patient(RpcClient client) {
        return client.proxy(
                Warehouse.class,
                CallOptions.defaults()
                        .withTimeout(Duration.ofSeconds(10))
                        .withAttemptTimeout(Duration.ofSeconds(2))
                        .withRetries(4));
    }
    // end::retries

    // tag::once-by-key
    static int reserveOnce(RpcClient client, String order, String sku, int pieces) {
        CallOptions sameOrder =
                CallOptions.defaults().withKey(order).withStickyKey(order); // the node that may have done it remembers
        try {
            return reserve(client, sameOrder, sku, pieces);
        } catch (RpcException e) {
            if (e.reason() == Reason.TIMEOUT || e.reason() == Reason.CONNECTION_LOST) {
                return reserve(client, sameOrder, sku, pieces); // the answer of the first time, or the first time
            }
            throw e;
        }
    }

    private static int reserve(RpcClient client, CallOptions options, String sku, int pieces) {
        try {
            return client.proxy(Warehouse.class, options).reserve(sku, pieces);
        } catch (SoldOut e) {
            return 0;
        }
    }
    // end::once-by-key

    // tag::context
    static int search(CallContext call, Iterable<String> shelves) {
        int found = 0;
        for (String shelf : shelves) {
            if (call.isCancelled() || call.timeLeft().isNegative()) {
                break; // nobody waits any more
            }
            found += shelf.length();
        }
        return found;
    }
    // end::context

    // tag::interceptor
    static final class Door implements ServerInterceptor {
        private final LongAdder failures = new LongAdder();

        @Override
        public void before(CallContext call) {
            if (!call.headers().containsKey("tenant")) {
                throw RpcException.refused("say for whom you call, in the header \"tenant\"");
            }
        }

        @Override
        public void after(CallOutcome outcome) {
            outcome.failure().ifPresent(reason -> failures.increment());
        }
    }
    // end::interceptor

    static void guard(Bus bus) {
        // tag::intercept
        RpcServer.on(bus).intercept(new Door());
        // end::intercept
    }

    // tag::by-name
    record Order(String sku, int pieces) {}

    static int byName(Bus server, Bus caller) {
        RpcServer.on(server)
                .serve("shop.order", Order.class, order -> order.pieces() + 1)
                .ready()
                .join();
        JsonNode answer = RpcClient.on(caller)
                .call("shop.order", JsonNode.class, NamedParams.of(Map.of("sku", "sku-1", "pieces", 2)))
                .join();
        return answer.asInt();
    }
    // end::by-name
}
