package dev.omnibus.examples.orders;

import dev.omnibus.rpc.Idempotent;

/** What the desk asks of all billing nodes at once. */
public interface Rates {

    /**
     * Sets what a currency is worth.
     *
     * @param currency by its code
     * @param rate in thousandths of a euro
     * @return how many currencies the node knows now
     */
    @Idempotent
    int set(String currency, int rate);
}
