package dev.omnibus.bench.micro;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.PendingCalls;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.memory.InMemoryNetwork;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** The table of calls that wait: in and out, and looking for deadlines that have passed. */
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PendingCallsBenchmark {

    private static final PendingCalls.Entry ENDLESS = new PendingCalls.Entry() {

        @Override
        public long deadline() {
            return System.nanoTime() + TimeUnit.DAYS.toNanos(1);
        }

        @Override
        public boolean endsWithOneReply() {
            return true;
        }

        @Override
        public boolean accepts(RpcCodec.Response reply) {
            return true;
        }

        @Override
        public void onReply(RpcCodec.Response reply) {}

        @Override
        public boolean askedBefore(int interruption) {
            return false;
        }

        @Override
        public boolean onLost(String node) {
            return false;
        }

        @Override
        public void onEnd(Reason reason, String why) {}
    };

    private final Bus bus = Bus.builder(new InMemoryNetwork().open()).build();
    private final PendingCalls table = new PendingCalls(
            BusRuntime.of(bus),
            new RpcCodec(BusRuntime.of(bus).json(), "node", "inbox"),
            ClientRuntime.of(BusRuntime.of(bus)).queued(),
            () -> {});

    /** How many wait meanwhile; set by JMH. */
    @Param({"0", "1024"})
    public int waiting;

    /** Made by JMH. */
    public PendingCallsBenchmark() {}

    /** Fills the table. */
    @Setup
    public void fill() {
        for (int i = 0; i < waiting; i++) {
            table.add(ENDLESS, "desk.place");
        }
    }

    /** Ends the threads of the bus. */
    @TearDown
    public void close() {
        bus.close();
    }

    /**
     * One call comes and goes.
     *
     * @return true
     */
    @Benchmark
    @Threads(2)
    public boolean inAndOut() {
        return table.remove(table.add(ENDLESS, "desk.place"));
    }

    /** Looks for deadlines, as is done every few milliseconds. */
    @Benchmark
    public void expire() {
        table.expire();
    }
}
