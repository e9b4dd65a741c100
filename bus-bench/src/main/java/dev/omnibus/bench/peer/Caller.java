package dev.omnibus.bench.peer;

import java.util.concurrent.CompletionStage;

/** The client's side of calls. Thread-safe. */
public interface Caller extends AutoCloseable {

    /** Calls and waits, as the library would have it done. */
    Receipt call(Order order) throws Exception;

    /** The same to a handler that is declared never to wait, where the library knows of such. */
    default Receipt callQuick(Order order) throws Exception {
        return call(order);
    }

    /** Calls without waiting. */
    CompletionStage<Receipt> callAsync(Order order);

    /** Asks all nodes, and waits until the library says that these are all; how many answered. */
    default int broadcast(Order order) throws Exception {
        throw new UnsupportedOperationException();
    }

    @Override
    void close();
}
