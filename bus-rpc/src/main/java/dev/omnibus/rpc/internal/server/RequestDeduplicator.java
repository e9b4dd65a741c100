package dev.omnibus.rpc.internal.server;

import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A request deduplicator: the last requests of a service, by caller and id. A request that arrives twice is executed
 * once, and one that is to be cancelled is found. A publish whose confirmation was lost may have been delivered, and a
 * network may duplicate what it carries. Thread-safe.
 */
final class RequestDeduplicator {

    private static final int MAX_REQUESTS = 8_192;

    /** Identifies a request, and is remembered for long; its call is found by it until it has its answer. */
    final class RequestKey implements Comparable<RequestKey> {

        private final String from;
        private final String id;

        private RequestKey(String from, String id) {
            this.from = from;
            this.id = id;
        }

        void forget() {
            open.remove(this);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof RequestKey key && id.equals(key.id) && from.equals(key.from);
        }

        /** Callers choose ids, and could choose many with the same hash code. */
        @Override
        public int compareTo(RequestKey other) {
            int byId = id.compareTo(other.id);
            return byId == 0 ? from.compareTo(other.from) : byId;
        }

        @Override
        public int hashCode() {
            return 31 * from.hashCode() + id.hashCode();
        }
    }

    private final Map<RequestKey, ServerCall> open = new ConcurrentHashMap<>(); // bounded by what the service takes
    private final Set<RequestKey> seen = new LinkedHashSet<>(); // guarded by this

    /**
     * Whether this request is new. A notification is identified by its key, if it has one; without the name of its
     * caller a request cannot be identified.
     */
    boolean isNew(ServerCall call) {
        RpcCodec.Request request = call.request();
        String id = request.id().isEmpty() && !request.key().isEmpty() ? "key " + request.key() : request.id();
        if (request.from().isEmpty() || id.isEmpty()) {
            return true;
        }
        RequestKey key = key(request.from(), id);
        synchronized (this) {
            if (open.containsKey(key) || !seen.add(key)) {
                return false;
            }
            if (seen.size() > MAX_REQUESTS) {
                Iterator<RequestKey> oldest = seen.iterator();
                oldest.next();
                oldest.remove();
            }
        }
        call.rememberedAs(key); // before it can be found, and settled
        open.put(key, call);
        return true;
    }

    /** The call of a request that has no answer yet, however many came after it. */
    @Nullable
    ServerCall find(String from, String id) {
        return open.get(key(from, id));
    }

    /** Callers choose these names, and many long ones would take much memory. */
    private RequestKey key(String from, String id) {
        return new RequestKey(WireBytes.fingerprint(from), WireBytes.fingerprint(id));
    }

    /** The calls that have not been started. */
    List<ServerCall> waiting() {
        return open.values().stream().filter(ServerCall::isWaiting).toList();
    }
}
