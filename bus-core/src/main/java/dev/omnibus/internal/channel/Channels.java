package dev.omnibus.internal.channel;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.concurrent.PhasedTimer;
import dev.omnibus.internal.concurrent.Timer;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;

/**
 * The channel engine: sends and receives messages by channel name, for the layers that give them a meaning.
 *
 * <p>Messages of this process to one channel arrive in the order in which they were sent. What waits to be sent is
 * bounded in bytes; sending does not block, unless the limits let numbered messages wait for room. What arrives is
 * passed to one {@link Receiver} per channel, on the executor. A {@link Heartbeat} replaces a dead connection.
 * Thread-safe.
 */
public final class Channels implements AutoCloseable {

    /** How often what waits for the connection is retried, or failed because it has waited too long. */
    private static final Duration RETRY_PERIOD = Duration.ofMillis(100);

    /**
     * The limits of the engine.
     *
     * @param messageBytes the largest message that is sent
     * @param outboundBytes how much may wait to be sent
     * @param outboxWait how long a numbered message that finds no room blocks its sender at most; zero to fail at once
     * @param hold how long a numbered message waits for a lost connection at most; zero to fail at once
     * @param inboundBytes how much may wait to be read, per channel
     * @param heartbeat the period of the heartbeat; the connection counts as dead after two that did not come back
     * @param connectTimeout how long opening may take
     */
    public record Limits(
            int messageBytes,
            long outboundBytes,
            Duration outboxWait,
            Duration hold,
            long inboundBytes,
            Duration heartbeat,
            Duration connectTimeout) {}

    private final Transport transport;
    private final String node;
    private final ChannelNames names;
    private volatile boolean sharded; // not known before the first connect
    private final Heartbeat heartbeat;
    private final Counters counters = new Counters();
    private final AdmissionControl admission;
    private final Outbox outbox;
    private final Listener listener;
    private final Executor executor;
    private final ChannelReaders readers;
    private final Timer timer;
    private final Map<Duration, PhasedTimer> sendings = new ConcurrentHashMap<>(); // by period
    private final List<Future<?>> periodic = new CopyOnWriteArrayList<>(); // of these channels' own
    private final CompletableFuture<Void> opened = new CompletableFuture<>();
    private volatile boolean closed;
    private volatile Receiver inbox = (channel, messages, next) -> {};

    private Channels(
            Transport transport,
            String node,
            ChannelNames names,
            Limits limits,
            Executor executor,
            Timer timer,
            Listener listener) {
        this.transport = transport;
        this.node = node;
        this.names = names;
        this.sharded = transport.shard(names::isSharded); // false if it is not connected yet
        this.listener = listener;
        this.executor = executor;
        this.timer = timer;
        this.readers = new ChannelReaders(transport, limits, executor, timer.on(executor), listener, counters);
        this.heartbeat = new Heartbeat(transport, listener, counters, names.inbox(node), limits.heartbeat());
        this.admission = new AdmissionControl(limits, executor, counters);
        this.outbox = new Outbox(
                transport,
                admission,
                limits.heartbeat(),
                () -> transport.countsEveryone() && heartbeat.countsTrusted(),
                failure -> heartbeat.unsent(failure, this));
        transport.name(node);
    }

    /**
     * Opens the inbox of this node and waits until a first message has made the round trip.
     *
     * @param transport what carries the frames; closed with this object, also when opening fails
     * @param node the id of this process, new for each
     * @param names the naming scheme
     * @param limits the limits
     * @param executor where receivers run, and callbacks that may block
     * @param timer for all waits; not ended by these channels
     * @param listener notified of what goes wrong
     * @return open channels
     * @throws TransportException if the transport refuses, or the round trip takes longer than the connect timeout
     */
    public static Channels open(
            Transport transport,
            String node,
            ChannelNames names,
            Limits limits,
            Executor executor,
            Timer timer,
            Listener listener) {
        Channels channels = new Channels(transport, node, names, limits, executor, timer, listener);
        new Opening(channels, limits, timer, listener).await();
        return channels;
    }

    /**
     * Opens them as soon as that is possible, and does not wait for it; otherwise as {@link #open}. Until a first
     * message has made the round trip, what is sent fails, or is held; what is listened to is subscribed to when the
     * inbox is. The transport need not be connected.
     */
    public static Channels openInBackground(
            Transport transport,
            String node,
            ChannelNames names,
            Limits limits,
            Executor executor,
            Timer timer,
            Listener listener) {
        Channels channels = new Channels(transport, node, names, limits, executor, timer, listener);
        channels.outbox.down();
        channels.heartbeat.beginDown();
        new Opening(channels, limits, timer, listener).begin();
        return channels;
    }

