package dev.omnibus.examples.orders;

import dev.omnibus.rpc.Idempotent;

/** The ledger, which the desk keeps: nodes come and go. */
public interface Ledger {

    /**
     * Enters an invoice, unless there is one of the same order: an event may be handled twice, and its work must count
     * once.
     *
     * @param invoice what was billed
     * @param mayHaveRun whether the event was known to be handled perhaps for the second time
     * @return whether it is new
     */
    @Idempotent
    boolean enter(Invoice invoice, boolean mayHaveRun);

    /**
     * What was billed. Immutable.
     *
     * @param order the id of the order
     * @param cents what it is worth, in cents of a euro
     * @param node who has billed it
     */
    record Invoice(String order, long cents, String node) {}
}
