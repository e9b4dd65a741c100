package dev.omnibus.tools.watch;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.event.TopicPattern;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A wire tap: sees the messages that others send over a bus, decoded, and matches each request with all its replies.
 * {@code Watch.on(bus).calls("stock.*").start(listener)}.
 *
 * <p>It is a pattern subscriber, which has its price for those who are watched: {@code publish} counts it among its
 * receivers, Redis writes every message once more, and each publication whose receivers are counted, as those of calls
 * are, takes a script of three commands instead of one. So watch as little as is needed, and not for ever.
 *
 * <p>In a cluster of Redis 7 or later calls and replies are on sharded channels, which no pattern matches: there it
 * sees events and nodes that come and go, and {@link #seesCalls()} is false. Nor does anybody see by a channel what
 * durable topics and queued calls keep in Redis.
 *
 * <p>What is missed is never silent: see {@link #stats()}. Thread-safe.
 */
public final class Watch implements AutoCloseable {

    /** What is to be watched: everything, unless something is named. Not thread-safe. */
    public static final class Builder {

        private final Bus bus;
        private @Nullable TopicPattern topics;
        private @Nullable TopicPattern methods;

        private Builder(Bus bus) {
            this.bus = Objects.requireNonNull(bus, "bus");
        }

        /**
         * Watches events. If no calls are named, Redis sends nothing else.
         *
         * @param pattern of their topics, as in {@link Bus#subscribe}; {@code **} for all
         * @return this
         * @throws IllegalArgumentException if it is no pattern
         */
        @CanIgnoreReturnValue
        public Builder events(String pattern) {
            topics = TopicPattern.parse(pattern);
            return this;
        }

        /**
         * Watches calls: requests, cancels and replies. If no events are named, Redis sends nothing else; but it sends
         * all calls, because a reply does not have its method, and the rest is left out here.
         *
         * @param pattern of their methods, as of topics; {@code **} for all
         * @return this
         * @throws IllegalArgumentException if it is no pattern
         */
        @CanIgnoreReturnValue
        public Builder calls(String pattern) {
            methods = TopicPattern.parse(pattern);
            return this;
        }

        /**
         * Begins to watch.
         *
         * @param listener is called on the executor of the bus
         * @return the watch; what is published after {@link Watch#ready()} has completed is seen
         * @throws IllegalStateException if the bus is closed, or watched in this very way already
         */
        public Watch start(WatchListener listener) {
            return new Watch(this, Objects.requireNonNull(listener, "listener"));
        }
    }

    private final Bus bus;
    private final BusRuntime runtime;
    private final boolean all;
    private final @Nullable TopicPattern topics;
    private final @Nullable TopicPattern methods;
    private final MessageDecoder decoder;
    private final WatchListener listener;
    private final OpenExchanges exchanges;
    private final Map<String, NodeInfo> nodes = new ConcurrentHashMap<>();
    private final Channels.Subscription subscription;
    private final Directory.@Nullable Watch directory;
    private final long droppedBefore;
    private final LongAdder messages = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder events = new LongAdder();
    private final LongAdder requests = new LongAdder();
    private final LongAdder replies = new LongAdder();
    private final LongAdder bad = new LongAdder();
    private final LongAdder interruptions = new LongAdder();

    private Watch(Builder what, WatchListener listener) {
        this.bus = what.bus;
        this.listener = listener;
        topics = what.topics;
        methods = what.methods;
        all = topics == null && methods == null;
        runtime = BusRuntime.of(bus);
        decoder = new MessageDecoder(runtime);
        exchanges = new OpenExchanges(listener);
        droppedBefore = bus.stats().framesDropped();
        subscription = runtime.channels().listenPattern(glob(runtime.channels().names()), new Tap());
        directory = topics == null || methods != null ? Directory.on(bus).watch(new Nodes()) : null;
    }

    /**
     * Returns what to watch on a bus.
     *
     * @param bus an open bus, which is not closed with the watch; best one that does nothing else
     * @return everything, unless something is named
     */
    public static Builder on(Bus bus) {
        return new Builder(bus);
    }

    private String glob(ChannelNames names) {
        if (topics != null && methods == null) {
            return names.event(topics.toGlob());
        }
        return all || topics != null ? names.frames() : names.calls();
    }

    /**
     * Returns when the watch sees everything.
     *
     * @return completes when Redis has confirmed the subscription; fails with a
     *     {@link dev.omnibus.transport.TransportException} if it refuses. A list of access has to allow the very
     *     pattern, which the message names
     */
    public CompletableFuture<Void> ready() {
        return subscription.ready().copy();
    }

    /**
     * Returns whether calls can be seen by a pattern.
     *
     * @return false in a cluster of servers that have sharded channels
     */
    public boolean seesCalls() {
        return !runtime.channels().sharded();
    }

    /**
     * Returns what was seen so far, and what was missed.
     *
     * @return a snapshot of the counters
     */
    public WatchStats stats() {
        return new WatchStats(
                messages.sum(),
                bytes.sum(),
                events.sum(),
                requests.sum(),
                replies.sum(),
                exchanges.paired.sum(),
                exchanges.unmatched.sum(),
                exchanges.unanswered.sum(),
                exchanges.abandoned.sum(),
                exchanges.size.get(),
                bad.sum(),
                bus.stats().framesDropped() - droppedBefore,
                interruptions.sum());
    }

    /**
     * Returns the nodes that are there, as far as calls are watched and this user may read the directory.
     *
     * @return a copy
     */
    public List<NodeInfo> nodes() {
        return List.copyOf(nodes.values());
    }

    /** Ends it. What has arrived is still handed to the listener; the bus stays open. Idempotent, and does not wait. */
    @Override
    public void close() {
        subscription.close();
        if (directory != null) {
            directory.close();
        }
    }

    /** What is subscribed, without the nodes. */
    @Override
    public String toString() {
        return "Watch of " + glob(runtime.channels().names());
    }

    /** The nodes that are to answer a broadcast. */
    private Set<String> serving(String method) {
        return nodes.values().stream()
                .filter(node -> !node.draining() && node.serves(method))
                .map(NodeInfo::node)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Reads what arrives; called one frame at a time. */
    private final class Tap implements Receiver {

        @Override
        public void receive(String channel, List<Message> frame, Executor next) {
            Instant at = Instant.now();
            long nanos = System.nanoTime();
            for (Message message : frame) {
                try {
                    Seen seen = decoder.decode(channel, message, at, nanos);
                    if (seen != null) {
                        take(seen);
                    }
                } catch (RuntimeException | Error e) { // of the listener: the messages behind it are not lost
                    runtime.channels().reportBroken(channel, e);
                }
            }
            exchanges.sweep(nanos);
        }

        private void take(Seen seen) {
            boolean own = seen.kind() == Seen.Kind.HEARTBEAT && seen.from().equals(bus.node());
            if (own || !isWanted(seen)) {
                return;
            }
            messages.increment();
            bytes.add(seen.bytes());
            switch (seen.kind()) {
                case EVENT -> events.increment();
                case REQUEST -> requests.increment();
                case REPLY -> replies.increment();
                case BAD -> bad.increment();
                default -> {}
            }
            listener.seen(seen);
            switch (seen.kind()) {
                case REQUEST -> {
                    Set<String> expected = seen.isBroadcast() ? serving(seen.name()) : Set.of(seen.to());
                    exchanges.request(seen, expected);
                }
                case REPLY -> exchanges.reply(seen);
                case CANCEL -> exchanges.cancel(seen);
                default -> {}
            }
        }

        private boolean isWanted(Seen seen) {
            if (all) {
                return true;
            }
            return switch (seen.kind()) {
                case EVENT, MARKER -> topics != null && topics.matches(seen.name());
                case REQUEST, CANCEL -> methods != null && methods.matches(seen.name());
                case REPLY ->
                    methods != null
                            && (exchanges.has(seen) || methods.toString().equals("**"));
                case BAD -> true;
                case PRESENCE, HEARTBEAT -> false;
            };
        }

        @Override
        public void interrupted() {
            interruptions.increment();
            exchanges.abandon();
            listener.interrupted();
        }
    }

    /** Keeps the nodes that are there. */
    private final class Nodes implements Directory.Listener {

        @Override
        public void joined(NodeInfo node) {
            nodes.put(node.node(), node);
        }

        @Override
        public void changed(NodeInfo before, NodeInfo now) {
            nodes.put(now.node(), now);
        }

        @Override
        public void draining(NodeInfo node) {
            nodes.put(node.node(), node);
        }

        @Override
        public void left(NodeInfo node) {
            nodes.remove(node.node());
        }
    }
}
