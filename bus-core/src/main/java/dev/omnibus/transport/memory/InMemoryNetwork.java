package dev.omnibus.transport.memory;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * What Redis is to Redisson, for transports inside one JVM: channels, subscriber counts and expiring entries.
 *
 * <p>For tests of programs that use the bus, without a Redis: each node of the program gets its own {@link #open()
 * transport} on one shared network. The semantics are those of Redis pub/sub, and the same contract tests hold them;
 * only the speed says nothing. Faults can be made on purpose: {@link #down()}, {@link #up()} and {@link #tamper}.
 * Thread-safe.
 */
public final class InMemoryNetwork {

    /** By how many. */
    record Heard(long receivers, long patternSubscribers) {}

    private final Set<InMemoryTransport> transports = new LinkedHashSet<>();
    private final InMemoryLeases leases = new InMemoryLeases();
    private BiFunction<String, byte[], List<byte[]>> tamper = (channel, frame) -> List.of(frame);
    private boolean up = true;

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

    /** Forgets all entries, as {@code FLUSHALL} and a restart of Redis do. */
    public void forget() {
        leases.forget();
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
