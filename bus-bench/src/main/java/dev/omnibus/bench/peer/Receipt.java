package dev.omnibus.bench.peer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The answer to an order, which can only be right if the receiver has read all of it.
 *
 * @param id that of the order
 * @param total what the receiver has computed
 */
public record Receipt(long id, long total) {

    /**
     * As {@link Order}.
     *
     * @param id that of the order
     * @param total what the receiver has computed
     */
    @JsonCreator
    public Receipt(@JsonProperty("id") long id, @JsonProperty("total") long total) {
        this.id = id;
        this.total = total;
    }

    public boolean isFor(Order order) {
        return equals(order.receipt());
    }
}
