package dev.omnibus.internal.observe;

import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.bus.Event;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One operation, as its observers see it: what is known of it, and how it ended. It is there only if the bus has
 * observers, and is started before anything else can end it.
 *
 * <p>Calls have none of their own, on either side: theirs is {@linkplain Observers#lend lent}, once for the start and
 * once for each outcome, so that they cost no memory. Such a one is confined to its thread; any other is thread-safe.
 */
public final class Observed implements BusObserver.Outcome {

    private static final int MAX_NAME = 20;

    /** The reason of what failed with an exception that has none. */
    public static final String FAULT = "FAULT";

    private final Observers observers;
    private Kind kind; // all of these change only where it is lent
    private String name;
    private long since;
    private Map<String, String> headers;
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

    /** Makes it another one. */
    Observed lentAs(Kind otherKind, String otherName, Map<String, String> otherHeaders, long otherSince) {
        kind = otherKind;
        name = otherName;
        headers = otherHeaders;
        since = otherSince;
        return this;
    }

    /** Keeps nothing alive that it has shown. */
    void clear() {
        lentAs(Kind.CALL, "", Map.of(), 0);
        known = null;
        id = "";
        peer = "";
        attempts = 1;
        ended = false;
        reason = "";
        failure = null;
        code = 0;
        notExecuted = false;
    }

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

    /** Starts one that is lent, on the thread that does its work; null if no observer has anything more to do. */
    public @Nullable Scope begin() {
        writable = kind != Kind.HANDLE && kind != Kind.SERVE;
        try {
            return observers.scope(this);
        } finally {
            writable = false;
        }
    }

    /** Starts it, on the thread that does its work. */
    public Observed start() {
        scope = begin();
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
            copy().retried(scope, why, failed, answeredCode, notDone);
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
            ended(why, failed, answeredCode, notDone);
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

    private void ended(String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        nanos = System.nanoTime() - since;
        reason = why;
        failure = failed;
        code = answeredCode;
        notExecuted = notDone;
        ended = true;
    }

    /** One that is lent is tried again, after a failure. */
    public void retried(Scope of, String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        ended(why, failed, answeredCode, notDone);
        observers.retried(of, this);
    }

    /** One that is lent has ended; without what was wanted, if there is a reason. */
    public void end(Scope of, String why, @Nullable Throwable failed, int answeredCode, boolean notDone) {
        ended(why, failed, answeredCode, notDone);
        observers.end(of, this);
    }

    // What observers ask

    @Override
    public Observed copy() {
        Observed copy = new Observed(observers, kind, name, headers, since).known(isKnown() ? null : any -> false);
        copy.attempts = attempts;
        copy.event = event;
        copy.group = group;
        copy.id = id;
        copy.peer = peer;
        copy.nanos = elapsedNanos();
        copy.ended = true; // its time does not go on
        copy.reason = reason;
        copy.failure = failure;
        copy.code = code;
        copy.notExecuted = notExecuted;
        copy.answered = answered;
        copy.unnamed = unnamed;
        copy.missing = missing;
        return copy;
    }

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
