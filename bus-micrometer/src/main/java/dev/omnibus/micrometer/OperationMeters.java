package dev.omnibus.micrometer;

import static dev.omnibus.micrometer.Convention.NONE;
import static dev.omnibus.micrometer.Convention.OTHER;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Operation;
import dev.omnibus.bus.BusObserver.Outcome;
import dev.omnibus.bus.BusObserver.Scope;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one kind of operations, by their names and outcomes. What is known of a name is made once, and is the
 * scope of all operations with that name. Thread-safe.
 */
final class OperationMeters {

    private static final int MAX_FAILURES = 50; // of a name, with different keys

    private final Kind kind;
    private final MeterRegistry registry;
    private final int maxNames;
    private final @Nullable LongAdder active;
    private final Map<String, Named> names = new ConcurrentHashMap<>();
    private final Named others;
    private volatile boolean full;

    OperationMeters(Kind kind, MeterRegistry registry, int maxNames, @Nullable LongAdder active) {
        this.kind = kind;
        this.registry = registry;
        this.maxNames = maxNames;
        this.active = active;
        this.others = new Named(OTHER);
    }

    Scope start(Operation operation) {
        if (active != null) {
            active.increment();
        }
        return named(operation);
    }

    private Named named(Operation operation) {
        Named known = names.get(operation.name());
        if (known != null) {
            return known;
        }
        return full || !operation.isKnown() ? others : learn(operation.name());
    }

    private synchronized Named learn(String name) {
        if (names.size() >= maxNames && !names.containsKey(name)) {
            full = true;
            return others;
        }
        return names.computeIfAbsent(name, Named::new);
    }

    /** How an operation failed, as the keys of its meters have it. */
    private record Failure(String code, String type, String reason) {

        static final Failure NO = new Failure(NONE, NONE, NONE);
        static final Failure ANY = new Failure(OTHER, OTHER, OTHER);

        static Failure of(Outcome outcome) {
            String code = outcome.code() == 0 ? NONE : Integer.toString(outcome.code());
            return new Failure(code, Convention.errorType(outcome), outcome.reason());
        }
    }

    /** The meters of one name. */
    private final class Named implements Scope {

        private final String name;
        private final Recorder success;
        private final Map<Failure, Recorder> failures = new ConcurrentHashMap<>();
        private final Map<String, Counter> retries = new ConcurrentHashMap<>();

        Named(String name) {
            this.name = name;
            this.success = new Recorder(name, Failure.NO, "complete");
        }

        @Override
        public void retried(Outcome attempt) {
            if (kind == Kind.CALL) {
                retries.computeIfAbsent(
                                attempt.reason(),
                                reason -> counter(
                                        Convention.RPC_CLIENT_RETRIES,
                                        Tags.of(
                                                Convention.RPC_METHOD.text(), name,
                                                Convention.OMNIBUS_REASON.text(), reason)))
                        .increment();
            }
        }

        @Override
        public void end(Outcome outcome) {
            if (active != null) {
                active.decrement();
            }
            Named by = this == others ? named(outcome) : this; // it may be known by now
            by.recorder(outcome).record(outcome.elapsedNanos());
        }

        private Recorder recorder(Outcome outcome) {
            if (outcome.reason().isEmpty() && outcome.answered() == outcome.expected()) {
                return success;
            }
            Failure failure = Failure.of(outcome);
            Recorder known = failures.get(failure);
            if (known != null) {
                return known;
            }
            Failure used = failures.size() < MAX_FAILURES ? failure : Failure.ANY;
            String result = Convention.outcome(outcome);
            return failures.computeIfAbsent(used, made -> new Recorder(name, made, result));
        }
    }

    private Counter counter(Convention meter, Tags tags) {
        return Counter.builder(meter.text())
                .description(meter.description())
                .tags(tags)
                .register(registry);
    }

    /** The meters of one name and outcome. */
    private final class Recorder {

        private final Timer timer;
        private final @Nullable Counter counter;

        Recorder(String name, Failure failure, String outcome) {
            switch (kind) {
                case CALL, SERVE -> {
                    Convention meter = kind == Kind.CALL
                            ? Convention.RPC_CLIENT_CALL_DURATION
                            : Convention.RPC_SERVER_CALL_DURATION;
                    timer = timer(
                            meter,
                            Tags.of(
                                    Convention.RPC_SYSTEM_NAME.text(), Convention.JSONRPC,
                                    Convention.RPC_METHOD.text(), name,
                                    Convention.RPC_STATUS_CODE.text(), failure.code(),
                                    Convention.ERROR_TYPE.text(), failure.type(),
                                    Convention.OMNIBUS_REASON.text(), failure.reason()));
                    counter = null;
                }
                case BROADCAST -> {
                    timer = timer(
                            Convention.RPC_BROADCAST_DURATION,
                            Tags.of(
                                    Convention.RPC_METHOD.text(), name,
                                    Convention.OMNIBUS_OUTCOME.text(), outcome));
                    counter = null;
                }
                case ENQUEUE -> {
                    timer = timer(
                            Convention.RPC_ENQUEUE_DURATION,
                            Tags.of(
                                    Convention.RPC_METHOD.text(),
                                    name,
                                    Convention.OMNIBUS_REASON.text(),
                                    failure.reason()));
                    counter = null;
                }
                default -> {
                    boolean sent = kind == Kind.PUBLISH;
                    Tags tags = Tags.of(
                            Convention.MESSAGING_SYSTEM.text(),
                            Convention.REDIS,
                            Convention.MESSAGING_OPERATION_NAME.text(),
                            sent ? "publish" : "process",
                            Convention.MESSAGING_OPERATION_TYPE.text(),
                            sent ? "send" : "process",
                            Convention.MESSAGING_DESTINATION_NAME.text(),
                            name,
                            Convention.ERROR_TYPE.text(),
                            failure.type());
                    timer = timer(
                            sent
                                    ? Convention.MESSAGING_CLIENT_OPERATION_DURATION
                                    : Convention.MESSAGING_PROCESS_DURATION,
                            tags);
                    counter = OperationMeters.this.counter(
                            sent
                                    ? Convention.MESSAGING_CLIENT_SENT_MESSAGES
                                    : Convention.MESSAGING_CLIENT_CONSUMED_MESSAGES,
                            tags);
                }
            }
        }

        private Timer timer(Convention meter, Tags tags) {
            return Timer.builder(meter.text())
                    .description(meter.description())
                    .tags(tags)
                    .register(registry);
        }

        void record(long nanos) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
            if (counter != null) {
                counter.increment();
            }
        }
    }
}
