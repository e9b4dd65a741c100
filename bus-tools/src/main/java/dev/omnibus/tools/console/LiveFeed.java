package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.tools.watch.Exchange;
import dev.omnibus.tools.watch.Seen;
import dev.omnibus.tools.watch.Watch;
import dev.omnibus.tools.watch.WatchListener;
import dev.omnibus.tools.watch.WatchStats;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A shared subscription: one watch of the bus for all pages that look. It begins with the first of them and ends a
 * moment after the last one, so that a console nobody looks at costs the bus nothing. Thread-safe.
 */
final class LiveFeed implements AutoCloseable {

    /**
     * How many pages one browser may have open: it opens six connections to one address, and lets further ones wait.
     */
    static final int STREAMS_PER_BROWSER = 4;

    /** How many pages may be open altogether. */
    static final int MAX_STREAMS = 8;

    private static final int MAX_OPEN_CALLS = 20_000;
    private static final int MAX_KEPT = 10_000;
    private static final long MAX_KEPT_BYTES = 32L * 1024 * 1024;
    private static final int WEIGHT = 256; // of a message that is kept, beyond its bytes
    private static final int MAX_ASKED = 100;
    private static final Duration GONE_SHOWN = Duration.ofMinutes(5);

    /**
     * How long it waits.
     *
     * @param linger until the bus is not watched any more, after the last page has gone: one that is loaded again finds
     *     its history
     * @param stuck until a page is cut that does not read
     */
    record Patience(Duration linger, Duration stuck) {

        static final Patience USUAL = new Patience(Duration.ofSeconds(10), Duration.ofSeconds(10));
    }

    private record CallKey(String inbox, String id) {}

    private record Node(NodeInfo info, String state, long since) {}

    private final Bus bus;
    private final Content content;
    private final ScheduledExecutorService timer;
    private final Patience patience;
    private final Traffic traffic = new Traffic();
    private final List<EventStream> streams = new CopyOnWriteArrayList<>();

