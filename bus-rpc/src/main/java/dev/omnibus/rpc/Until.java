package dev.omnibus.rpc;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The completion rule of a broadcast: when its answers are enough. Whatever the rule, it also ends when every node has
 * answered or is known to be gone, and by its timeout. Immutable.
 *
 * @param <T> what the method gives
 */
public final class Until<T> {

    private static final int EVERYBODY = 0;
    private static final int MORE_THAN_HALF = -1;

    private final int values;
    private final @Nullable Predicate<? super T> accepts;

    private Until(int values, @Nullable Predicate<? super T> accepts) {
        this.values = values;
        this.accepts = accepts;
    }

    /**
     * Until every node has answered.
     *
     * @param <T> what the method gives
     * @return the rule that holds when nothing is said
     */
    public static <T> Until<T> all() {
        return new Until<>(EVERYBODY, null);
    }

    /**
     * Until some nodes have given a value; faults do not count.
     *
     * @param count how many
     * @param <T> what the method gives
     * @return the rule
     * @throws IllegalArgumentException if the count is not positive
     */
    public static <T> Until<T> first(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("The number of values is " + count + "; it must be at least 1");
        }
        return new Until<>(count, null);
    }

    /**
     * Until a node has given a value that is accepted. Nothing, as of a void method, is not.
     *
     * @param accepts whether a value is; called on the bus' executor, several at a time
     * @param <T> what the method gives
     * @return the rule
     */
    public static <T> Until<T> accepted(Predicate<? super T> accepts) {
        return new Until<>(1, accepts);
    }

    /**
     * Until more than half of the nodes that were asked have given a value; faults do not count.
     *
     * @param <T> what the method gives
     * @return the rule
     */
    public static <T> Until<T> quorum() {
        return new Until<>(MORE_THAN_HALF, null);
    }

    /**
     * Whether a value counts.
     *
     * @param value what a node has given
     * @return true if it is accepted
     */
    public boolean counts(@Nullable T value) {
        return accepts == null || (value != null && accepts.test(value));
    }

    /**
     * Whether every node is to answer.
     *
     * @return true if so
     */
    public boolean wantsAll() {
        return values == EVERYBODY;
    }

    /**
     * Whether so many values are enough.
     *
     * @param counted how many values that count there are
     * @param nodes how many nodes were asked; negative as long as that is not known
     * @return true if no other is awaited
     */
    public boolean isMet(int counted, long nodes) {
        if (values == MORE_THAN_HALF) {
            return nodes >= 0 && counted > nodes / 2;
        }
        return values != EVERYBODY && counted >= values;
    }
}
