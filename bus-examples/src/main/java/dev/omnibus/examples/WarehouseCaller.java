package dev.omnibus.examples;

// tag::call-a-node
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import java.util.concurrent.TimeUnit;

/** A process that asks a {@link WarehouseNode} once a second, until it is told to stop. */
public final class WarehouseCaller {

    private WarehouseCaller() {}

    /**
     * Asks until SIGTERM or Ctrl-C.
     *
     * @param args the address of Redis; without one, that of a Redis on this machine
     * @throws InterruptedException if the thread is interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        String redis = args.length > 0 ? args[0] : "redis://127.0.0.1:6379";
        try (Bus bus = Bus.builder(redis).name("shop").build()) {
            WarehouseNode.Goods goods = RpcClient.on(bus).proxy(WarehouseNode.Goods.class);
            while (true) {
                try {
                    System.out.println(goods.left("sku-1") + " left");
                } catch (RpcException e) {
                    System.out.println(e.getMessage());
                }
                TimeUnit.SECONDS.sleep(1);
            }
        }
    }
}
// end::call-a-node
