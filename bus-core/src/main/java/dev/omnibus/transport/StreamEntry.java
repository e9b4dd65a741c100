package dev.omnibus.transport;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a stream, as it is read.
 *
 * @param id its position
 * @param event the bytes that were appended; null if somebody else has written an entry without them. Not to be changed
 * @param repaired whether it was appended again, after a failover had lost it or as a dead letter: it may have been
 *     handled before
 * @param onlyFor the group that it is meant for, if it is a dead letter that was redelivered; others acknowledge and
 *     skip it
 * @param attempts what has been tried with it in the group that reads it; {@link Attempts#NONE} without a group
 */
public record StreamEntry(
        StreamId id, byte @Nullable [] event, boolean repaired, Optional<String> onlyFor, Attempts attempts) {

    /**
     * How often a group has tried to handle an entry. The server keeps it beside the entry, in one number: deliveries
     * by themselves do not count. Immutable.
     *
     * @param suspect whether a consumer has died while it had the entry: it may have run, and may be what killed it
     * @param starts how often it was started since then without having ended
     * @param failures how often it has failed
     * @param hasRun whether a handler may have been run with it, in part at least; of suspects and what has failed,
     *     true
     */
    public record Attempts(boolean suspect, int starts, int failures, boolean hasRun) {

        /** Nothing was tried. */
        public static final Attempts NONE = new Attempts(false, 0, 0);

        /** As many failures are counted; further ones do not count. */
        public static final int MAX_FAILURES = 997;

        private static final int SUSPECT = 1_000;
        private static final int HAS_RUN = 999; // instead of 1 and the failures
        private static final int MAX_STARTS = 1_000_000;

        /**
         * Bounds the numbers.
         *
         * @param suspect whether a consumer has died with it
         * @param starts starts as a suspect; 0 if it is none
         * @param failures not negative
         * @param hasRun whether a handler may have been run with it
         */
        public Attempts {
            if (starts < 0 || failures < 0 || (starts > 0 && !suspect)) {
                throw new IllegalArgumentException("No such attempts: " + suspect + ", " + starts + ", " + failures);
            }
            starts = Math.min(starts, MAX_STARTS);
            failures = Math.min(failures, MAX_FAILURES);
            hasRun |= suspect || failures > 0;
        }

        /**
         * What has run only if it is a suspect or has failed.
         *
         * @param suspect whether a consumer has died with it
         * @param starts starts as a suspect; 0 if it is none
         * @param failures not negative
         */
        public Attempts(boolean suspect, int starts, int failures) {
            this(suspect, starts, failures, false);
        }

        /**
         * Reads the delivery count of Redis.
         *
         * @param count {@code 1 + failures}, or 999 if it has run without failing; and 1000 for each start as a suspect
         *     and for being one
         * @return the attempts
         */
        public static Attempts of(long count) {
            int suspicion = (int) Math.min(count / SUSPECT, MAX_STARTS + 1L);
            int rest = (int) (count % SUSPECT);
            int failures = rest == HAS_RUN ? 0 : Math.max(0, rest - 1);
            return new Attempts(suspicion > 0, Math.max(0, suspicion - 1), failures, rest == HAS_RUN);
        }

        /**
         * The same as the delivery count of Redis.
         *
         * @return what {@link #of} reads
         */
        public long count() {
            boolean onlyRun = hasRun && !suspect && failures == 0;
            return (suspect ? SUSPECT * (starts + 1L) : 0) + (onlyRun ? HAS_RUN : failures + 1);
        }

        /**
         * After one more start.
         *
         * @return the same, if it is no suspect: its starts need not be counted
         */
        public Attempts started() {
            return suspect ? new Attempts(true, starts + 1, failures) : this;
        }

        /**
         * After a run that has ended and does not count, so it has killed nobody.
         *
         * @return no suspect any more
         */
        public Attempts ran() {
            return new Attempts(false, 0, failures, true);
        }

        /**
         * After one more failure: it has ended, so it has killed nobody.
         *
         * @return no suspect any more
         */
        public Attempts failed() {
            return new Attempts(false, 0, failures + 1);
        }
    }
}
