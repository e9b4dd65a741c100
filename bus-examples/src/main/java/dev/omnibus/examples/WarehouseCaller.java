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
     * @param args the address of Redis
     * @throws InterruptedException if the thread is interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        try (Bus bus = Bus.builder(args[0]).name("shop").build()) {
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
