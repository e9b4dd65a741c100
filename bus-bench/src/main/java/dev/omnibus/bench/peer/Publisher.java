package dev.omnibus.bench.peer;

/** The sending side of events. Confined to one thread. */
public interface Publisher extends AutoCloseable {

    /** Publishes on one of the topics that this was opened for. */
    void publish(int topic, Order order);

    @Override
    void close();
}
