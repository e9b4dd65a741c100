package dev.omnibus.bench.job;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Addresses;
import dev.omnibus.bench.server.ChildJvm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The subscribers' processes. They live as long as the whole comparison, so that all peers find them equally warm.
 *
 * <p>They also give the publisher its credit: it may be so many events ahead of the slowest of them, and no more. What
 * is lost would take credit away for good, so after a while without progress the rest is written off.
 */
public final class Subscribers implements Flow.Receivers, AutoCloseable {

    private static final long WRITE_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LAST_ONES_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long DURABLE_NANOS = TimeUnit.SECONDS.toNanos(15); // none of these may be lost
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final int REPORTS_PER_WINDOW = 16;

    /** What one of them has received at least, what all have, its fingerprint, and what all have used. */
    record Count(long least, long sum, long fingerprint, Usage usage) {}

    private final List<ChildJvm> children = new ArrayList<>();
    private final List<AtomicLong> progress = new ArrayList<>();
    private Intake intake = Intake.EVENTS;
    private int used;
    private int window;
    private long writtenOff;

    /** Has so many of them subscribe; they are started where there are too few. */
    void open(Intake how, Peer peer, Addresses addresses, int processes, int topics, int credit) throws IOException {
        while (children.size() < processes) {
            AtomicLong got = new AtomicLong();
            children.add(new ChildJvm(got::set, SubscriberMain.class));
            progress.add(got);
        }
        intake = how;
        used = processes;
        window = credit;
        writtenOff = 0;
        progress.forEach(got -> got.set(0));
        int step = Math.max(1, credit / REPORTS_PER_WINDOW);
        askAll("open " + how + " " + peer.name() + " " + topics + " " + step + " " + addresses.words());
    }

    @CanIgnoreReturnValue
    private List<String> askAll(String question) {
        children.subList(0, used).forEach(child -> child.ask(question));
        return children.subList(0, used).stream().map(ChildJvm::answer).toList();
    }

    @Override
    public void awaitCredit(long published) {
        if (published - progress() < window) {
            return;
        }
        long seen = progress();
        long since = System.nanoTime();
        while (published - progress() >= window) {
            LockSupport.parkNanos(LOOK_NANOS);
            long now = System.nanoTime();
            if (progress() != seen) {
                seen = progress();
                since = now;
            } else if (now - since > (intake == Intake.EVENTS ? WRITE_OFF_NANOS : DURABLE_NANOS)) {
                writtenOff += published - seen;
            }
        }
    }

    /** That of the slowest, or of all together if they share the events. */
    private long progress() {
        long sum = 0;
        long least = Long.MAX_VALUE;
        for (int i = 0; i < used; i++) {
            long got = progress.get(i).get();
            sum += got;
            least = Math.min(least, got);
        }
        return writtenOff + (intake == Intake.GROUP ? sum : least);
    }

    Count count() {
        long least = Long.MAX_VALUE;
        long sum = 0;
        long fingerprint = 0;
        Usage usage = Usage.NONE;
        for (String answer : askAll("count")) {
            String[] parts = answer.split(" ", -1);
            least = Math.min(least, Long.parseLong(parts[0]));
            sum += Long.parseLong(parts[0]);
            fingerprint += Long.parseLong(parts[1]);
            usage = usage.plus(new Usage(Long.parseLong(parts[2]), Long.parseLong(parts[3]), Long.parseLong(parts[4])));
        }
        return new Count(least, sum, fingerprint, usage);
    }

    @Override
    public long least() {
        Count count = count();
        return intake == Intake.GROUP ? count.sum() : count.least();
    }

    @Override
    public double mean() {
        return (double) count().sum() / intake.copies(used);
    }

    @Override
    public long patienceNanos() {
        return intake == Intake.EVENTS ? LAST_ONES_NANOS : DURABLE_NANOS;
    }

    /** Of this process and those. */
    Usage usage() {
        return Usage.ofThisProcess().plus(count().usage());
    }

    public void end() {
        askAll("close");
    }

    @Override
    public void close() {
        children.forEach(ChildJvm::close);
    }
}
