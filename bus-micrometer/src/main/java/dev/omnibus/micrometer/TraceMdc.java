package dev.omnibus.micrometer;

import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * What the log of a thread has of a trace: {@code traceId} and {@code spanId} in the MDC, from when it is set until it
 * is taken back. Confined to that thread.
 */
final class TraceMdc {

    static final String TRACE_ID = "traceId";
    static final String SPAN_ID = "spanId";

    private static final int VERSION_LENGTH = 2;
    private static final int TRACE_LENGTH = 32;
    private static final int SPAN_LENGTH = 16;
    private static final int SPAN_FROM = VERSION_LENGTH + 1 + TRACE_LENGTH + 1;
    private static final int MIN_LENGTH = SPAN_FROM + SPAN_LENGTH + 3;

    private final @Nullable String outerTrace;
    private final @Nullable String outerSpan;

    private TraceMdc(@Nullable String outerTrace, @Nullable String outerSpan) {
        this.outerTrace = outerTrace;
        this.outerSpan = outerSpan;
    }

    /** Sets both. */
    static TraceMdc set(String trace, String span) {
        TraceMdc before = new TraceMdc(MDC.get(TRACE_ID), MDC.get(SPAN_ID));
        MDC.put(TRACE_ID, trace);
        MDC.put(SPAN_ID, span);
        return before;
    }

    /** Sets what the header of a trace has; null if it is none, as W3C Trace Context defines it. */
    static @Nullable TraceMdc parse(@Nullable String header) {
        if (header == null
                || header.length() < MIN_LENGTH
                || header.charAt(VERSION_LENGTH) != '-'
                || header.charAt(SPAN_FROM - 1) != '-'
                || header.charAt(SPAN_FROM + SPAN_LENGTH) != '-') {
            return null;
        }
        String trace = header.substring(VERSION_LENGTH + 1, SPAN_FROM - 1);
        String span = header.substring(SPAN_FROM, SPAN_FROM + SPAN_LENGTH);
        return isId(trace) && isId(span) ? set(trace, span) : null;
    }

    private static boolean isId(String text) {
        boolean some = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
            some |= c != '0';
        }
        return some;
    }

    /** Takes it back: what was there before is there again. */
    void restore() {
        restore(TRACE_ID, outerTrace);
        restore(SPAN_ID, outerSpan);
    }

    private static void restore(String key, @Nullable String before) {
        if (before == null) {
            MDC.remove(key);
        } else {
            MDC.put(key, before);
        }
    }
}
