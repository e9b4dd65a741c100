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
public final class Subscribers implements AutoCloseable {

    private static final long WRITE_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final int REPORTS_PER_WINDOW = 16;

    /** What one of them has received, and what all have used. */
    public record Count(long least, long sum, Usage usage) {}

    private final List<ChildJvm> children = new ArrayList<>();
    private final List<AtomicLong> progress = new ArrayList<>();
    private int used;
    private int window;
    private long writtenOff;

    /** Has so many of them subscribe; they are started where there are too few. */
    public void open(Peer peer, Addresses addresses, int processes, int topics, int credit) throws IOException {
        while (children.size() < processes) {
            AtomicLong got = new AtomicLong();
            children.add(new ChildJvm(got::set, SubscriberMain.class));
            progress.add(got);
        }
        used = processes;
        window = credit;
        writtenOff = 0;
        progress.forEach(got -> got.set(0));
        int step = Math.max(1, credit / REPORTS_PER_WINDOW);
        askAll("open " + peer.name() + " " + topics + " " + step + " " + addresses.words());
    }

    @CanIgnoreReturnValue
    private List<String> askAll(String question) {
        children.subList(0, used).forEach(child -> child.ask(question));
        return children.subList(0, used).stream().map(ChildJvm::answer).toList();
    }

    /** Waits until one more event may be published. */
    public void awaitCredit(long published) {
        if (published - slowest() < window) {
            return;
        }
        long seen = slowest();
        long since = System.nanoTime();
        while (published - slowest() >= window) {
            LockSupport.parkNanos(LOOK_NANOS);
            long now = System.nanoTime();
            if (slowest() != seen) {
                seen = slowest();
                since = now;
            } else if (now - since > WRITE_OFF_NANOS) {
                writtenOff += published - seen;
            }
        }
    }

    private long slowest() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < used; i++) {
            least = Math.min(least, progress.get(i).get());
        }
        return least + writtenOff;
    }

    public Count count() {
        long least = Long.MAX_VALUE;
        long sum = 0;
        Usage usage = Usage.NONE;
        for (String answer : askAll("count")) {
            String[] parts = answer.split(" ", -1);
            least = Math.min(least, Long.parseLong(parts[0]));
            sum += Long.parseLong(parts[0]);
            usage = usage.plus(new Usage(Long.parseLong(parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3])));
        }
        return new Count(least, sum, usage);
    }

    public void end() {
        askAll("close");
    }

    @Override
    public void close() {
        children.forEach(ChildJvm::close);
    }
}
