package dev.omnibus.examples;

// tag::first-call-frame
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.OneWay;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.rpc.Timeout;
import dev.omnibus.testing.RedisServer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** A contract, who serves it, and who calls it. */
public final class FirstCall {

    private FirstCall() {}

    /**
     * Calls once while somebody answers, and once when nobody does any more.
     *
     * @param args none
     * @throws SoldOut if there are not pieces enough
     */
    public static void main(String[] args) throws SoldOut {
        try (RedisServer redis = RedisServer.obtain();
                Bus shop = Bus.connect(redis.url())) {
            System.out.println(firstCall(redis.url()));
            System.out.println(nobodyThere(RpcClient.on(shop).proxy(Warehouse.class)));
        }
    }
    // end::first-call-frame

    // tag::warehouse
    @ServiceName("warehouse")
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
}
