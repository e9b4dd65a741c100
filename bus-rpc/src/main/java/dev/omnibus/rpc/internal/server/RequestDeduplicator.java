package dev.omnibus.rpc.internal.server;

import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
        private volatile @Nullable ServerCall call; // until it has its answer
        private volatile boolean evicted; // by later requests, before it had its answer

        private RequestKey(String from, String id, @Nullable ServerCall call) {
            this.from = from;
            this.id = id;
            this.call = call;
        }

        /** The call has its answer. Of it and its eviction, the one that comes second sees the other. */
        void forget() {
            call = null;
            if (evicted) {
                forgetEvicted(this);
            }
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

    private final Map<RequestKey, RequestKey> last = new LinkedHashMap<>(); // guarded by this, like the next one
    private final Map<RequestKey, RequestKey> open = new HashMap<>(); // older ones; bounded by what the service takes

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
        RequestKey key = key(request.from(), id, call);
        synchronized (this) {
            if (open.containsKey(key) || last.putIfAbsent(key, key) != null) {
                return false;
            }
            call.rememberedAs(key); // before it can be found, and settled
            if (last.size() > MAX_REQUESTS) {
                evictOldest();
            }
        }
        return true;
    }

    private void evictOldest() {
        Iterator<RequestKey> keys = last.values().iterator();
        RequestKey oldest = keys.next();
        keys.remove();
        oldest.evicted = true;
        if (oldest.call != null) {
            open.put(oldest, oldest);
        }
    }

    private synchronized void forgetEvicted(RequestKey key) {
        open.remove(key);
    }

    /** The call of a request that has no answer yet, however many came after it. */
    @Nullable
    ServerCall find(String from, String id) {
        RequestKey wanted = key(from, id, null);
        RequestKey known;
        synchronized (this) {
            known = last.getOrDefault(wanted, open.get(wanted));
        }
        return known == null ? null : known.call;
    }

    /** Callers choose these names, and many long ones would take much memory. */
    private RequestKey key(String from, String id, @Nullable ServerCall call) {
        return new RequestKey(WireBytes.fingerprint(from), WireBytes.fingerprint(id), call);
    }

    /** The calls that have not been started. */
    List<ServerCall> waiting() {
        return unsettled().stream().filter(ServerCall::isWaiting).toList();
    }

    /** The calls that have no answer yet. */
    synchronized List<ServerCall> unsettled() {
        return Stream.concat(last.values().stream(), open.values().stream())
                .flatMap(key -> Stream.ofNullable(key.call))
                .toList();
    }
}