    private final Map<CallKey, Traced> openCalls = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<CallKey, Traced> eldest) {
            return size() > MAX_OPEN_CALLS;
        }
    }; // guarded by itself

    private final Map<Long, Traced> kept = new LinkedHashMap<>(); // guarded by itself
    private long keptBytes; // guarded by kept
    private long number; // guarded by kept
    private final Map<String, Node> nodes = new TreeMap<>(); // guarded by itself

    private @Nullable Watch watch; // guarded by this
    private Directory.@Nullable Watch directory; // guarded by this
    private @Nullable ScheduledFuture<?> ticking; // guarded by this
    private @Nullable ScheduledFuture<?> ending; // guarded by this
    private boolean closed; // guarded by this

    LiveFeed(Bus bus, Content content, ScheduledExecutorService timer, Patience patience) {
        this.bus = bus;
        this.content = content;
        this.timer = timer;
        this.patience = patience;
    }

    /** Lets one more page look; false if there are too many. */
    synchronized boolean open(EventStream stream) {
        List<EventStream> same = streams.stream()
                .filter(open -> open.browser().equals(stream.browser()))
                .toList();
        if (same.size() >= STREAMS_PER_BROWSER) {
            same.get(0).end("another tab is live; a browser shows four at a time");
            streams.remove(same.get(0));
        }
        if (closed || streams.size() >= MAX_STREAMS) {
            return false;
        }
        streams.add(stream);
        if (ending != null) {
            ending.cancel(false);
            ending = null;
        }
        if (watch == null) {
            begin();
        }
        return true;
    }

    private void begin() {
        traffic.clear();
        Tap tap = new Tap();
        Watch begun = Watch.on(bus).start(tap);
        watch = begun;
        begun.ready().whenComplete((done, failure) -> {
            if (failure != null) {
                notice("refused", "Redis does not let this user watch: " + failure.getMessage());
            }
        });
        directory = Directory.on(bus).watch(new Nodes());
        ticking = timer.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    /** A page looks no more. */
    synchronized void close(EventStream stream) {
        if (streams.remove(stream) && streams.isEmpty() && !closed) {
            ending = timer.schedule(this::endIfUnseen, patience.linger().toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void endIfUnseen() {
        if (streams.isEmpty()) {
            end();
        }
    }

    private void end() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
        if (directory != null) {
            directory.close();
            directory = null;
        }
        if (ticking != null) {
            ticking.cancel(false);
            ticking = null;
        }
        synchronized (kept) {
            kept.clear();
            keptBytes = 0;
        }
        synchronized (openCalls) {
            openCalls.clear();
        }
        synchronized (nodes) {
            nodes.clear();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        end();
        streams.forEach(stream -> stream.end("the console has ended"));
    }

    int pages() {
        return streams.size();
    }

    synchronized boolean isWatching() {
        return watch != null;
    }

    synchronized boolean seesCalls() {
        return watch == null || watch.seesCalls();
    }

    /** What was seen and what was missed; empty while nobody looks. */
    synchronized Optional<WatchStats> stats() {
        return Optional.ofNullable(watch).map(Watch::stats);
    }

    Traffic traffic() {
        return traffic;
    }

    /** The stream with this id; empty if there is none, any more. */
    Optional<EventStream> stream(String id) {
        return streams.stream().filter(stream -> stream.id().equals(id)).findFirst();
    }

    /** A message that was seen a moment ago; empty if it is not kept any more. */
    Optional<Traced> message(long which) {
        synchronized (kept) {
            return Optional.ofNullable(kept.get(which));
        }
    }

    /** The nodes that are there, or were a moment ago. */
    ArrayNode nodes() {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        long now = System.currentTimeMillis();
        synchronized (nodes) {
            nodes.values().removeIf(node -> node.state().equals("gone") && now - node.since() > GONE_SHOWN.toMillis());
            nodes.values().forEach(node -> all.add(json(node)));
        }
        return all;
    }

    /** The nodes that serve a method, as far as it is known; a hundred at most. */
    List<String> serving(String method) {
        synchronized (nodes) {
            return nodes.values().stream()
                    .filter(node -> !node.state().equals("gone") && node.info().serves(method))
                    .map(node -> node.info().node())
                    .limit(MAX_ASKED)
                    .toList();
        }
    }

    private static ObjectNode json(Node node) {
        NodeInfo info = node.info();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("node", info.node())
                .put("application", info.application())
                .put("host", info.host())
                .put("pid", info.pid())
                .put("version", info.version())
                .put("started", info.started().toEpochMilli())
                .put("state", node.state())
                .put("since", node.since());
        ObjectNode services = json.putObject("services");
        new TreeMap<>(info.services()).forEach((service, methods) -> {
            ObjectNode shapes = services.putObject(service);
            new TreeMap<>(methods).forEach(shapes::put);
        });
        return json;
    }

    private void tick() {
        try {
            long now = System.currentTimeMillis();
            ObjectNode point = traffic.tick(now);
            ObjectNode missed = point.putObject("watch");
            stats().ifPresent(stats -> missed.put("messages", stats.messages())
                    .put("bytes", stats.bytes())
                    .put("dropped", stats.framesDropped())
                    .put("unmatched", stats.unmatchedReplies())
                    .put("abandoned", stats.abandoned())
                    .put("bad", stats.bad())
                    .put("interruptions", stats.interruptions()));
            streams.forEach(stream -> stream.point(point));
            streams.forEach(stream -> stream.cutIfStuck(patience.stuck()));
        } catch (RuntimeException e) { // the next second is another one
            notice("problem", "A second was not counted: " + e.getMessage());
        }
    }

    private void notice(String kind, String text) {
        ObjectNode notice =
                JsonNodeFactory.instance.objectNode().put("kind", kind).put("text", text);
        streams.forEach(stream -> stream.notice(notice));
    }

    /** What is seen. Called one at a time, in the order of the wire. */
    private final class Tap implements WatchListener {

        @Override
        public void seen(Seen seen) {
            traffic.seen(seen);
            if (seen.kind() == Seen.Kind.HEARTBEAT || seen.kind() == Seen.Kind.MARKER) {
                return;
            }
            if (seen.kind() == Seen.Kind.REPLY && hasCall(seen)) {
                return; // it is shown with its request
            }
            Traced traced = keep(seen);
            if (seen.kind() == Seen.Kind.REQUEST && !seen.isOneWay()) {
                synchronized (openCalls) {
                    openCalls.put(new CallKey(seen.inbox(), seen.id()), traced);
                }
            }
            for (EventStream stream : streams) {
                stream.seen(traced, content);
            }
        }

        private boolean hasCall(Seen reply) {
            synchronized (openCalls) {
                return openCalls.containsKey(new CallKey(reply.inbox(), reply.id()));
            }
        }

        private Traced keep(Seen seen) {
            synchronized (kept) {
                Traced traced = new Traced(++number, seen);
                kept.put(traced.number, traced);
                keptBytes += WEIGHT + seen.bytes();
                var oldest = kept.values().iterator();
                while (kept.size() > MAX_KEPT || (keptBytes > MAX_KEPT_BYTES && kept.size() > 1)) {
                    keptBytes -= WEIGHT + oldest.next().seen.bytes();
                    oldest.remove();
                }
                return traced;
            }
        }

        @Override
        public void answered(Exchange exchange, Exchange.Answer answer) {
            traffic.answered(exchange, answer);
            Traced call = call(exchange, false);
            if (call != null) {
                call.answered(exchange);
                streams.forEach(stream -> stream.answered(call));
            }
        }

        @Override
        public void ended(Exchange exchange) {
            traffic.ended(exchange);
            Traced call = call(exchange, true);
            if (call != null) {
                call.ended(exchange);
                streams.forEach(stream -> stream.answered(call));
            }
        }

        private @Nullable Traced call(Exchange exchange, boolean last) {
            CallKey key =
                    new CallKey(exchange.request().inbox(), exchange.request().id());
            synchronized (openCalls) {
                return last ? openCalls.remove(key) : openCalls.get(key);
            }
        }

        @Override
        public void interrupted() {
            synchronized (openCalls) {
                openCalls.clear();
            }
            notice("interrupted", "The connection was interrupted: what was sent meanwhile is not shown");
        }
    }

    /** Who is there. */
    private final class Nodes implements Directory.Listener {

        @Override
        public void joined(NodeInfo node) {
            put(node, node.draining() ? "draining" : "up");
        }

        @Override
        public void changed(NodeInfo before, NodeInfo now) {
            put(now, now.draining() ? "draining" : "up");
        }

        @Override
        public void draining(NodeInfo node) {
            put(node, "draining");
        }

        @Override
        public void left(NodeInfo node) {
            put(node, "gone");
        }

        private void put(NodeInfo node, String state) {
            synchronized (nodes) {
                nodes.put(node.node(), new Node(node, state, System.currentTimeMillis()));
            }
            ArrayNode all = nodes();
            streams.forEach(stream -> stream.nodes(all));
        }
    }
}
