package dev.omnibus.rpc;

import dev.omnibus.rpc.RpcCodec.Answer;
import dev.omnibus.rpc.RpcException.Reason;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The last calls of a service that have an idempotency key, and their answers: who calls again with the same key gets
 * the answer of the first time, or waits for it with him, and nothing is executed twice. Bounded in number and bytes.
 *
 * <p>An answer goes only to the inbox that asked first, so a key that somebody guesses gives nothing away. Thread-safe.
 */
final class RepeatedCalls {

    private static final int WINDOW = 1_024;
    private static final long WINDOW_BYTES = 8L * 1024 * 1024;
    private static final int MOST_JOINED = 16;

    private record Key(String from, String replyTo, String method, String key) {

        static Key of(RpcCodec.Request request) {
            return new Key(request.from(), request.replyTo(), request.method(), request.key());
        }
    }

    private static final class Known {

        private @Nullable Execution first; // until it is settled
        private final List<Execution> joined = new ArrayList<>(1);
        private @Nullable Answer answer;

        Known(Execution first) {
            this.first = first;
        }
    }

    private final Map<Key, Known> calls = new LinkedHashMap<>(); // guarded by this
    private long bytes; // guarded by this

    /** Whether it is to be executed. If not, it has its answer, or gets it together with the first one. */
    boolean isFirst(Execution execution) {
        RpcCodec.Request request = execution.request();
        if (request.key().isEmpty() || request.from().isEmpty() || request.id().isEmpty()) {
            return true;
        }
        Answer answer;
        synchronized (this) {
            Known known = calls.get(Key.of(request));
            if (known == null) {
                calls.put(Key.of(request), new Known(execution));
                execution.firstIn(this);
                forgetEldest();
                return true;
            }
            answer = known.answer;
            if (answer == null && known.joined.size() < MOST_JOINED) {
                known.joined.add(execution);
                Execution running = known.first;
                if (running != null) {
                    execution.joins(running);
                }
                return false;
            }
        }
        if (answer == null) {
            execution.settle(
                    RpcCodec.error(RpcCodec.OVERLOADED, "the call runs already, and many wait for it", ""),
                    Reason.OVERLOADED);
        } else {
            execution.settle(answer, answer.isResult() ? null : Reason.FAULT);
        }
        return false;
    }

    /** The first one has its answer; gives those that get it, too. What was not executed may be tried again. */
    synchronized List<Execution> settled(Execution first, Answer answer, boolean executed) {
        Key key = Key.of(first.request());
        Known known = calls.get(key);
        if (known == null) {
            return List.of();
        }
        known.first = null;
        if (executed) {
            known.answer = answer;
            bytes += answer.body().length;
            forgetEldest();
        } else {
            calls.remove(key);
        }
        List<Execution> joined = List.copyOf(known.joined);
        known.joined.clear();
        return joined;
    }

    /** One that still runs cannot be forgotten; there are no more of them than the service takes at a time. */
    private void forgetEldest() {
        Iterator<Known> eldest = calls.values().iterator();
        while ((calls.size() > WINDOW || bytes > WINDOW_BYTES) && eldest.hasNext()) {
            Answer answer = eldest.next().answer;
            if (answer != null) {
                bytes -= answer.body().length;
                eldest.remove();
            }
        }
    }
}
