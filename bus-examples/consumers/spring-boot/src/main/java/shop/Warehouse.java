package shop;

import dev.omnibus.spring.RpcService;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The stock of this node, which every node asks for. */
@RpcService
class Warehouse implements Stock {

    private final Map<String, Integer> pieces = new ConcurrentHashMap<>();

    @Override
    public int left(String sku) {
        return pieces.getOrDefault(sku, 0);
    }

    void put(String sku, int number) {
        pieces.merge(sku, number, Integer::sum);
    }
}
