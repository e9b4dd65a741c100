package dev.omnibus.bench.micro;

import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.event.EnvelopeCache;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.Payloads;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** An event as JSON: writing it, reading its envelope, and reading its payload too. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EventCodecBenchmark {

    private static final int LIMIT = 1024 * 1024;
    private static final String TOPIC = "orders.placed";

    record Placed(long id, String item, int count, String note) {}

    private final EventCodec codec = new EventCodec(LIMIT, "node-0123456789");
    private final Payloads payloads = new Payloads(Json.mapper(null, LIMIT), null);
    private final Payloads.Target target = payloads.target(Placed.class);
    private final byte[] prefix = codec.prefix(TOPIC, "Placed");
    private final Placed placed = new Placed(17, "sku-17", 3, "x".repeat(56));
    private final EnvelopeCache known = new EnvelopeCache(new MemoryBudget(1 << 20));
    private final Message message;

    /** Publishers whose events come in turn. */
    @State(Scope.Thread)
    public static class Senders {

        private final EnvelopeCache known = new EnvelopeCache(new MemoryBudget(32 << 20));
        private Message[] messages = {};
        private int next;

        /** How many; set by JMH. */
        @Param({"1", "8", "64", "65", "200", "1000"})
        public int senders;

        /** Made by JMH. */
        public Senders() {}

        /** Writes an event of each. */
        @Setup
        public void write() {
            EventCodecBenchmark event = new EventCodecBenchmark();
            messages = new Message[senders];
            for (int i = 0; i < senders; i++) {
                EventCodec codec = new EventCodec(LIMIT, "node-" + Integer.toHexString(i * 0x9E3779B1));
                byte[] prefix = codec.prefix(TOPIC, "Placed");
                messages[i] = numbered(codec.write(prefix, Map.of(), event.payloads.write(event.placed)), prefix);
            }
        }

        Message next() {
            next = next + 1 < senders ? next + 1 : 0;
            return messages[next];
        }
    }

    /** Made by JMH. */
    public EventCodecBenchmark() {
        message = numbered(write(), prefix);
    }

    /** As it comes out of a frame. */
    private static Message numbered(byte[] written, byte[] prefix) {
        byte[] number = "0000000000012345".getBytes(StandardCharsets.US_ASCII); // as a lane would have written it
        System.arraycopy(number, 0, written, prefix.length, number.length);
        int data = new String(written, StandardCharsets.US_ASCII).lastIndexOf('{');
        return new Message(written, 0, written.length, data);
    }

    /**
     * Writes envelope and payload.
     *
     * @return the JSON
     */
    @Benchmark
    public final byte[] write() {
        return codec.write(prefix, Map.of(), payloads.write(placed));
    }

    /**
     * Reads the envelope of any event.
     *
     * @return the envelope
     * @throws IOException never
     */
    @Benchmark
    public Object readAnyEnvelope() throws IOException {
        return codec.read(TOPIC, message);
    }

    /**
     * Reads the envelope of a publisher that is known.
     *
     * @return the envelope
     * @throws IOException never
     */
    @Benchmark
    public Object readKnownEnvelope() throws IOException {
        return codec.read(TOPIC, message, known);
    }

    /**
     * Reads the envelopes of publishers in turn.
     *
     * @param senders the publishers
     * @return the envelope
     * @throws IOException never
     */
    @Benchmark
    public Object readEnvelopesInTurn(Senders senders) throws IOException {
        return codec.read(TOPIC, senders.next(), senders.known);
    }

    /**
     * Reads envelope and payload of a publisher that is known.
     *
     * @return the event
     * @throws IOException never
     */
    @Benchmark
    public Object readEvent() throws IOException {
        return codec.read(TOPIC, message, known).as(payloads, target);
    }
}
