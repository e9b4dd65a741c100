package dev.omnibus.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How well a server keeps the streams and queues that it is given, as far as it says so: what the user may not ask for
 * is empty. Immutable.
 *
 * @param evictionPolicy what it does when its memory is full, as {@code maxmemory-policy}: one that begins with
 *     {@code allkeys} evicts streams
 * @param maxMemory how many bytes it may use; 0 if there is no limit
 * @param usedMemory how many bytes it uses
 * @param appendOnly whether it writes an append-only file
 * @param replicas how many replicas are connected
 * @param history the id of its history of replication: another one since a failover
 */
public record StreamServer(
        Optional<String> evictionPolicy,
        OptionalLong maxMemory,
        OptionalLong usedMemory,
        Optional<Boolean> appendOnly,
        OptionalLong replicas,
        Optional<String> history) {

    /** One of which nothing is known. */
    public static final StreamServer UNKNOWN = new StreamServer(
            Optional.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            OptionalLong.empty(),
            Optional.empty());

    private static final int NEARLY_FULL = 80; // percent

    /**
     * Returns what is at risk there: that streams are evicted, or that there is hardly any room for more.
     *
     * @return a sentence for each risk; none if nothing is known
     */
    public List<String> risks() {
        List<String> risks = new ArrayList<>();
        long max = maxMemory.orElse(0);
        String policy = evictionPolicy.orElse("");
        if (max > 0 && policy.startsWith("allkeys")) {
            risks.add("Redis may evict whole durable topics and queues of calls when its memory is full, as its"
                    + " maxmemory-policy is " + policy + "; set it to noeviction");
        }
        if (max > 0 && usedMemory.orElse(0) > (double) max * NEARLY_FULL / 100) {
            risks.add("Redis uses more than " + NEARLY_FULL + " % of its maxmemory, and when that is full, it refuses"
                    + " what is published on durable topics or queued; raise maxmemory, or keep less");
        }
        return risks;
    }
}
