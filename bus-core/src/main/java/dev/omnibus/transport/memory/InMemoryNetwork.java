package dev.omnibus.transport.memory;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What Redis is to Redisson, for transports inside one JVM: channels, subscriber counts, expiring entries, streams and
 * queues.
 *
 * <p>For tests of programs that use the bus, without a Redis: each node of the program gets its own {@link #open()
 * transport} on one shared network. The semantics are those of Redis pub/sub, and the same contract tests hold them;
 * only the speed says nothing. Faults can be made on purpose: {@link #down()}, {@link #up()}, {@link #tamper},
 * {@link #loseAnswers}, {@link #failOver()}, {@link #forget} and {@link #advance}. Thread-safe.
 */
public final class InMemoryNetwork {

    private static final byte[] NOTICE = {'{', '}'};

    /** By how many. */
    record Heard(long receivers, long patternSubscribers) {}

    private final Set<InMemoryTransport> transports = new LinkedHashSet<>();
    private final InMemoryLeases leases = new InMemoryLeases(this::nanoTime);
    private BiFunction<String, byte[], List<byte[]>> tamper = (channel, frame) -> List.of(frame);
    private final Map<String, InMemoryLog> logs = new HashMap<>();
    private final Map<String, InMemoryCallQueue> queues = new HashMap<>();
    private volatile long advanced; // nanoseconds
    private volatile String history = UUID.randomUUID().toString();
    private boolean up = true;
    private boolean answering = true;

    /** Makes a network without nodes. */
    public InMemoryNetwork() {}

    /**
     * Connects one more node.
     *
     * @return a transport of its own
     */
    public synchronized Transport open() {
        InMemoryTransport transport = new InMemoryTransport(this);
        transports.add(transport);
        return transport;
    }

    /** Lets the network fail: from now on nothing is sent, nothing arrives, and entries cannot be written or read. */
    public synchronized void down() {
        up = false;
    }

    /** Ends {@link #down()}. Every subscription stands again, and its listener is notified that it was interrupted. */
    public synchronized void up() {
        if (!up) {
            up = true;
            transports.forEach(InMemoryTransport::interrupted);
        }
    }

    /**
     * Changes what arrives: the function gets each frame once per receiver and returns what is delivered instead. An
     * empty list loses the frame, a list with the frame twice doubles it; a function that keeps frames back for later
     * reorders them. The publisher's count is not changed by it.
     *
     * @param deliveries from channel and frame to the frames that arrive
     */
    public synchronized void tamper(BiFunction<String, byte[], List<byte[]>> deliveries) {
        tamper = deliveries;
    }

    /**
     * Lets the clock of the network go on: leases and consumers that are not renewed end, entries grow older. Timers of
     * the nodes have clocks of their own.
     *
     * @param by how far
     */
    public synchronized void advance(Duration by) {
        advanced += by.toNanos();
    }

    /**
     * Lets another server take over, which has all that the last one had: the history of its replication is another
     * one, and every subscription's listener is notified that it was interrupted.
     */
    public synchronized void failOver() {
        history = UUID.randomUUID().toString();
        transports.forEach(InMemoryTransport::interrupted);
    }

    Optional<String> history() {
        return Optional.of(history);
    }

    /**
     * Loses the answers of streams and queues: what is asked of them is done, but nobody is notified of it, as when a
     * connection breaks in between.
     *
     * @param lost whether they are lost from now on
     */
    public synchronized void loseAnswers(boolean lost) {
        answering = !lost;
    }

    synchronized void requireAnswers() {
        if (!answering) {
            throw new TransportException(
                    Kind.CONNECTION_LOST, false, "The answer was lost; whether it was done is not known", null);
        }
    }

    private long nanoTime() {
        return System.nanoTime() + advanced;
    }

    private long millis() {
        return System.currentTimeMillis() + advanced / 1_000_000;
    }

    synchronized <T> T withLog(String key, Function<InMemoryLog, T> question) {
        requireUp("reach " + key);
        return question.apply(logs.computeIfAbsent(key, any -> new InMemoryLog(this::millis)));
    }

    synchronized <T> T withQueue(QueueKeys keys, Function<InMemoryCallQueue, T> question) {
        requireUp("reach " + keys.queue());
        return question.apply(queues.computeIfAbsent(keys.queue(), any -> {
            String method = keys.queue()
                    .substring(keys.queue().indexOf('{') + 1, keys.queue().indexOf('}'));
            return new InMemoryCallQueue(
                    method,
                    () -> history,
                    this::millis,
                    (node, response) -> publish(keys.inboxes() + node, response),
                    () -> publish(keys.notices(), NOTICE));
        }));
    }

    /** Whoever hears it. */
    void publish(String channel, byte[] frame) {
        deliver(new Publication(channel, frame, false, new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {}

            @Override
            public void failed(TransportException failure) {}
        }));
    }

    synchronized boolean isUp() {
        return up;
    }

    synchronized void leave(InMemoryTransport transport) {
        transports.remove(transport);
    }

    /** Delivers to everyone subscribed; the counts are those of PUBLISH and, if counted, of PUBSUB NUMSUB. */
    synchronized Heard deliver(Publication publication) {
        requireUp("publish to " + publication.channel());
        long receivers = 0;
        long patternSubscribers = 0;
        for (InMemoryTransport transport : transports) {
            for (InMemoryTransport.Subscribed subscribed : transport.matching(publication.channel())) {
                receivers += subscribed.pattern() ? 0 : 1;
                patternSubscribers += subscribed.pattern() ? 1 : 0;
                for (byte[] frame : tamper.apply(publication.channel(), publication.frame())) {
                    transport.deliver(subscribed, publication.channel(), frame);
                }
            }
        }
        return publication.counted()
                ? new Heard(receivers, patternSubscribers)
                : new Heard(receivers + patternSubscribers, Publication.Outcome.NOT_SEPARATED);
    }

    /** Forgets all entries, streams and queues, as {@code FLUSHALL} and a restart of Redis do. */
    public synchronized void forget() {
        leases.forget();
        logs.clear();
        queues.clear();
    }

    InMemoryLeases leases(String action) {
        requireUp(action);
        return leases;
    }

    void requireUp(String action) {
        if (!isUp()) {
            throw new TransportException(Kind.CONNECTION_LOST, true, "The network is down; could not " + action, null);
        }
    }
}
