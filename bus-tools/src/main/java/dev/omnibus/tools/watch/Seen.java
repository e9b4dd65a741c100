package dev.omnibus.tools.watch;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * A decoded message, as a {@link Watch} has seen it on its channel. Immutable, as long as nobody writes to its bytes.
 *
 * @param at when it was read here, by this machine's clock
 * @param nanos the same by {@link System#nanoTime()}, for latencies
 * @param kind what it is
 * @param channel where it was published
 * @param name the topic of an event or a marker; {@code service.method} of a request or a cancel; {@code joined},
 *     {@code draining} or {@code left} of presence; empty for others
 * @param from the node that sent it, as it says itself; of an event of another maker, its source; empty if it does not
 *     say
 * @param to the node that it is for; empty for all that listen
 * @param inbox of a request the inbox that its reply is to go to, of a reply the one that it is in; empty for others
 * @param id of an event, or of a call: that of the request, which its replies and its cancel repeat; empty for none
 * @param sequence the number of an event or a marker; 0 for none
 * @param ttlMillis how long the caller of a request waits; 0 for others
 * @param code of a reply the code of its error; 0 for a result, and for others
 * @param problem why it cannot be read, of a {@link Kind#BAD} one; of a reply the message of its error; empty for
 *     others
 * @param json the message itself
 */
public record Seen(
        Instant at,
        long nanos,
        Kind kind,
        String channel,
        String name,
        String from,
        String to,
        String inbox,
        String id,
        long sequence,
        long ttlMillis,
        int code,
        String problem,
        byte[] json) {

    /** What a message is. */
    public enum Kind {
        /** Data on a topic. */
        EVENT,
        /** The last sequence number of a silent topic. */
        MARKER,
        /** A call, to one node or to all. */
        REQUEST,
        /** A result or an error. */
        REPLY,
        /** A request that is not wanted any more. */
        CANCEL,
        /** A node that comes, drains or leaves. */
        PRESENCE,
        /** What a node sends itself. */
        HEARTBEAT,
        /** A message that violates the wire protocol. */
        BAD
    }

    /**
     * Whether it is a request to every node that serves the method.
     *
     * @return true if so
     */
    public boolean isBroadcast() {
        return kind == Kind.REQUEST && to.isEmpty();
    }

    /**
     * Whether it is a request that nobody answers.
     *
     * @return true if so
     */
    public boolean isOneWay() {
        return kind == Kind.REQUEST && id.isEmpty();
    }

    /**
     * How large the message is.
     *
     * @return its bytes, without the frame around it
     */
    public int bytes() {
        return json.length;
    }

    /**
     * The message as text.
     *
     * @return its JSON
     */
    public String text() {
        return new String(json, StandardCharsets.UTF_8);
    }

    /** What it is and between whom, without the content, which may be confidential. */
    @Override
    public String toString() {
        return kind + (name.isEmpty() ? "" : " " + name) + (id.isEmpty() ? "" : " " + id) + " from " + from
                + (to.isEmpty() ? "" : " to " + to);
    }
}