    /** Begins what is done periodically but for the heartbeat. */
    void begin(Limits limits) {
        periodically(every(limits.heartbeat(), () -> outbox.tick(System.nanoTime())));
        if (limits.hold().compareTo(Duration.ZERO) > 0) {
            periodically(every(RETRY_PERIOD, outbox::retry));
        }
    }

    private void periodically(Future<?> task) {
        periodic.add(task);
        if (closed) { // meanwhile, since it took too long
            endPeriodic();
        }
    }

    private void endPeriodic() {
        periodic.forEach(task -> task.cancel(false));
    }

    /** The transport is connected at last, so it knows what its servers can do. */
    void settleShards() {
        sharded = transport.shard(names::isSharded);
    }

    Subscription openInbox() {
        String inbox = names.inbox(node);
        return readers.open(inbox, new Inbox(), transport::subscribe, CompletableFuture.completedFuture(null));
    }

    /** The inbox is open: what waited for it is subscribed to, and the heartbeat begins. */
    void inboxOpened(Limits limits) {
        opened.complete(null);
        periodically(sendEvery(limits.heartbeat(), () -> heartbeat.tick(this)));
        heartbeat.tick(this);
    }

    /**
     * Completes when there is a connection for the first time, by which can be subscribed; fails with a
     * {@link TransportException} if these channels are closed before.
     */
    public CompletableFuture<Void> opened() {
        return opened;
    }

    /** Completes, on the transport's thread, when a first message has made the round trip. */
    public CompletableFuture<Void> connected() {
        return heartbeat.first();
    }

    /** Whether that has not happened yet, as these channels are opened in the background. */
    public boolean isConnecting() {
        return !heartbeat.first().isDone();
    }

    /**
     * The id of this process.
     *
     * @return the node id
     */
    public String node() {
        return node;
    }

    /**
     * The naming scheme.
     *
     * @return the names
     */
    public ChannelNames names() {
        return names;
    }

    /**
     * Whether the channels that may be sharded are. Those who use one must agree about it.
     *
     * @return false but in a cluster of servers that know such channels
     */
    public boolean sharded() {
        return sharded;
    }

    /**
     * What carries the frames, for leases and lists.
     *
     * @return the transport
     */
    public Transport transport() {
        return transport;
    }

    /**
     * Where layers complete what others wait for. It has priority over handlers, should these block all threads.
     *
     * @return the executor of these channels
     */
    public Executor executor() {
        return executor;
    }

    /**
     * Whether receiver counts can be trusted. They cannot if the transport delivered a message that it had counted as
     * received by nobody.
     *
     * @return true if they do
     */
    public boolean countsTrusted() {
        return heartbeat.countsTrusted();
    }

    /**
     * Sends a message. Never blocks. It fails at once when the outbox is full or the connection is known to be lost.
     *
     * @param channel where to
     * @param message one JSON object; not to be changed afterwards
     * @param count how the receivers are counted
     * @param sent called with the outcome
     */
    public void send(String channel, byte[] message, ReceiverCount count, SendCallback sent) {
        outbox.send(channel, OutboundMessage.plain(message, count, sent));
    }

    /** Sends a heartbeat to the inbox of this node, even if the outbox is full: a busy connection is not a dead one. */
    void sendHeartbeat(byte[] message, ReceiverCount count, SendCallback sent) {
        outbox.send(names.inbox(node), OutboundMessage.heartbeat(message, count, sent));
    }

    /**
     * Sends a message that carries its own number: 1 for the first on this channel, then 2, and so on, in the order in
     * which they are sent. One that is certainly not sent takes no number, unless one behind it was sent. When nothing
     * follows it, its marker does, a few times, unless nobody has ever received any.
     *
     * <p>If the outbox is full, this blocks until there is room, as long as the limits allow. Closing ends the wait,
     * and so does the loss of the connection, unless messages are held for it. If there is no connection, the message
     * is held as long as the limits allow, and keeps its place; it is never sent again if it may have arrived, nor if
     * one behind it may have.
     *
     * @param channel where to
     * @param message one JSON object with room for the number
     * @param numbering the form of the number, and the marker for the last one
     * @param sent called with the outcome
     * @throws IllegalStateException if it would have to wait for room on the transport's thread; then nothing was done
     */
    public void sendNumbered(String channel, byte[] message, SequenceNumbers.Format numbering, SendCallback sent) {
        outbox.send(channel, OutboundMessage.numbered(message, numbering, sent));
    }

