package dev.omnibus.rpc.faults;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * What came of one fault, as a row for the table in docs/explanation/reliability.md.
 *
 * @param backAfter milliseconds until everything worked again, for each round; empty if that cannot be said
 * @param bound within which it should have
 * @param calls made, broadcasts included
 * @param unfinished calls without an outcome
 * @param executedAgain how many times too often calls were executed
 * @param unreported events that are missing without a word
 */
record Figures(
        String fault,
        List<Long> backAfter,
        Duration bound,
        long calls,
        long unfinished,
        long executedAgain,
        long unreported) {

    /** The median is the larger one of the two in the middle. */
    @Override
    public String toString() {
        List<Long> sorted = backAfter.stream().sorted().toList();
        String back = sorted.isEmpty()
                ? "– | –"
                : sorted.get(sorted.size() / 2) + " ms | " + sorted.get(sorted.size() - 1) + " ms";
        return String.format(
                Locale.ROOT,
                "[table] | %s | %d | %s | %d ms | %,d | %d | %d | %d |",
                fault,
                Math.max(1, sorted.size()),
                back,
                bound.toMillis(),
                calls,
                unfinished,
                executedAgain,
                unreported);
    }
}
