package dev.omnibus.examples;

// tag::run-a-node
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;

/** A process that serves {@link Goods} until it is told to stop. */
public final class WarehouseNode {

    /** What others may ask. */
    @ServiceName("goods")
    public interface Goods {
        /**
         * How many there are.
         *
         * @param sku which
         * @return the pieces
         */
        int left(String sku);
    }

    private WarehouseNode() {}

    /**
     * Serves until SIGTERM or Ctrl-C.
     *
     * @param args the address of Redis; without one, that of a Redis on this machine
     */
    public static void main(String[] args) {
        String redis = args.length > 0 ? args[0] : "redis://127.0.0.1:6379";
        try {
            Bus bus = Bus.builder(redis)
                    .name("warehouse")
                    .closeOnShutdown() // finishes what runs; others are called from then on
                    .build();
            RpcServer.on(bus)
                    .serve(Goods.class, sku -> {
                        System.out.println("asked for " + sku);
                        return 12;
                    })
                    .ready()
                    .join();
            System.out.println("ready " + bus.node());
        } catch (RuntimeException e) {
            System.err.println("The warehouse does not start: " + e.getMessage());
            System.exit(1); // a process that only hangs is not started again
        }
    }
}
// end::run-a-node
