package dev.omnibus.internal.observe;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.bus.Event;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One operation, as its observers see it: what is known of it, and how it ended. It is there only if the bus has
 * observers, and is started before anything else can end it. Calls that are not enqueued have none: they are views of
 * their own, on either side. Thread-safe.
 */
public final class Observed extends OperationView {

    /** The reason of what failed with an exception that has none. */
    public static final String FAULT = "FAULT";

    private final Observers observers;
    private final Kind kind;
    private final String name;
    private final long since = System.nanoTime();
    private Map<String, String>
            headers; // written before it is started, like all below, and attempts again by its thread
    private boolean writable; // by the thread that starts it
    private @Nullable Predicate<String> known; // null: it is
    private @Nullable Event<?> event;
    private String group = "";
    private String id = "";
    private String peer = "";
    private int attempts = 1;

    private @Nullable Scope scope; // written before it is started
    private boolean ended; // guarded by this, like all below until it is passed on
    private long nanos;
    private String reason = "";
    private @Nullable Throwable failure;
    private int code;
    private boolean notExecuted;
    private int answered;
    private int unnamed; // of those that are missing
    private List<String> missing = List.of();

    /** Prepares one that begins now; what is known of it is set before it is {@linkplain #start started}. */
    public Observed(Observers observers, Kind kind, String name, Map<String, String> headers) {
        this.observers = observers;
        this.kind = kind;
        this.name = name;
        this.headers = headers;
    }

    // What the engine says

    /** Says how it is found out whether a name is one of a limited number; null: it is. */
    public Observed known(@Nullable Predicate<String> whether) {
        known = whether;
        return this;
    }

    /** Says what is handled, and by which group. */
    public Observed event(Event<?> handled, String byGroup) {
        event = handled;
        group = byGroup;
        id = handled.id();
        peer = handled.source();
        return this;
    }

    /** Says how often it has been tried, this time included; 0 if not yet. */
    public Observed attempts(int number) {
        attempts = number;
        return this;
    }

    /** Starts it, on the thread that does its work. */
    public Observed start() {
        writable = kind != Kind.HANDLE;
        try {
            scope = observers.start(this);
        } finally {
            writable = false;
        }
        return this;
    }

    /** The thread that has started it goes on with something else. */
    public void leave() {
        if (scope != null) {
            observers.leave(scope);
        }
    }

    /** It is tried again, after a failure. */
    public void retried(String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        if (scope != null) {
            observers.retried(scope, OperationCopy.of(this, why, failed, answeredCode, notDone));
        }
    }

    /** It has ended well. */
    public void end() {
        end("", null, 0, false);
    }

    /** It has ended without what was wanted, if there is a reason; only the first end counts. */
    public void end(String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        synchronized (this) {
            if (ended) {
                return;
            }
            nanos = System.nanoTime() - since;
            reason = why;
            failure = failed;
            code = answeredCode;
            notExecuted = notDone;
            ended = true;
        }
        if (scope != null) {
            observers.end(scope, this);
        }
    }

    /** A broadcast is about to end: so many have answered, and these and some more have not. */
    public synchronized void answers(int number, List<String> silent, int moreSilent) {
        answered = number;
        missing = silent;
        unnamed = moreSilent;
    }

    // What observers ask

    @Override
    public Kind kind() {
        return kind;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean isKnown() {
        return known == null || known.test(name);
    }

    @Override
    public @Nullable Event<?> event() {
        return event;
    }

    @Override
    public String group() {
        return group;
    }

    @Override
    public String peer() {
        return peer;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Map<String, String> headers() {
        return headers;
    }

    @Override
    protected boolean isWritable() {
        return writable;
    }

    @Override
    protected void replaceHeaders(Map<String, String> others) {
        headers = others;
    }

    @Override
    public long elapsedNanos() {
        return ended ? nanos : System.nanoTime() - since;
    }

    @Override
    public String reason() {
        return reason;
    }

    @Override
    public @Nullable Throwable failure() {
        return failure;
    }

    @Override
    public int code() {
        return code;
    }

    @Override
    public boolean isNotExecuted() {
        return notExecuted;
    }

    @Override
    public int attempts() {
        return attempts;
    }

    @Override
    public int expected() {
        return answered + missing.size() + unnamed;
    }

    @Override
    public int answered() {
        return answered;
    }

    @Override
    public List<String> missing() {
        return missing;
    }
}
