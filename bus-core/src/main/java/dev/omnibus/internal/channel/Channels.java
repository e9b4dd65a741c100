package dev.omnibus.internal.channel;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.concurrent.PhasedTimer;
import dev.omnibus.internal.concurrent.Timer;
import dev.omnibus.transport.IoThread;
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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sends and receives messages by channel name, for the layers that give them a meaning.
 *
 * <p>Messages of this process to one channel arrive in the order in which they were sent. What waits to be sent is
 * bounded in bytes; sending does not block, unless the limits say that numbered messages wait for room. What arrives is
 * handed to one {@link Receiver} per channel, on the executor. The link is watched, and made anew when it is dead.
 * Thread-safe.
 */
public final class Channels implements AutoCloseable {

    /** How often what waits for the link is tried again, and looked at whether it has waited too long. */
    private static final Duration RETRY_PERIOD = Duration.ofMillis(100);

    /**
     * What is allowed, and how often the link is watched.
     *
     * @param messageBytes the largest message that is sent
     * @param outboundBytes how much may wait to be sent
     * @param outboxWait how long a numbered message that finds no room holds up its sender at most; zero to fail at
     *     once
     * @param hold how long a numbered message waits for a lost connection at most; zero to fail at once
     * @param inboundBytes how much may wait to be read, per channel
     * @param heartbeat how often the link is tried; it counts as dead after two beats that did not come back
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
     * @param names how channels are called
     * @param limits what is allowed
     * @param executor where receivers run, and where the outcomes of what was sent are told
     * @param timer what has to wait waits there; it goes on when these channels are closed, but for what is theirs
     * @param listener told what goes wrong
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
        try {
            String inbox = names.inbox(node);
            CompletableFuture<Void> open = channels.listen(inbox, channels.new Inbox())
                    .ready()
                    .thenCompose(ready -> {
                        channels.begin(limits);
                        channels.heartbeat.tick(channels);
                        return channels.heartbeat.first();
                    });
            open.get(limits.connectTimeout().toMillis(), TimeUnit.MILLISECONDS);
            return channels;
        } catch (ExecutionException e) {
            channels.close();
            throw e.getCause() instanceof TransportException failure ? explained(failure) : unheard(limits, e);
        } catch (TimeoutException e) {
            channels.close();
            throw unheard(limits, e);
        } catch (InterruptedException e) {
            channels.close();
            Thread.currentThread().interrupt();
            throw new TransportException(Kind.CLOSED, true, "Interrupted while connecting", e);
        }
    }

    private void begin(Limits limits) {
        periodic.add(sendEvery(limits.heartbeat(), () -> heartbeat.tick(this)));
        periodic.add(every(limits.heartbeat(), () -> outbox.tick(System.nanoTime())));
        if (limits.hold().compareTo(Duration.ZERO) > 0) {
            periodic.add(every(RETRY_PERIOD, outbox::retry));
        }
        if (closed) { // meanwhile, since it took too long
            endPeriodic();
        }
    }

    private void endPeriodic() {
        periodic.forEach(task -> task.cancel(false));
    }

    private static TransportException explained(TransportException failure) {
        String said = String.valueOf(failure.getMessage());
        return said.contains("NOPERM")
                ? new TransportException(
                        failure.kind(),
                        failure.notSent(),
                        said + " (An inbox has the name of its bus: is it that of the access list?)",
                        failure.getCause())
                : failure;
    }

    private static TransportException unheard(Limits limits, Exception cause) {
        String message = "Connected, but a message to the own inbox did not come back within "
                + limits.connectTimeout().toMillis()
                + " ms; may this user publish and subscribe to the bus' channels?";
        return new TransportException(Kind.REFUSED, true, message, cause);
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
     * How channels are called.
     *
     * @return the names
     */
    public ChannelNames names() {
        return names;
    }

    /**
     * What carries the frames, for the entries that tell who is there.
     *
     * @return the transport
     */
    public Transport transport() {
        return transport;
    }

