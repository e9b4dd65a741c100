package dev.omnibus.bench.peer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What every message carries: a small typed record, made as large as the job wants by its note.
 *
 * @param id which one
 * @param item what is ordered
 * @param count how much of it
 * @param note the rest
 */
public record Order(long id, String item, int count, String note) {

    private static final int REST = 44; // bytes of JSON around a note, with a small id

    /**
     * Redisson's JSON codec looks for annotated constructors only.
     *
     * @param id which one
     * @param item what is ordered
     * @param count how much of it
     * @param note the rest
     */
    @JsonCreator
    public Order(
            @JsonProperty("id") long id,
            @JsonProperty("item") String item,
            @JsonProperty("count") int count,
            @JsonProperty("note") String note) {
        this.id = id;
        this.item = item;
        this.count = count;
        this.note = note;
    }

    public static Order of(long id, String note) {
        return new Order(id, "sku-17", 3, note);
    }

    /** The note that makes an order so many bytes of JSON. */
    public static String note(int bytes) {
        return "x".repeat(Math.max(0, bytes - REST));
    }

    /** What the receiver does with it, on both sides of every comparison. */
    public Receipt receipt() {
        return new Receipt(id, item.length() + (long) count * note.length());
    }
}
