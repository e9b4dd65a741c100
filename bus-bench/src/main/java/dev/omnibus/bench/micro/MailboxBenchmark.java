package dev.omnibus.bench.micro;

import dev.omnibus.internal.concurrent.Mailbox;
import java.util.ArrayDeque;
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

/** An item on its way through a mailbox, on one thread: what the mailbox itself costs, without a change of threads. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MailboxBenchmark {

    private static final int ITEMS = 512;

    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private long handled;
    private final Mailbox<Integer> mailbox = new Mailbox<>(
            tasks::add,
            (delay, task) -> {},
            1,
            new Mailbox.Limits(ITEMS, Long.MAX_VALUE),
            item -> 1,
            (item, next) -> handled += item);

    /** Made by JMH. */
    public MailboxBenchmark() {}

    /**
     * One item, and one task for it.
     *
     * @return what keeps the compiler from leaving it out
     */
    @Benchmark
    public long alone() {
        mailbox.offer(1);
        run();
        return handled;
    }

    /**
     * Many items, and one task for all.
     *
     * @return what keeps the compiler from leaving it out
     */
    @Benchmark
    @OperationsPerInvocation(ITEMS)
    public long together() {
        for (int i = 0; i < ITEMS; i++) {
            mailbox.offer(1);
        }
        run();
        return handled;
    }

    private void run() {
        Runnable task;
        while ((task = tasks.poll()) != null) {
            task.run();
        }
    }
}
