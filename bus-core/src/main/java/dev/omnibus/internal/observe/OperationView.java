package dev.omnibus.internal.observe;

import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.Event;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A skeletal view of an operation, for what is observed to extend: observers are shown the object that does the work,
 * so that they cost it no memory. What only some kinds of operations have is empty.
 */
public abstract class OperationView implements BusObserver.Outcome {

    private static final int MAX_NAME = 20;

    /** Whether headers can be added, because it is being started and is sent. */
    protected boolean isWritable() {
        return false;
    }

    /** Has other headers from now on; only while it is {@linkplain #isWritable writable}. */
    protected void replaceHeaders(Map<String, String> headers) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final void header(String header, String value) {
        if (!isName(header) || value.isEmpty() || value.length() > TraceContext.MAX_LENGTH) {
            throw new IllegalArgumentException("The header \"" + header + "\" must be 1 to 20 lower-case letters and"
                    + " digits, beginning with a letter, and its value, which has " + value.length()
                    + " characters, 1 to " + TraceContext.MAX_LENGTH);
        }
        if (!isWritable()) {
            throw tooLate(this, header);
        }
        if (headers().isEmpty()) {
            replaceHeaders(Map.of(header, value));
            return;
        }
        Map<String, String> more = new LinkedHashMap<>(headers());
        more.put(header, value);
        replaceHeaders(Collections.unmodifiableMap(more));
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

    static IllegalStateException tooLate(BusObserver.Operation operation, String header) {
        BusObserver.Kind kind = operation.kind();
        boolean received = kind == BusObserver.Kind.HANDLE || kind == BusObserver.Kind.SERVE;
        return new IllegalStateException("The header \"" + header + "\" cannot be sent: " + kind + " of "
                + operation.name() + (received ? " sends nothing" : " has started already"));
    }

    @Override
    public BusObserver.Outcome copy() {
        return OperationCopy.of(this, reason(), failure(), code(), isNotExecuted());
    }

    @Override
    public @Nullable Event<?> event() {
        return null;
    }

    @Override
    public String group() {
        return "";
    }

    @Override
    public int attempts() {
        return 1;
    }

    @Override
    public int expected() {
        return 0;
    }

    @Override
    public int answered() {
        return 0;
    }

    @Override
    public List<String> missing() {
        return List.of();
    }
}
