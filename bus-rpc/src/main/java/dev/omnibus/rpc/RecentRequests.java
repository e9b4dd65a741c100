package dev.omnibus.rpc;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The last requests of a service, by caller and id: a request that comes twice is executed once. A publish whose
 * confirmation was lost may have been delivered, and a network may double what it carries. Thread-safe.
 */
final class RecentRequests {

    private static final int WINDOW = 8_192;

    private record Key(String from, String id) {}

    private final Set<Key> seen = new LinkedHashSet<>(); // guarded by this

    /** Whether this request has not been seen lately. Who gives no name or no id cannot be told apart. */
    boolean isNew(RpcCodec.Request request) {
        if (request.from().isEmpty() || request.id().isEmpty()) {
            return true;
        }
        synchronized (this) {
            if (!seen.add(new Key(request.from(), request.id()))) {
                return false;
            }
            if (seen.size() > WINDOW) {
                Iterator<Key> eldest = seen.iterator();
                eldest.next();
                eldest.remove();
            }
            return true;
        }
    }
}