    /**
     * Receives the messages of one channel. A channel has at most one receiver at a time.
     *
     * @param channel the exact name
     * @param receiver is passed the messages
     * @return the subscription
     * @throws IllegalStateException if the channel has a receiver
     */
    public Subscription listen(String channel, Receiver receiver) {
        return readers.open(channel, receiver, transport::subscribe, opened);
    }

    /**
     * Receives the messages of all channels whose names match a Redis glob.
     *
     * @param glob the pattern
     * @param receiver is passed the messages
     * @return the subscription
     * @throws IllegalStateException if the pattern has a receiver
     */
    public Subscription listenPattern(String glob, Receiver receiver) {
        return readers.open(glob, receiver, transport::subscribePattern, opened);
    }

    /**
     * Sets the receiver of what arrives in the inbox of this node.
     *
     * @param receiver replaces the one before
     */
    public void receiveInbox(Receiver receiver) {
        inbox = receiver;
    }

    /**
     * Reports a message that the layer that received it cannot read.
     *
     * @param channel where it arrived
     * @param problem what is wrong with it
     */
    public void reportBad(String channel, String problem) {
        listener.onBadFrame(channel, problem);
    }

    /**
     * Reports a message that this process failed to handle, as for lack of memory. Throws nothing, for the sake of the
     * messages after it.
     *
     * @param channel where it arrived
     * @param failure what was thrown
     */
    public void reportBroken(String channel, Throwable failure) {
        try {
            reportBad(channel, "A message was dropped: " + failure.getClass());
        } catch (RuntimeException | Error e) { // there is no memory for that either
            Mailbox.complain("A message was dropped", failure);
        }
    }

    /**
     * Reports a message that could not be sent, or whose outcome is unknown, where no future can say so.
     *
     * @param channel what it was about
     * @param problem why
     */
    public void reportUnsent(String channel, String problem) {
        listener.onUnsent(channel, problem);
    }

    /**
     * Runs a task periodically on the timer's thread, which it must not hold up. What it throws is logged.
     *
     * @param period the time between two runs; before the first one, and after one that was late, 0.4 to 1.4 times that
     * @param task what to run
     * @return cancels it
     */
    public Future<?> every(Duration period, Runnable task) {
        return new PhasedTimer(timer, Runnable::run, node, period).add(task);
    }

    /**
     * Runs a task that sends periodically. What has the same period is sent in one write, if the transport can do that,
     * so it costs the server little more than the heartbeat alone.
     *
     * @param period the time between two runs, with the same deviation as of {@link #every}
     * @param sending runs on the transport's thread, so it must neither block nor take long
     * @return cancels it
     */
    public Future<?> sendEvery(Duration period, Runnable sending) {
        return sendings.computeIfAbsent(period, any -> new PhasedTimer(timer, transport::together, node, period))
                .add(sending);
    }

    /**
     * Runs a task once, after a delay, on the {@linkplain #executor() executor}.
     *
     * @param delay how long it waits
     * @param task what to run
     */
    public void later(Duration delay, Runnable task) {
        timer.later(delay, executor, task);
    }

    /**
     * Fails a future with a {@link TimeoutException} if it is not completed by then. Dependents must be asynchronous.
     *
     * @param future what is awaited
     * @param timeout for how long
     * @param <T> of what kind
     * @return the same future
     */
    public <T> CompletableFuture<T> limit(CompletableFuture<T> future, Duration timeout) {
        return timer.limit(future, timeout);
    }

    /** Runs a task once, in a moment, on the timer's thread. */
    void soon(Runnable task) {
        if (!closed) {
            timer.soon(RETRY_PERIOD, task);
        }
    }

    Heartbeat heartbeat() {
        return heartbeat;
    }

    /** Fails what cannot wait for the connection, and notifies the receiver of the inbox. */
    void disconnected() {
        outbox.down();
        interrupted();
    }

    /** Also when the inbox has just been opened, and others may be about to come, or come back, as well. */
    void interrupted() {
        executor.execute(() -> inbox.interrupted());
    }

    boolean isClosed() {
        return closed;
    }

    void reconnected() {
        outbox.up();
    }

