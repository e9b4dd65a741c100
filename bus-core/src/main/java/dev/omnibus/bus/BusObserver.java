package dev.omnibus.bus;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An observer: what metrics and traces of a bus are made of. It is notified when an operation starts, when the thread
 * goes on with something else, and when the operation has its outcome.
 *
 * <p>It is a spectator. It runs where the work runs, also on the thread of the connection, so it must not block; it
 * delays what it observes by the time that it takes, and can change nothing but add headers. What it throws is logged,
 * the first time, and has no other effect. Called by many threads at a time.
 *
 * <p>Two protocols of others that the bus can be used with are not observed: redisrpc, and plain Redis clients.
 *
 * @see BusBuilder#observer
 */
@FunctionalInterface
public interface BusObserver {

    /** What is observed. */
    enum Kind {
        /** An event is published, until Redis has it; also on a durable topic. */
        PUBLISH,
        /**
         * A handler gets an event, until it has returned, and its stage, if it gave one, is complete. On a durable
         * topic each start of the handler is one.
         */
        HANDLE,
        /** A client calls a method, with all attempts. */
        CALL,
        /** A server executes or refuses a call. */
        SERVE,
        /** A client asks all nodes, until the broadcast ends as a whole. */
        BROADCAST,
        /** A client enqueues a call, until it is in the queue; how that ends is not observed here. */
        ENQUEUE
    }

    /**
     * An operation starts, on the thread that does its work: the one that publishes, calls or asks, or that runs the
     * handler or the method. What is bound to the thread here is there for that work, and for interceptors.
     *
     * <p>A call that a server refuses before it executes it is started, left and ended at once, on any thread.
     *
     * @param operation what is known of it by now; lent until this returns, see {@link Operation#copy}
     * @return notified of what becomes of it, and may be the same for many; null if there is nothing more to do
     */
    @Nullable
    Scope start(Operation operation);

    /**
     * A bus is open that this observer was given to. Its counters, and what its listeners are notified of, are to be
     * had from it. On the thread that builds the bus.
     *
     * @param bus the bus, before the program has it
     */
    default void opened(Bus bus) {}

    /** What an observer makes of one operation. */
    @FunctionalInterface
    interface Scope {

        /**
         * The thread that started the operation goes on with something else. Once, on that thread, after
         * {@link #end(Outcome)} or before it.
         */
        default void leave() {}

        /**
         * A call is made again, or a handler run again, after a failure; on any thread.
         *
         * @param attempt how that one ended; its {@link Outcome#attempts()} has their number until now. It is lent
         *     until this returns
         */
        default void retried(Outcome attempt) {}

        /**
         * The operation has ended. Once, on any thread; that of the connection, too.
         *
         * @param outcome how; lent until this returns, see {@link Operation#copy}
         */
        void end(Outcome outcome);
    }

    /**
     * An operation, as far as it is known: a live view of the work itself, so that what is observed costs no memory. It
     * is lent to the observer for as long as it is notified, and goes on with the work afterwards. Take what you need
     * from it, or a {@link #copy}. For the thread that is notified.
     */
    interface Operation {

        /**
         * What is done.
         *
         * @return the kind
         */
        Kind kind();

        /**
         * What it is done with.
         *
         * @return the topic that is published to, or the topic or pattern that is subscribed to; for calls
         *     {@code service.method}
         */
        String name();

        /**
         * Whether the name is one of a limited number, fit to be the label of a metric.
         *
         * @return false for a method that is called by its name and that nobody is known to serve; true for all others,
         *     also for topics, of which a program can have any number
         */
        boolean isKnown();

        /**
         * What is handled.
         *
         * @return the event; null for everything but {@link Kind#HANDLE}
         */
        @Nullable
        Event<?> event();

        /**
         * The group that handles an event of a durable topic.
         *
         * @return its name; empty for everything else
         */
        String group();

        /**
         * The other side.
         *
         * @return the source of a handled event; the caller of a served call; of a call the node that has it, or had it
         *     last. Empty if there is none, as before a call is sent
         */
        String peer();

        /**
         * By what it is known on the wire.
         *
         * @return the id of a handled event, or the JSON-RPC id of a served call; of a queued one its id. Empty for
         *     what is sent
         */
        String id();

        /**
         * What is sent along or has arrived: of an event the additional attributes, of a call the headers.
         *
         * @return the headers, with those that were added here; at the end of a call those that it was sent with
         */
        Map<String, String> headers();

        /**
         * Sends a header along, in place of one with that name. Only while {@link BusObserver#start} runs, and only
         * with what is sent. Nothing is added where the program's own headers leave no room for it.
         *
         * @param name 1 to 20 lower-case letters and digits, beginning with a letter
         * @param value 1 to 4,096 characters
         * @throws IllegalArgumentException if it is no such name or value
         * @throws IllegalStateException if it is too late, or nothing is sent
         */
        void header(String name, String value);

        /**
         * A copy, as it is now, which may be kept and passed on. Its {@link #header} cannot be used.
         *
         * @return one that stays as it is
         */
        Operation copy();

        /**
         * How long it takes until now, or has taken. At the start of {@link Kind#SERVE} it is the time that the call
         * has waited here.
         *
         * @return nanoseconds
         */
        long elapsedNanos();
    }

    /** How an operation ended; lent, as any operation. */
    interface Outcome extends Operation {

        @Override
        Outcome copy();

        /**
         * Why it failed, as a word.
         *
         * @return empty if it did not. Otherwise the {@code Reason} of the exception that the program gets, or
         *     {@code FAULT} for one that has none; {@code REJECTED} if the handler has made its event a dead letter
         */
        String reason();

        /**
         * What it failed with.
         *
         * @return what the handler threw, or what the publisher or caller gets, unless that is incomplete
         *     {@code Replies}; null if nothing was thrown, and always null at the server
         */
        @Nullable
        Throwable failure();

        /**
         * The code of the JSON-RPC error that was answered: positive for a fault of the service.
         *
         * @return the code; 0 if there was no answer or it was a result, and for everything but {@link Kind#CALL} and
         *     {@link Kind#SERVE}
         */
        int code();

        /**
         * Whether it is certain that nothing was done: that the event was not sent, or that the method did not run.
         *
         * @return true if it failed and that is certain
         */
        boolean isNotExecuted();

        /**
         * How often it was tried: how many nodes had the call, one after the other, or how often the handler was run.
         *
         * @return 0 if nothing was sent; 1 for kinds without attempts
         */
        int attempts();

        /**
         * How many answers a broadcast waited for.
         *
         * @return those that came and those that are missing; 0 for all other kinds
         */
        int expected();

        /**
         * How many nodes answered a broadcast, with values or faults.
         *
         * @return at most {@link #expected()}; 0 for all other kinds
         */
        int answered();

        /**
         * Which nodes did not answer a broadcast.
         *
         * @return their ids, as far as they are known; empty for all other kinds
         */
        List<String> missing();
    }
}
