package dev.omnibus.examples;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.examples.FirstCall.SoldOut;
import dev.omnibus.examples.FirstCall.Warehouse;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.NamedParams;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServerInterceptor;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.MDC;

/** What the pages about calls show. Tests run each listing. */
public final class Calls {

    private Calls() {}

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
        CallOptions sameOrder = CallOptions.defaults()
                .withIdempotencyKey(order)
                .withAffinity(order); // the node that may have done it remembers
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
        public void intercept(CallContext call, Next next) {
            String tenant = call.headers().get("tenant");
            if (tenant == null) {
                throw RpcException.refused("say for whom you call, in the header \"tenant\"");
            }
            MDC.put("tenant", tenant); // for what the method logs
            try {
                next.proceed().thenAccept(outcome -> outcome.failure().ifPresent(reason -> failures.increment()));
            } finally {
                MDC.remove("tenant");
            }
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