    /**
     * Sends a last marker where one is due, and waits until everything that was accepted for sending has been sent or
     * has failed, and its callbacks have been called or queued for the executor. It does not wait for the executor
     * itself, so receivers and handlers may call it.
     *
     * @param timeout how long at most
     * @return false if something is still waiting
     * @throws InterruptedException if the thread is interrupted while waiting
     * @throws IllegalStateException on the transport's thread, which must not wait
     */
    public boolean flush(Duration timeout) throws InterruptedException {
        NonBlockingThread.requireOther("Waiting until all is sent");
        return outbox.flush(timeout);
    }

    /**
     * Counters of what has gone through so far.
     *
     * @return a snapshot
     */
    public ChannelStats stats() {
        return counters.snapshot(admission.room().taken(), outbox.count());
    }

    /**
     * Ends everything at once; what waits to be sent, for room, or for the connection, fails. Flush first to have it
     * sent. Like flushing, this does not wait for the executor. Idempotent.
     */
    @Override
    public void close() {
        closed = true;
        try {
            outbox.close();
        } finally {
            endPeriodic();
            transport.close();
            opened.completeExceptionally(
                    new TransportException(Kind.CLOSED, true, "The bus was closed before it was connected", null));
        }
    }

    /**
     * Whether this is the transport's thread inside a receiver, which must not wait for the end of these channels.
     *
     * @return true if it is
     */
    public boolean areReadingHere() {
        return readers.areReadingHere();
    }

    /** Takes out the heartbeats and passes on the rest. */
    private final class Inbox implements Receiver {

        @Override
        public boolean isDirect() {
            return inbox.isDirect();
        }

        @Override
        public void receive(String channel, List<Message> messages, Executor next) {
            if (messages.size() == 1 && Heartbeat.isHeartbeat(messages.get(0))) {
                heartbeat.arrived(messages.get(0), Channels.this);
                counters.messagesReceived.decrement();
                return;
            }
            List<Message> rest = new ArrayList<>(messages.size());
            for (Message message : messages) {
                if (Heartbeat.isHeartbeat(message)) {
                    heartbeat.arrived(message, Channels.this);
                } else {
                    rest.add(message);
                }
            }
            counters.messagesReceived.add(rest.size() - messages.size());
            if (!rest.isEmpty()) {
                inbox.receive(channel, rest, next);
            }
        }

        @Override
        public void interrupted() {
            inbox.interrupted();
        }
    }

    /** A listener for what goes wrong below the level of events and calls. Its methods must not block or throw. */
    public interface Listener {

        /**
         * A frame, or the rest of one, violated the wire protocol. The messages before that point were kept.
         *
         * @param channel where it arrived
         * @param problem what is wrong with it
         */
        void onBadFrame(String channel, String problem);

        /**
         * Frames are being dropped, because too much waits to be read on this channel. Called once, until
         * {@link #onFramesDropped}.
         *
         * @param channel the channel, or the pattern, that is read too slowly
         */
        void onFramesDropping(String channel);

        /**
         * No frames are being dropped any more.
         *
         * @param channel the channel or the pattern
         * @param frames how many were dropped since {@link #onFramesDropping}
         */
        void onFramesDropped(String channel, long frames);

        /**
         * A message could not be sent, or its outcome is unknown, and no future says so.
         *
         * @param channel what it was about
         * @param problem why
         */
        default void onUnsent(String channel, String problem) {}

        /**
         * No connection could be made, whether it is the first one or one that replaces another. It is tried again.
         *
         * @param failure why
         */
        default void onConnectFailed(TransportException failure) {}

        /** The connection is lost: heartbeats do not come back. A new one is being made. */
        void onDisconnected();

        /** Heartbeats come back again. */
        void onConnected();
    }

    /**
     * A subscription of this process to a channel or a pattern of channels. Its futures may complete on the transport's
     * own thread: dependents must neither block nor throw. Thread-safe.
     */
    public interface Subscription {

        /**
         * Whether it is established.
         *
         * @return completes when the transport has confirmed the subscription; fails with a
         *     {@link dev.omnibus.transport.TransportException} if it refuses
         */
        CompletableFuture<Void> ready();

        /**
         * Whether the receiver got everything that had arrived by now.
         *
         * @return completes then; at once if the subscription has ended
         */
        CompletableFuture<Void> caughtUp();

        /**
         * Ends the subscription. What has arrived is still handed to the receiver. Idempotent.
         *
         * @return completes when the transport has ended it and the last message was handed over
         */
        CompletableFuture<Void> close();
    }
}
