package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.channel.Message;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcCodec.Answer;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An idempotency cache: the last calls of a service that have a key, and their answers. A call that is repeated with
 * its key gets the answer of the first one, or waits for it as well, and nothing is executed twice. A method is
 * cancelled when the last call that waits for it is; until it has really ended, it is not executed again. With other
 * arguments the same key is refused. Bounded in number and bytes.
 *
 * <p>An answer goes only to the inbox that the first call came from, so a guessed key reveals nothing. Thread-safe.
 */
final class IdempotencyCache {

    private static final int MAX_CALLS = 1_024;
    private static final long MAX_BYTES = 8L * 1024 * 1024;
    private static final int MAX_WAITING = 16;

    /** The cost of an entry beside its answer, approximately, as the texts of its key are short. */
    private static final int OVERHEAD = 512;

    private record Key(String from, String replyTo, String method, String key) implements Comparable<Key> {

        private static final Comparator<Key> ORDER = Comparator.comparing(Key::key)
                .thenComparing(Key::from)
                .thenComparing(Key::replyTo)
                .thenComparing(Key::method);

        static Key of(RpcCodec.Request request) {
            return new Key(
                    WireBytes.fingerprint(request.from()),
                    WireBytes.fingerprint(request.replyTo()),
                    request.method(),
                    WireBytes.fingerprint(request.key()));
        }

        /** Callers choose keys, and could choose many with the same hash code. */
        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private static final class Entry {

        private @Nullable ServerCall first; // until it has its answer
        private final List<ServerCall> waiting = new ArrayList<>(1); // for the answer, the first one among them
        private final String arguments;
        private @Nullable Answer answer;

        Entry(ServerCall first, String arguments) {
            this.first = first;
            this.arguments = arguments;
            waiting.add(first);
        }

        /** Whether it was cancelled and its method has not ended; it will not have an answer. */
        boolean isEnding() {
            return waiting.isEmpty() && answer == null;
        }
    }

    private final Map<Key, Entry> calls = new LinkedHashMap<>(); // guarded by this
    private long bytes; // guarded by this

    /** Whether a call is to be executed. If not, it has its answer, or gets it together with the first one. */
    boolean isFirst(ServerCall call) {
        RpcCodec.Request request = call.request();
        if (request.key().isEmpty() || request.from().isEmpty() || request.id().isEmpty()) {
            return true;
        }
        Message params = request.params();
        String arguments = params == null ? "" : WireBytes.fingerprint(params);
        Key key = Key.of(request);
        Entry known;
        boolean ending;
        boolean other;
        synchronized (this) {
            known = calls.get(key);
            if (known == null) {
                if (call.cachedIn(this, true)) {
                    calls.put(key, new Entry(call, arguments));
                    evictOldest();
                }
                return true;
            }
            other = !known.arguments.equals(arguments);
            ending = known.isEnding();
            ServerCall running = known.first;
            if (!other && !ending && running != null && known.waiting.size() < MAX_WAITING) {
                if (call.cachedIn(this, false)) {
                    known.waiting.add(call);
                    running.extendTo(call);
                }
                return false;
            }
        }
        Answer answer = known.answer;
        if (other) {
            String why = "its idempotency key was used before with other arguments; nothing was executed. Take a new"
                    + " key for each thing that is to be done once";
            call.settle(RpcCodec.error(RpcCodec.REFUSED, why, ""), Reason.REFUSED);
        } else if (answer == null) {
            String why = ending
                    ? "the call was cancelled and has not ended yet; nothing was executed again"
                    : "the call runs already, and many wait for it; nothing was executed again";
            call.settle(RpcCodec.error(RpcCodec.OVERLOADED, why, RpcCodec.RETRY_AFTER), Reason.OVERLOADED);
        } else {
            call.settle(answer, answer.isResult() ? null : Reason.FAULT);
        }
        return false;
    }

    /**
     * Cancels a call that waits; returns what is to be stopped: the call itself, and with the last one also what runs.
     */
    synchronized List<ServerCall> abandon(ServerCall call) {
        Entry known = calls.get(Key.of(call.request()));
        if (known == null) {
            return List.of(call);
        }
        known.waiting.remove(call);
        List<ServerCall> stopped = new ArrayList<>(2);
        if (call != known.first) {
            stopped.add(call);
        }
        ServerCall running = known.first;
        if (known.waiting.isEmpty() && running != null) {
            stopped.add(running);
        }
        return stopped;
    }

    /**
     * A call has its answer; returns those that get it as well. What was not executed may be called again: at once, or
     * when the method that was cancelled has ended.
     */
    synchronized List<ServerCall> onSettled(ServerCall call, Answer answer, boolean executed, boolean endsLater) {
        Key key = Key.of(call.request());
        Entry known = calls.get(key);
        if (known == null || known.first != call) {
            return List.of();
        }
        List<ServerCall> others =
                known.waiting.stream().filter(other -> other != call).toList();
        known.waiting.clear();
        if (executed) {
            known.answer = answer;
            known.first = null;
            bytes += answer.body().length + OVERHEAD;
            evictOldest();
        } else if (!endsLater) {
            calls.remove(key);
        }
        return others;
    }

    /** The method of a call has ended; if it was cancelled, it may be executed again. */
    synchronized void onMethodEnded(ServerCall call) {
        Key key = Key.of(call.request());
        Entry known = calls.get(key);
        if (known != null && known.first == call && known.isEnding()) {
            calls.remove(key);
        }
    }

    /** Evicts the oldest calls. What still runs stays; that is never more than the service admits. */
    private void evictOldest() {
        Iterator<Entry> oldest = calls.values().iterator();
        while ((calls.size() > MAX_CALLS || bytes > MAX_BYTES) && oldest.hasNext()) {
            Answer answer = oldest.next().answer;
            if (answer != null) {
                bytes -= answer.body().length + OVERHEAD;
                oldest.remove();
            }
        }
    }
}
