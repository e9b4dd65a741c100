package dev.omnibus.bench.micro;

import dev.omnibus.internal.channel.Frames;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Joining and splitting a full frame, per message. */
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FramesBenchmark {

    private static final int MESSAGES = 512;

    private final List<byte[]> messages =
            IntStream.range(0, MESSAGES).mapToObj(i -> event(i, "x".repeat(56))).toList();
    private final byte[] frame = Frames.join(messages);
    private final byte[] unlike = Frames.join(
            IntStream.range(0, MESSAGES).mapToObj(i -> event(i, note(i))).toList());

    /** Of differing length, and of differing letters. */
    private static String note(int i) {
        StringBuilder note = new StringBuilder();
        for (int at = 0; at < 40 + i * 7 % 33; at++) {
            note.append((char) ('a' + (i * 31 + at * at * 17) % 26));
        }
        return note.toString();
    }

    /** Those of one publisher are alike but for their numbers, now and then the time, and what they carry. */
    private static byte[] event(int i, String note) {
        int number = 1_000 + i;
        String text =
                "{\"specversion\":\"1.0\",\"source\":\"/nodes/node-0123456789\",\"type\":\"Order\",\"subject\":\"orders\","
                        + "\"sequence\":\"000000000000" + number + "\",\"id\":\"" + number
                        + "\",\"time\":\"2026-11-21T00:00:00.00"
                        + i / 256 + "Z\",\"data\":{\"id\":" + number + ",\"item\":\"sku-17\",\"count\":3,\"note\":\""
                        + note + "\"}}";
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Made by JMH. */
    public FramesBenchmark() {}

    /**
     * Joins messages.
     *
     * @return the frame
     */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public byte[] join() {
        return Frames.join(messages);
    }

    /**
     * Splits a frame.
     *
     * @return the messages
     */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public Object split() {
        return Frames.split(frame);
    }

    /**
     * Splits a frame of messages with texts that are not alike.
     *
     * @return the messages
     */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public Object splitUnlike() {
        return Frames.split(unlike);
    }
}