    /**
     * Where it is told how waits end, for layers. Ahead of handlers, should these hold up all threads.
     *
     * @return the executor of these channels
     */
    public Executor executor() {
        return executor;
    }

    /**
     * Whether the numbers of receivers mean something here. They do not if the transport delivered a message that it
     * had counted as received by nobody.
     *
     * @return true if they do
     */
    public boolean countsTrusted() {
        return heartbeat.countsTrusted();
    }

    /**
     * Sends a message. Never blocks. It fails at once when the outbox is full or the link is known to be down.
     *
     * @param channel where to
     * @param message one JSON object; not to be changed afterwards
     * @param count what is to be known of the receivers
     * @param sent told how it went
     */
    public void send(String channel, byte[] message, ReceiverCount count, SendCallback sent) {
        outbox.send(channel, OutboundMessage.plain(message, count, sent));
    }

    /** Sends a beat to the own inbox, also when the outbox is full: a busy link is not a dead one. */
    void sendHeartbeat(byte[] message, ReceiverCount count, SendCallback sent) {
        outbox.send(names.inbox(node), OutboundMessage.heartbeat(message, count, sent));
    }

    /**
     * Sends a message that carries its own number: 1 for the first on this channel, then 2, and so on, in the order in
     * which they are sent. One that is certainly not sent takes no number. When nothing follows it, the mark does, a
     * few times, unless nobody has ever received any.
     *
     * <p>If the outbox is full, this blocks until there is room, for the time that the limits say. Closing ends the
     * wait, and so does a link that goes down, unless messages are held for it. If there is no connection, the message
     * is held for the time that the limits say, and keeps its place; it is never sent again if it may have arrived.
     *
     * @param channel where to
     * @param message one JSON object with room for the number
     * @param numbering where the number is written, and what tells the last one
     * @param sent told how it went
     * @throws IllegalStateException if it would have to wait for room on the transport's thread; then nothing was done
     */
    public void sendNumbered(String channel, byte[] message, SequenceNumbers.Format numbering, SendCallback sent) {
        outbox.send(channel, OutboundMessage.numbered(message, numbering, sent));
    }

    /**
     * Receives the messages of one channel. A channel has at most one receiver at a time.
     *
     * @param channel the exact name
     * @param receiver gets the messages
     * @return the subscription
     * @throws IllegalStateException if the channel has a receiver
     */
    public ChannelSubscription listen(String channel, Receiver receiver) {
        return readers.open(channel, receiver, transport::subscribe);
    }

    /**
     * Receives the messages of all channels whose names match a Redis glob.
     *
     * @param glob the pattern
     * @param receiver gets the messages
     * @return the subscription
     * @throws IllegalStateException if the pattern has a receiver
     */
    public ChannelSubscription listenPattern(String glob, Receiver receiver) {
        return readers.open(glob, receiver, transport::subscribePattern);
    }

    /**
     * Sets who gets what arrives in the inbox of this node.
     *
     * @param receiver replaces the one before
     */
    public void receiveInbox(Receiver receiver) {
        inbox = receiver;
    }

    /**
     * Reports a message that makes no sense to the layer that received it.
     *
     * @param channel where it arrived
     * @param problem what is wrong with it
     */
    public void reportBad(String channel, String problem) {
        listener.onBadFrame(channel, problem);
    }

    /**
     * Reports a message at which this process itself failed, as for lack of memory. Throws nothing: the messages behind
     * it are not to suffer.
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
     * Reports a message that could not be sent, or whose fate is unknown, where nobody waits for it to say so.
     *
     * @param channel what it was about
     * @param problem why
     */
    public void reportUnsent(String channel, String problem) {
        listener.onUnsent(channel, problem);
    }

    /**
     * Runs something again and again on the timer's thread, which it must not hold up. What it throws is logged.
     *
     * @param period the time between two runs; before the first one, and after one that came late, it may be 0.4 to 1.4
     *     times that
     * @param task what to run
     * @return cancels it
     */
    public Future<?> every(Duration period, Runnable task) {
        return new PhasedTimer(timer, Runnable::run, node, period).add(task);
    }

