package dev.omnibus.internal.observe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A thread-local trace context: that of the event or call that a thread is handling, by the headers of W3C Trace
 * Context. It is passed on to what is published and called there meanwhile, with or without a tracer.
 */
public final class TraceContext {

    /** The header that says which trace, and which step of it. */
    public static final String PARENT = "traceparent";

    /** The header with what tracers add to it. */
    public static final String STATE = "tracestate";

    /** The longest value that is passed on, in characters. */
    static final int MAX_LENGTH = 4_096;

    private static final ThreadLocal<@Nullable Map<String, String>> CURRENT = new ThreadLocal<>();

    private TraceContext() {}

    /** Returns whether a header belongs to a trace. There is room for these in any message. */
    public static boolean isOwn(String header) {
        return header.equals(PARENT) || header.equals(STATE);
    }

    /**
     * This thread handles what came with these headers from now on, until {@link #leave}. Without a trace among them,
     * nothing is passed on, also not from what it was handling until now.
     *
     * @return what it was handling until now, for {@link #leave}
     */
    public static @Nullable Map<String, String> enter(Map<String, String> headers) {
        Map<String, String> outer = CURRENT.get();
        Map<String, String> inner = isValid(headers.get(PARENT)) ? headers : null;
        if (inner != outer) {
            CURRENT.set(inner);
        }
        return outer;
    }

    /** Ends what {@link #enter} began. */
    public static void leave(@Nullable Map<String, String> outer) {
        if (CURRENT.get() != outer) {
            CURRENT.set(outer);
        }
    }

    /**
     * Returns the headers of what is sent on this thread: those of the program, with the trace of what is being handled
     * here, unless the program gave one itself.
     */
    public static Map<String, String> passedOn(Map<String, String> given) {
        Map<String, String> current = CURRENT.get();
        if (current == null || given.containsKey(PARENT)) {
            return given;
        }
        String parent = current.get(PARENT);
        if (parent == null) {
            return given;
        }
        Map<String, String> more = new LinkedHashMap<>(given);
        more.put(PARENT, parent);
        String state = current.get(STATE);
        if (isValid(state)) {
            more.put(STATE, state);
        }
        return Collections.unmodifiableMap(more);
    }

    /** What nothing can be sent with is not passed on. */
    private static boolean isValid(@Nullable String value) {
        return value != null && !value.isEmpty() && value.length() <= MAX_LENGTH;
    }
}
