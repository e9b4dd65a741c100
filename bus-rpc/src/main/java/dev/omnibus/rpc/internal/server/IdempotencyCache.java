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
 * The last calls of a service that have an idempotency key, and their answers: who calls again with the same key gets
 * the answer of the first time, or waits for it with him, and nothing is executed twice. What runs is cancelled when
 * the last who waits for it gives up; until it has really ended, it is not executed anew. With other arguments the same
 * key is refused. Bounded in number and bytes.
 *
 * <p>An answer goes only to the inbox that asked first, so a key that somebody guesses gives nothing away. Thread-safe.
 */
final class IdempotencyCache {

    private static final int MAX_CALLS = 1_024;
    private static final long MAX_BYTES = 8L * 1024 * 1024;
    private static final int MAX_WAITING = 16;

    /** What it costs to remember a call, beyond its answer: about so much, as the texts of its key are short. */
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

        /** Callers choose keys, and could choose those that have one hash code. */
        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private static final class Entry {

        private @Nullable ServerCall first; // until its answer is known
        private final List<ServerCall> waiting = new ArrayList<>(1); // for the answer; the first one, too
        private final String arguments;
        private @Nullable Answer answer;

        Entry(ServerCall first, String arguments) {
            this.first = first;
            this.arguments = arguments;
            waiting.add(first);
        }

        /** It was given up, and will not have an answer. */
        boolean isEnding() {
            return waiting.isEmpty() && answer == null;
        }
    }

    private final Map<Key, Entry> calls = new LinkedHashMap<>(); // guarded by this
    private long bytes; // guarded by this

    /** Whether it is to be executed. If not, it has its answer, or gets it together with the first one. */
    boolean isFirst(ServerCall execution) {
        RpcCodec.Request request = execution.request();
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
                if (execution.cachedIn(this, true)) {
                    calls.put(key, new Entry(execution, arguments));
                    evictEldest();
                }
                return true;
            }
            other = !known.arguments.equals(arguments);
            ending = known.isEnding();
            ServerCall running = known.first;
            if (!other && !ending && running != null && known.waiting.size() < MAX_WAITING) {
                if (execution.cachedIn(this, false)) {
                    known.waiting.add(execution);
                    running.extendTo(execution);
                }
                return false;
            }
        }
        Answer answer = known.answer;
        if (other) {
            String why = "its idempotency key was used before with other arguments; nothing was executed. Take a new"
                    + " key for each thing that shall be done once";
            execution.settle(RpcCodec.error(RpcCodec.REFUSED, why, ""), Reason.REFUSED);
        } else if (answer == null) {
            String why = ending
                    ? "the call was cancelled and has not ended yet; nothing was executed again"
                    : "the call runs already, and many wait for it; nothing was executed again";
            execution.settle(RpcCodec.error(RpcCodec.OVERLOADED, why, RpcCodec.RETRY_AFTER), Reason.OVERLOADED);
        } else {
            execution.settle(answer, answer.isResult() ? null : Reason.FAULT);
        }
        return false;
    }

    /** One who waits for it has given up; gives what is to be stopped: himself, and the last one also what runs. */
    synchronized List<ServerCall> abandon(ServerCall execution) {
        Entry known = calls.get(Key.of(execution.request()));
        if (known == null) {
            return List.of(execution);
        }
        known.waiting.remove(execution);
        List<ServerCall> stopped = new ArrayList<>(2);
        if (execution != known.first) {
            stopped.add(execution);
        }
        ServerCall running = known.first;
        if (known.waiting.isEmpty() && running != null) {
            stopped.add(running);
        }
        return stopped;
    }

    /**
     * An execution has its answer; gives those that get it, too. What was not executed may be tried again: at once, or
     * when the method has ended that was cancelled.
     */
    synchronized List<ServerCall> onSettled(ServerCall execution, Answer answer, boolean executed, boolean endsLater) {
        Key key = Key.of(execution.request());
        Entry known = calls.get(key);
        if (known == null || known.first != execution) {
            return List.of();
        }
        List<ServerCall> others =
                known.waiting.stream().filter(other -> other != execution).toList();
        known.waiting.clear();
        if (executed) {
            known.answer = answer;
            known.first = null;
            bytes += answer.body().length + OVERHEAD;
            evictEldest();
        } else if (!endsLater) {
            calls.remove(key);
        }
        return others;
    }

    /** The method of an execution has ended; if it was cancelled, it may be executed anew. */
    synchronized void onMethodEnded(ServerCall execution) {
        Key key = Key.of(execution.request());
        Entry known = calls.get(key);
        if (known != null && known.first == execution && known.isEnding()) {
            calls.remove(key);
        }
    }

    /** One that still runs cannot be forgotten; there are no more of them than the service takes at a time. */
    private void evictEldest() {
        Iterator<Entry> eldest = calls.values().iterator();
        while ((calls.size() > MAX_CALLS || bytes > MAX_BYTES) && eldest.hasNext()) {
            Answer answer = eldest.next().answer;
            if (answer != null) {
                bytes -= answer.body().length + OVERHEAD;
                eldest.remove();
            }
        }
    }
}