    /**
     * Sends something again and again. What has the same period goes in one write of the transport, if it can that; so
     * it costs the server little more than the heartbeat alone.
     *
     * @param period the time between two runs; about, as above
     * @param sending runs on the transport's thread: must neither block nor do much
     * @return cancels it
     */
    public Future<?> sendEvery(Duration period, Runnable sending) {
        return sendings.computeIfAbsent(period, any -> new PhasedTimer(timer, transport::together, node, period))
                .add(sending);
    }

    /**
     * Runs something once, after a while, where it is told how waits end.
     *
     * @param delay how long it waits
     * @param task what to run
     */
    public void later(Duration delay, Runnable task) {
        timer.later(delay, executor, task);
    }

    /**
     * Fails a future with a {@link TimeoutException} if it has no end by then. What depends on it must be asynchronous.
     *
     * @param future what is awaited
     * @param timeout for how long
     * @param <T> of what kind
     * @return the same future
     */
    public <T> CompletableFuture<T> limit(CompletableFuture<T> future, Duration timeout) {
        return timer.limit(future, timeout);
    }

    /** Runs something once, in a moment, on the timer's thread. */
    void soon(Runnable task) {
        if (!closed) {
            timer.soon(RETRY_PERIOD, task);
        }
    }

    /** How long a reconnect may take before the next one begins, for tests, to which a minute is too long. */
    void reconnectEnds(Duration sooner) {
        heartbeat.reconnectEnds(sooner);
    }

    /** What cannot wait for the link fails, and whoever waits for something in the inbox need not any longer. */
    void disconnected() {
        outbox.down();
        executor.execute(() -> inbox.interrupted());
    }

    void connected() {
        outbox.up();
    }

    /**
     * Sends a last mark where one is due, and waits until everything that was accepted for sending has been sent or has
     * failed, and the executor has been asked to tell so. It does not wait for the executor itself: a receiver may call
     * it, or a handler.
     *
     * @param timeout how long at most
     * @return false if something is still waiting
     * @throws InterruptedException if the thread is interrupted while waiting
     * @throws IllegalStateException on the transport's thread, which must not wait
     */
    public boolean flush(Duration timeout) throws InterruptedException {
        IoThread.requireOther("Waiting until all is sent");
        return outbox.flush(timeout);
    }

    /**
     * What has gone through so far.
     *
     * @return a snapshot
     */
    public ChannelStats stats() {
        return counters.snapshot(admission.room().taken(), outbox.count());
    }

    /**
     * Ends everything at once; what waits to be sent, for room, or for the link, fails. Flush before, to have it sent.
     * Like flushing, it does not wait for the executor. Idempotent.
     */
    @Override
    public void close() {
        closed = true;
        try {
            outbox.close();
        } finally {
            endPeriodic();
            transport.close();
        }
    }

    /**
     * Whether this is the transport's thread, inside of a receiver: it must not wait for the end of these channels.
     *
     * @return true if it is
     */
    public boolean areReadingHere() {
        return readers.areReadingHere();
    }

    /** Keeps the beats to itself and passes on the rest. */
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

    /** Told what goes wrong below the level of events and calls. Its methods must not block or throw. */
    public interface Listener {

        /**
         * A frame, or the rest of one, was not JSON as the wire protocol has it. The messages before that point were
         * kept.
         *
         * @param channel where it arrived
         * @param problem what is wrong with it
         */
        void onBadFrame(String channel, String problem);

        /**
         * Frames are being dropped, because too much waits to be read on this channel. Told once, until
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
         * A message could not be sent, or its fate is unknown, and nobody else is told.
         *
         * @param channel what it was about
         * @param problem why
         */
        default void onUnsent(String channel, String problem) {}

        /** The bus no longer hears itself. It is making a new connection. */
        void onDisconnected();

        /** The bus hears itself again. */
        void onConnected();
    }
}
