package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.SubscribeException;
import dev.omnibus.bus.Subscription;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A consumer or follower of a durable topic, as the topic and the program see it. Thread-safe. */
public abstract class Reader<T> implements Subscription {

    final TopicLog<T> topic;
    private final CompletableFuture<Void> ready = new GuardedFuture<>();
    private final CompletableFuture<Void> ended = new GuardedFuture<>(this::requireOutside);
    private final CompletableFuture<Void> ending = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final Object settling = new Object();
    private boolean settled; // whether it is ready; guarded by the lock above

    Reader(TopicLog<T> topic) {
        this.topic = topic;
    }

    /** There may be something to read. */
    public abstract void wake();

    /** Called each second. */
    public abstract void tick();

    /** Another server has taken over, which may not have got the last writes. */
    public abstract void failedOver();

    /** Nothing that was there is there any more: the log has begun anew. */
    public abstract void begunAnew();

    /** Ends it without waiting for its handlers. */
    public abstract void abandon();

    /** Whether the current thread is in the handler. */
    abstract boolean isHandledHere();

    /** What its handler belongs to, for a sentence. */
    abstract String handlerOf();

    // Whether it is ready: settled once, by whatever comes first

    void isReady() {
        settle(null);
    }

    void isRefused(TransportException why) {
        settle(new SubscribeException(why));
    }

    private void settle(@Nullable SubscribeException failure) {
        synchronized (settling) {
            if (settled) {
                return;
            }
            settled = true;
        }
        topic.settle(ready, null, failure);
    }

    boolean isSettled() {
        synchronized (settling) {
            return settled;
        }
    }

    // The end

    /** It reads nothing more: if it was not ready until now, it never will be. */
    void isEnding() {
        String why = "The subscription to the durable topic " + topic.name() + " was closed before it was ready";
        isRefused(new TransportException(Kind.CLOSED, true, why, null));
        ending.complete(null);
    }

    /** Runs a task when it reads nothing more. */
    public void whenEnding(Runnable task) {
        CompletableFuture<Void> unused = ending.thenRun(task);
    }

    /** Its handlers have ended, too. */
    void hasEnded() {
        over.complete(null);
        topic.settle(ended, null, null);
    }

    /** Closes it; completes when it has ended, without an exception. */
    public CompletableFuture<Void> end() {
        close();
        return over;
    }

    boolean isOver() {
        return over.isDone();
    }

    public void requireOutside() {
        if (isHandledHere()) {
            throw new IllegalStateException("The handler of " + handlerOf() + " would wait for its own end, which comes"
                    + " when it returns. Close the subscription without waiting, or wait on another thread");
        }
    }

    @Override
    public String topic() {
        return topic.name();
    }

    @Override
    public CompletableFuture<Void> ready() {
        return ready.copy();
    }

    @Override
    public CompletableFuture<Void> closed() {
        return ended.copy();
    }
}
