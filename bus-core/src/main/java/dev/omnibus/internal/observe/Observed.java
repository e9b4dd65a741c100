package dev.omnibus.internal.observe;

import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.bus.Event;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One operation, as its observers see it: what is known of it, and how it ended. It is there only if the bus has
 * observers. Its outcome may come before its start is through, on another thread, and is passed on after it.
 * Thread-safe.
 */
public final class Observed implements BusObserver.Outcome {

    private static final int MAX_NAME = 20;

    /** The reason of what failed with an exception that has none. */
    public static final String FAULT = "FAULT";

    private final Observers observers;
    private final Kind kind;
    private final String name;
    private final long since;
    private Map<String, String> headers;
    private boolean writable; // by the thread that starts it
    private BooleanSupplier known = () -> true;
    private @Nullable Event<?> event;
    private String group = "";
    private String id = "";
    private volatile String peer = "";
    private volatile int attempts = 1;

    private @Nullable Scope @Nullable [] scopes; // written before it is started
    private boolean started; // guarded by this, like all below
    private boolean ended;
    private long nanos;
    private String reason = "";
    private @Nullable Throwable failure;
    private int code;
    private boolean notExecuted;
    private int answered;
    private int unnamed; // of those that are missing
    private List<String> missing = List.of();

    /**
     * Prepares one; what is known of it is set before it is {@linkplain #start started}.
     *
     * @param since when it began, by {@link System#nanoTime}
     */
    public Observed(Observers observers, Kind kind, String name, Map<String, String> headers, long since) {
        this.observers = observers;
        this.kind = kind;
        this.name = name;
        this.headers = headers;
        this.since = since;
    }

    // What the engine says

    /** Says how it is found out whether the name is one of a limited number. */
    public Observed known(BooleanSupplier whether) {
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

    /** Says how a served call is known, and who calls. */
    public Observed call(String known, String caller) {
        id = known;
        peer = caller;
        return this;
    }

    /** Says that nothing has been tried yet, and how often until now. */
    public Observed attempts(int number) {
        attempts = number;
        return this;
    }

    /** Says who has it now. */
    public void sentTo(String node) {
        peer = node;
    }

    /** Starts it, on the thread that does its work. */
    public Observed start() {
        writable = kind != Kind.HANDLE && kind != Kind.SERVE;
        scopes = observers.scopes(this);
        writable = false;
        boolean over;
        synchronized (this) {
            started = true;
            over = ended;
        }
        if (over) {
            pass();
        }
        return this;
    }

    /** The thread that has started it goes on with something else. */
    public void leave() {
        if (scopes != null) {
            observers.each(scopes, (scope, operation) -> scope.leave(), this);
        }
    }

    /** It is tried again, after a failure. */
    public void retried(String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        if (scopes != null) {
            Observed attempt = new Observed(observers, kind, name, headers, since)
                    .known(known)
                    .attempts(attempts);
            attempt.event = event;
            attempt.group = group;
            attempt.id = id;
            attempt.peer = peer;
            attempt.ended(why, failed, answeredCode, notDone);
            observers.each(scopes, (scope, outcome) -> scope.retried(outcome), attempt);
        }
    }

    /** It has ended well. */
    public void end() {
        end("", null, 0, false);
    }

    /** It has ended without what was wanted, if there is a reason; only the first end counts. */
    public void end(String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        boolean pass;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended(why, failed, answeredCode, notDone);
            pass = started;
        }
        if (pass) {
            pass();
        }
    }

    /** A broadcast is about to end: so many have answered, and these and some more have not. */
    public synchronized void answers(int number, List<String> silent, int moreSilent) {
        answered = number;
        missing = silent;
        unnamed = moreSilent;
    }

    private synchronized void ended(String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        nanos = System.nanoTime() - since;
        reason = why;
        failure = failed;
        code = answeredCode;
        notExecuted = notDone;
        ended = true;
    }

    private void pass() {
        if (scopes != null) {
            observers.each(scopes, (scope, outcome) -> scope.end(outcome), this);
        }
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
        return known.getAsBoolean();
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
    public void header(String header, String value) {
        if (!isName(header) || value.isEmpty() || value.length() > TraceContext.MAX_LENGTH) {
            throw new IllegalArgumentException("The header \"" + header + "\" must be 1 to 20 lower-case letters and"
                    + " digits, beginning with a letter, and its value, which has " + value.length()
                    + " characters, 1 to " + TraceContext.MAX_LENGTH);
        }
        if (!writable) {
            throw new IllegalStateException("The header \"" + header + "\" cannot be sent: " + kind + " of " + name
                    + (kind == Kind.HANDLE || kind == Kind.SERVE ? " sends nothing" : " has started already"));
        }
        if (headers.isEmpty()) {
            headers = Map.of(header, value);
            return;
        }
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        headers = Collections.unmodifiableMap(more);
    }

    private static boolean isName(String header) {
        for (int i = 0; i < header.length(); i++) {
            char c = header.charAt(i);
            if ((c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9')) {
                return false;
            }
        }
        return !header.isEmpty() && header.length() <= MAX_NAME;
    }

    @Override
    public synchronized long elapsedNanos() {
        return ended ? nanos : System.nanoTime() - since;
    }

    @Override
    public synchronized String reason() {
        return reason;
    }

    @Override
    public synchronized @Nullable Throwable failure() {
        return failure;
    }

    @Override
    public synchronized int code() {
        return code;
    }

    @Override
    public synchronized boolean isNotExecuted() {
        return notExecuted;
    }

    @Override
    public int attempts() {
        return attempts;
    }

    @Override
    public synchronized int expected() {
        return answered + missing.size() + unnamed;
    }

    @Override
    public synchronized int answered() {
        return answered;
    }

    @Override
    public synchronized List<String> missing() {
        return missing;
    }
}
