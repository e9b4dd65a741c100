package dev.omnibus.rpc.internal.broadcast;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.Reply;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A publisher of the replies to a broadcast, which is sent again for each subscriber. Thread-safe. */
public final class ReplyPublisher<T> implements Flow.Publisher<Reply<T>> {

    private static final Logger LOG = LoggerFactory.getLogger(ReplyPublisher.class);

    private final Function<Consumer<Reply<T>>, CompletableFuture<Replies<T>>> ask;
    private final Executor executor;

    /**
     * Asks nobody yet.
     *
     * @param ask sends the broadcast, with a listener to its replies
     * @param executor where subscribers are called
     */
    public ReplyPublisher(Function<Consumer<Reply<T>>, CompletableFuture<Replies<T>>> ask, Executor executor) {
        this.ask = ask;
        this.executor = executor;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Reply<T>> subscriber) {
        new ReplySubscription(Objects.requireNonNull(subscriber, "subscriber")).begin();
    }

    /**
     * One subscriber. Signals come one at a time, on the executor. What waits to be requested is bounded by the number
     * of nodes.
     */
    private final class ReplySubscription implements Flow.Subscription {

        private final Flow.Subscriber<? super Reply<T>> subscriber;
        private final Queue<Reply<T>> waiting = new ArrayDeque<>(); // guarded by this, like all below
        private @Nullable CompletableFuture<Replies<T>> asking;
        private @Nullable Throwable failure;
        private long requested;
        private boolean ended; // nothing is added any more
        private boolean over; // nothing is signalled any more
        private boolean running;

        ReplySubscription(Flow.Subscriber<? super Reply<T>> subscriber) {
            this.subscriber = subscriber;
        }

        void begin() {
            synchronized (this) {
                running = true; // no signal before this one has returned
            }
            subscriber.onSubscribe(this);
            boolean wanted;
            synchronized (this) {
                wanted = !over && !ended;
                running = false;
            }
            if (!wanted) {
                go(); // a wrong request is reported
                return;
            }
            CompletableFuture<Replies<T>> future;
            try {
                future = ask.apply(this::add);
            } catch (RuntimeException | Error e) { // of an interceptor
                end(e);
                return;
            }
            boolean cancelled;
            synchronized (this) {
                asking = future;
                cancelled = over || ended;
            }
            if (cancelled) {
                future.cancel(true);
            }
            future.whenComplete((replies, thrown) -> end(thrown));
        }

        private void add(Reply<T> reply) {
            synchronized (this) {
                if (ended) {
                    return; // by a wrong request
                }
                waiting.add(reply);
            }
            go();
        }

        private void end(@Nullable Throwable thrown) {
            synchronized (this) {
                if (ended) {
                    return; // by a wrong request
                }
                ended = true;
                failure =
                        thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
            }
            go();
        }

        @Override
        public void request(long count) {
            synchronized (this) {
                if (count <= 0) {
                    failure =
                            new IllegalArgumentException("The number requested is " + count + "; it must be positive");
                    ended = true;
                    waiting.clear();
                } else {
                    requested = requested + count < 0 ? Long.MAX_VALUE : requested + count;
                }
            }
            go();
            if (count <= 0) {
                stopAsking();
            }
        }

        @Override
        public void cancel() {
            synchronized (this) {
                over = true;
                waiting.clear();
            }
            stopAsking();
        }

        private void stopAsking() {
            CompletableFuture<Replies<T>> future;
            synchronized (this) {
                future = asking;
            }
            if (future != null) {
                future.cancel(true);
            }
        }

        private void go() {
            synchronized (this) {
                if (running || over || !hasSignal()) {
                    return;
                }
                running = true;
            }
            executor.execute(this::run);
        }

        private boolean hasSignal() {
            return waiting.isEmpty() ? ended : requested > 0;
        }

        private void run() {
            while (true) {
                Reply<T> reply = null;
                Throwable thrown;
                synchronized (this) {
                    if (over || !hasSignal()) {
                        running = false;
                        return;
                    }
                    reply = waiting.poll();
                    thrown = failure;
                    if (reply == null) {
                        over = true;
                    } else if (requested < Long.MAX_VALUE) {
                        requested--;
                    }
                }
                try {
                    signal(reply, thrown);
                } catch (Throwable e) { // against the rules of Flow, which leave it to us what to do
                    FailureLog.error(LOG, e, "A subscriber to replies failed; its subscription ends");
                    cancel();
                }
            }
        }

        private void signal(@Nullable Reply<T> reply, @Nullable Throwable thrown) {
            if (reply != null) {
                subscriber.onNext(reply);
            } else if (thrown != null) {
                subscriber.onError(thrown);
            } else {
                subscriber.onComplete();
            }
        }
    }
}
