package dev.omnibus.bench.micro;

import dev.omnibus.internal.channel.AdmissionControl;
import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Lane;
import dev.omnibus.internal.channel.OutboundMessage;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.Outbox;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

/** A message on its way through a lane and out in a frame, without a transport: the benchmark takes its place. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LaneBenchmark {

    private static final int MESSAGES = 512;
    private static final int OUTBOX_BYTES = 64 * 1024 * 1024;

    private final byte[] message = ("{\"data\":\"" + "x".repeat(200) + "\"}").getBytes(StandardCharsets.UTF_8);
    private final ArrayDeque<Publication> underWay = new ArrayDeque<>();
    private final AdmissionControl gate = new AdmissionControl(
            new Channels.Limits(
                    OUTBOX_BYTES,
                    OUTBOX_BYTES,
                    Duration.ZERO,
                    Duration.ZERO,
                    OUTBOX_BYTES,
                    Duration.ofHours(1),
                    Duration.ofSeconds(1)),
            Runnable::run,
            new Counters());
    private final Lane lane = new Lane("c", new Outbox(transport(), gate, Duration.ofHours(1), () -> false, e -> {}));

    /** Made by JMH. */
    public LaneBenchmark() {}

    /** Keeps what it is to publish, and has one route; nothing else is asked of it here. */
    @SuppressWarnings("unchecked") // publish() has one argument, a list of publications
    private Transport transport() {
        return (Transport) Proxy.newProxyInstance(
                Transport.class.getClassLoader(), new Class<?>[] {Transport.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("route")) {
                        return "";
                    }
                    underWay.addAll((List<Publication>) arguments[0]);
                    return null;
                });
    }

    /**
     * The first message goes alone; the others gather behind it and go as one frame.
     *
     * @return what keeps the compiler from leaving it out
     */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public int gather() {
        for (int i = 0; i < MESSAGES; i++) {
            OutboundMessage waiting = OutboundMessage.plain(message, ReceiverCount.ANY, SendCallback.UNNOTICED);
            gate.admitAnyway(lane, waiting);
            lane.offer(waiting);
        }
        int frames = 0;
        Publication publication;
        while ((publication = underWay.poll()) != null) {
            publication.outcome().published(1, 0);
            frames++;
        }
        return frames;
    }
}
