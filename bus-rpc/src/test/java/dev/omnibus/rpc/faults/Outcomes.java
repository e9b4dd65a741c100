package dev.omnibus.rpc.faults;

import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.Stalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** How calls of one kind ended: with what, how late, and whether anything came out that may not. */
final class Outcomes {

    private final String what;
    private final Duration timeout;
    private final Collection<CompletableFuture<?>> calls = new ConcurrentLinkedQueue<>();
    private final Map<Long, RpcException> failed = new ConcurrentHashMap<>();
    private final Map<String, Integer> reasons = new ConcurrentHashMap<>();
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong succeeded = new AtomicLong();
    private final AtomicLong latestSuccess = new AtomicLong(Long.MIN_VALUE); // when the call began
    private final AtomicLong worstOverdueMillis = new AtomicLong(Long.MIN_VALUE);
    private final Collection<Late> late = new ConcurrentLinkedQueue<>();

    /** A call that ended after its timeout. */
    record Late(long due, long ended) {

        /** Without what the machine itself was late meanwhile. */
        long millis(Stalls stalls) {
            return (ended - due) / 1_000_000 - Bounds.roomMillis(stalls, due, ended);
        }
    }

    Outcomes(String what, Duration timeout) {
        this.what = what;
        this.timeout = timeout;
    }

    <T> void add(long number, Predicate<T> isRight, java.util.function.Supplier<CompletableFuture<T>> call) {
        long begun = System.nanoTime();
        CompletableFuture<T> future;
        try {
            future = call.get();
        } catch (RuntimeException e) {
            future = CompletableFuture.failedFuture(e);
        }
        calls.add(future.handle((value, failure) -> {
            long due = begun + timeout.toNanos();
            long now = System.nanoTime();
            worstOverdueMillis.accumulateAndGet((now - due) / 1_000_000, Math::max);
            if (now - due > 0) {
                late.add(new Late(due, now));
            }
            if (failure == null) {
                ok(number, begun, isRight, value);
            } else {
                failed(number, cause(failure));
            }
            return null;
        }));
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
    }

    /** In one word, if it is an error that a call may end with. */
    static String reason(Throwable failure) {
        return cause(failure) instanceof RpcException typed ? typed.reason().toString() : failure.toString();
    }

    private <T> void ok(long number, long begun, Predicate<T> isRight, T value) {
        if (isRight.test(value)) {
            succeeded.incrementAndGet();
            latestSuccess.accumulateAndGet(begun, Math::max);
        } else if (value instanceof Number) {
            wrong.add(what + " " + number + " gave " + value);
        } else {
            reasons.merge("INCOMPLETE", 1, Integer::sum); // and says so
        }
    }

    private void failed(long number, Throwable failure) {
        if (failure instanceof RpcException typed) {
            failed.put(number, typed);
            reasons.merge(typed.reason().toString(), 1, Integer::sum);
        } else {
            wrong.add(what + " " + number + " ended with " + failure);
        }
    }

    boolean succeededSince(long nanoTime) {
        return latestSuccess.get() - nanoTime > 0 && latestSuccess.get() != Long.MIN_VALUE;
    }

    long succeeded() {
        return succeeded.get();
    }

    int count() {
        return calls.size();
    }

    long unfinished() {
        return calls.stream().filter(call -> !call.isDone()).count();
    }

    /** How much after their timeouts calls ended, the latest of them. */
    long worstOverdueMillis() {
        return worstOverdueMillis.get();
    }

    Collection<Late> late() {
        return late;
    }

    List<String> wrong() {
        return List.copyOf(wrong);
    }

    Map<Long, RpcException> failures() {
        return failed;
    }

    @Override
    public String toString() {
        return what + " " + calls.size() + ", of which " + succeeded + " succeeded"
                + (reasons.isEmpty() ? "" : " and " + new TreeMap<>(reasons)) + ", worst " + worstOverdueMillis
                + " ms over its timeout";
    }
}
