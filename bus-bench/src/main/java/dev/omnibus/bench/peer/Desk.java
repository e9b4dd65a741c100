package dev.omnibus.bench.peer;

import dev.omnibus.rpc.NonBlocking;
import dev.omnibus.rpc.ServiceName;
import java.util.concurrent.CompletableFuture;
import org.redisson.api.RFuture;
import org.redisson.api.annotation.RRemoteAsync;

/** The service that is called. It and what it carries are public because RRemoteService wants it so. */
@ServiceName("desk")
public interface Desk {

    /**
     * Reads the order.
     *
     * @param order all of it is read
     * @return what shows that it was
     */
    Receipt place(Order order);

    /** The same for a desk that never waits. */
    @ServiceName("quickdesk")
    interface Quick {

        /**
         * Reads the order.
         *
         * @param order all of it is read
         * @return what shows that it was
         */
        @NonBlocking
        Receipt place(Order order);
    }

    /** The same for those who do not wait. */
    @ServiceName("desk")
    interface Async {

        /**
         * Reads the order.
         *
         * @param order all of it is read
         * @return what shows that it was
         */
        CompletableFuture<Receipt> place(Order order);
    }

    /** The same in the words of Redisson. */
    @RRemoteAsync(Desk.class)
    interface Remote {

        /**
         * Reads the order.
         *
         * @param order all of it is read
         * @return what shows that it was
         */
        RFuture<Receipt> place(Order order);
    }
}
