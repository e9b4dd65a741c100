package dev.omnibus.examples.orders;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The ledger as the desk keeps it. Thread-safe. */
final class Book implements Ledger {

    /**
     * What one node has done.
     *
     * @param billed the invoices that were new
     * @param again how many orders it had that may have been handled before, by the node that was killed
     * @param known how many of these had been entered before
     */
    record Tally(int billed, int again, int known) {

        static final Tally NONE = new Tally(0, 0, 0);
    }

    private final Map<String, Invoice> invoices = new HashMap<>(); // guarded by this, like all below
    private final Map<String, Tally> nodes = new TreeMap<>();
    private int unannounced;

    @Override
    public synchronized boolean enter(Invoice invoice, boolean mayHaveRun) {
        boolean isNew = invoices.putIfAbsent(invoice.order(), invoice) == null;
        if (!isNew && !mayHaveRun) {
            unannounced++;
        }
        nodes.merge(
                invoice.node(),
                new Tally(isNew ? 1 : 0, mayHaveRun ? 1 : 0, isNew ? 0 : 1),
                (all, one) -> new Tally(all.billed + one.billed, all.again + one.again, all.known + one.known));
        return isNew;
    }

    synchronized int size() {
        return invoices.size();
    }

    /** Who has billed an order. */
    synchronized Optional<String> billedBy(String order) {
        return Optional.ofNullable(invoices.get(order)).map(Invoice::node);
    }

    synchronized long worth() {
        return invoices.values().stream().mapToLong(Invoice::cents).sum();
    }

    synchronized Tally tally(String node) {
        return nodes.getOrDefault(node, Tally.NONE);
    }

    /** How many were handled twice though nothing had said that they might be. */
    synchronized int unannounced() {
        return unannounced;
    }
}
