package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** An observer that remembers what it sees, and adds the headers that it was told. */
public final class Spectator implements BusObserver {

    /** One operation. */
    public static final class Seen implements Scope {

        public final Operation operation;
        public final Thread thread = Thread.currentThread();
        public final List<String> steps = new CopyOnWriteArrayList<>();
        public final List<Outcome> attempts = new CopyOnWriteArrayList<>();
        private volatile @Nullable Outcome outcome;

        Seen(Operation operation) {
            this.operation = operation.copy();
        }

        @Override
        public void leave() {
            steps.add(Thread.currentThread() == thread ? "left" : "left on another thread");
        }

        @Override
        public void retried(Outcome attempt) {
            attempts.add(attempt.copy());
        }

        @Override
        public void end(Outcome ended) {
            outcome = ended.copy();
            steps.add("ended");
        }

        public Outcome outcome() {
            await().atMost(20, SECONDS).until(() -> outcome != null && steps.size() == 2);
            return Objects.requireNonNull(outcome);
        }
    }

    public final List<Bus> opened = new CopyOnWriteArrayList<>();
    public final Map<String, String> added = new ConcurrentHashMap<>();
    private final List<Seen> all = new CopyOnWriteArrayList<>();

    @Override
    public Scope start(Operation operation) {
        if (operation.kind() != Kind.HANDLE && operation.kind() != Kind.SERVE) {
            added.forEach(operation::header);
        }
        Seen seen = new Seen(operation);
        all.add(seen);
        return seen;
    }

    @Override
    public void opened(Bus bus) {
        opened.add(bus);
    }

    /** What it has seen of a kind until now. */
    public List<Seen> all(Kind kind) {
        List<Seen> some = new ArrayList<>(all);
        some.removeIf(seen -> seen.operation.kind() != kind);
        return some;
    }

    /** The only one of a kind, once it is there. */
    public Seen one(Kind kind) {
        await().atMost(20, SECONDS).until(() -> all(kind).size() == 1);
        return all(kind).get(0);
    }
}
