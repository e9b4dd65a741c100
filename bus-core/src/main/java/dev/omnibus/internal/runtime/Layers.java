package dev.omnibus.internal.runtime;

import dev.omnibus.internal.concurrent.FailureLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registry of the layers of one bus, at most one of a kind. They are closed in the reverse order of their creation.
 * Thread-safe.
 */
public final class Layers {

    private static final Logger LOG = LoggerFactory.getLogger(Layers.class);

    private final Map<Class<?>, Object> made = new LinkedHashMap<>(); // guarded by this
    private boolean closed; // guarded by this

    public synchronized <L> L get(BusRuntime bus, Class<L> kind, Function<BusRuntime, L> make) {
        if (closed) {
            throw new IllegalStateException("The bus of node " + bus.node() + " is closed");
        }
        Object layer = made.get(kind);
        if (layer == null) {
            layer = make.apply(bus);
            made.put(kind, layer);
        }
        return kind.cast(layer);
    }

    /** Refuses new layers from now on. Returns false if it does already. */
    public synchronized boolean beginClosing() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    /** Closes all layers, even when one of them fails. */
    public void close(Duration drainTimeout) {
        List<Object> last;
        synchronized (this) {
            last = new ArrayList<>(made.values());
        }
        for (int i = last.size() - 1; i >= 0; i--) {
            try {
                if (last.get(i) instanceof Layer layer) {
                    layer.close(drainTimeout);
                }
            } catch (RuntimeException | Error e) { // the others must be closed all the same
                FailureLog.error(
                        LOG, e, "A layer did not close cleanly: {}", last.get(i).getClass());
            }
        }
    }
}
