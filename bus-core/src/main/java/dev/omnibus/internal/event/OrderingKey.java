package dev.omnibus.internal.event;

import org.jspecify.annotations.Nullable;

/**
 * A user's key, wrapped for a map that must survive whatever it does: its hash code is computed once, so that it may
 * change later, and a key that throws when it is compared is equal to no other.
 *
 * @param value the key itself
 * @param hash its hash code, as it was at first
 */
public record OrderingKey(Object value, int hash) implements Comparable<OrderingKey> {

    /** Wraps a key; throws what its hash code throws. */
    public static @Nullable OrderingKey of(@Nullable Object value) {
        return value == null ? null : new OrderingKey(value, value.hashCode());
    }

    /**
     * Publishers may choose keys with colliding hash codes; a hash map still finds comparable ones in logarithmic time.
     */
    @Override
    @SuppressWarnings("unchecked") // they are of one class
    public int compareTo(OrderingKey other) {
        try {
            return value instanceof Comparable<?> ordered && value.getClass() == other.value.getClass()
                    ? ((Comparable<Object>) ordered).compareTo(other.value)
                    : 0;
        } catch (RuntimeException | Error e) {
            return 0;
        }
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        try {
            return other instanceof OrderingKey key && hash == key.hash && value.equals(key.value);
        } catch (RuntimeException | Error e) {
            return false;
        }
    }
}
