package dev.omnibus.internal.durable;

import dev.omnibus.bus.PublishException.Reason;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.DeadLetters;
import dev.omnibus.durable.DurableTopicException;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.FollowHandler;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.append.Appender;
import dev.omnibus.internal.durable.append.Confirmations;
import dev.omnibus.internal.durable.consume.Dispatcher;
import dev.omnibus.internal.durable.consume.Follower;
import dev.omnibus.internal.durable.consume.GroupConsumer;
import dev.omnibus.internal.durable.consume.Reader;
import dev.omnibus.internal.durable.consume.Work;
import dev.omnibus.internal.durable.log.EventFormat;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.Partition;
import dev.omnibus.internal.durable.log.ServerHistory;
import dev.omnibus.internal.durable.log.Timing;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.internal.event.Events;
import dev.omnibus.internal.event.ListenerNotifier;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.StreamSettings;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A durable topic that this process has opened, or one partition of it, which is a log like any other: its appender,
 * and its readers, which it wakes up when something was appended. Thread-safe.
 */
final class OpenTopic<T> extends TopicFacade<T> implements TopicLog<T> {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(5);
    private static final Duration TRIM_EVERY = Duration.ofSeconds(1);
    private static final Duration HELD_UP = Duration.ofHours(1);
    private static final String ID_WINDOW = "idWindow"; // unless it is the default
    private static final String PARTITIONS = "partitions"; // if it has some
    private static final int CHECKED_EVERY = 10; // ticks
    private static final int STATUS_EVERY = 600; // ticks

    private final DurableRuntime runtime;
    private final Streams streams;
    private final EventFormat<T> format;
    private final Retention retention;
    private final Partition partition;
    private final StreamKeys keys;
    private final Appender appender;
    private final Confirmations confirmations = new Confirmations(this);
    private final ServerHistory history;
    private final CompletableFuture<Void> ready;
    private final Map<String, GroupConsumer<T>> consumers = new HashMap<>(); // guarded by this, like all below
    private final List<Reader<T>> readers = new ArrayList<>();
    private volatile Streams.@Nullable Description description; // null until it stands
    private volatile @Nullable DurableTopicException refusal; // why it cannot be opened, as it is now
    private boolean opening;
    private boolean waiting; // to be opened again
    private int attempts;
    private @Nullable Relay<T> relay;
    private boolean noticed; // whether notices are subscribed to
    private int ticks;
    private boolean closed; // for those that come
    private volatile boolean abandoned;

    OpenTopic(DurableRuntime runtime, EventFormat<T> format, Retention all, Partition partition) {
        super(runtime, format.topic(), all, 0);
        this.runtime = runtime;
        this.streams = runtime.streams();
        this.format = format;
        this.retention = partition.share(all);
        this.partition = partition;
        this.keys = runtime.bus().channels().names().stream(name(), partition.number());
        this.appender = new Appender(this, confirmations);
        this.history = new ServerHistory(
                streams,
                keys,
                runtime.timing(),
                runtime.warnings()::about,
                () -> readers().forEach(Reader::failedOver),
                () -> readers().forEach(Reader::wake));
        this.ready = new GuardedFuture<>();
    }

    // What the parts share

    @Override
    List<OpenTopic<T>> logs() {
        return List.of(this);
    }

    @Override
    public Partition partition() {
        return partition;
    }

    Appender appender() {
        return appender;
    }

    @Override
    public EventFormat<T> format() {
        return format;
    }

    @Override
    public Retention retention() {
        return retention;
    }

    @Override
    public StreamKeys keys() {
        return keys;
    }

    @Override
    public Streams streams() {
        return streams;
    }

    @Override
    public Timing timing() {
        return runtime.timing();
    }

    @Override
    public Events events() {
        return runtime.events();
    }

    @Override
    public ListenerNotifier reports() {
        return runtime.events().listener();
    }

    @Override
    public String node() {
        return runtime.bus().node();
    }

    @Override
    public Streams.@Nullable Description description() {
        return description;
    }

    @Override
    public ServerHistory history() {
        return history;
    }

    // Opening

    /** Opens it, or fails if the first partition could not be opened. */
    void openAfter(CompletableFuture<Void> first) {
        first.whenComplete((done, failure) -> {
            if (failure == null) {
                open();
            } else {
                refused(Failures.of(name(), failure));
            }
        });
    }

    void open() {
        synchronized (this) {
            if (opening || abandoned) { // a bus that closes still appends what was published
                return;
            }
            opening = true;
        }
        StreamSettings settings = settings();
        streams.open(keys, settings).whenComplete((stands, failure) -> {
            boolean again;
            synchronized (this) {
                opening = false;
                again = failure != null;
            }
            if (again) {
                notOpened(Failures.of(failure));
            } else if (!stands.settings().equals(settings)) {
                refused(new DurableTopicException(
                        "Another process has opened the durable topic " + name()
                                + " with another retention or other partitions: "
                                + text(stands.settings()) + "; here it is " + text(settings)
                                + ". Use the same one, or remove the key " + keys.description(),
                        null));
            } else {
                opened(stands);
            }
        });
    }

    private StreamSettings settings() {
        Map<String, String> options = new HashMap<>();
        if (!retention.idWindow().equals(Retention.DEFAULT_ID_WINDOW)) {
            options.put(ID_WINDOW, retention.idWindow().toString());
        }
        if (!partition.isWhole()) {
            options.put(PARTITIONS, Integer.toString(partition.count()));
        }
        return new StreamSettings(
                retention.maxEntries(),
                retention.maxBytes(),
                retention.keep(),
                retention.maxAge(),
                retention.dropsOldest() ? StreamSettings.WhenFull.DROP_OLDEST : StreamSettings.WhenFull.REFUSE,
                options);
    }

    private static String text(StreamSettings settings) {
        return "at most " + settings.maxEntries() + " entries and " + settings.maxBytes() + " bytes, kept for "
                + settings.keep()
                + settings.maxAge().map(age -> ", at most for " + age).orElse("") + ", when full "
                + settings.whenFull() + ", ids remembered for "
                + settings.options().getOrDefault(ID_WINDOW, Retention.DEFAULT_ID_WINDOW.toString())
                + (settings.options().containsKey(PARTITIONS)
                        ? ", in each of " + settings.options().get(PARTITIONS) + " partitions"
                        : ", without partitions");
    }

    private void opened(Streams.Description stands) {
        Streams.Description before = description;
        description = stands;
        refusal = null;
        synchronized (this) {
            attempts = 0;
        }
        boolean anew = before != null && !before.epoch().equals(stands.epoch());
        if (anew) {
            reports().onReset(name());
            readers().forEach(Reader::begunAnew);
            history.compare(); // which is in the description, for those who come later
        } else if (before == null) {
            listen();
            history.compare();
            settle(ready, null, null);
        }
        appender.opened(anew);
        readers().forEach(Reader::wake);
    }

    void notOpened(TransportException failure) {
        if (Failures.mayPass(failure)) {
            Duration pause;
            synchronized (this) {
                pause = Timing.backoff(FIRST_PAUSE, MAX_PAUSE, attempts++);
            }
            openAgain(pause);
        } else {
            refused(Failures.of(name(), failure));
        }
    }

    /** It is refused for good, or, if it stood before, until somebody has removed what is in the way. */
    private void refused(DurableTopicException why) {
        boolean stood = description != null;
        boolean first = refusal == null;
        refusal = why;
        settle(ready, null, why);
        appender.refuseAll(Reason.REFUSED, String.valueOf(why.getMessage()), why);
        readers().forEach(Reader::wake);
        if (stood) {
            if (first) {
                reports().onUnsent(name(), String.valueOf(why.getMessage()));
            }
            openAgain(MAX_PAUSE);
        }
    }

    private void openAgain(Duration pause) {
        synchronized (this) {
            if (waiting) {
                return;
            }
            waiting = true;
        }
        timing().later(pause, () -> {
            synchronized (this) {
                waiting = false;
            }
            open();
        });
    }

    @Override
    public void reset() {
        open();
    }

    /** Something was appended, by whomever: wakes up the readers. */
    private void listen() {
        synchronized (this) {
            if (noticed || closed) {
                return;
            }
            noticed = true;
        }
        FrameListener notices = new FrameListener() {

            @Override
            public void onFrame(String channel, byte[] frame) {
                readers().forEach(Reader::wake);
            }

            @Override
            public void onInterrupted() {
                reconnected();
            }
        };
        runtime.bus().channels().transport().subscribe(keys.notices(), notices).whenComplete((done, failure) -> {
            if (failure != null) { // the poll of each second goes on, and tries it again
                synchronized (this) {
                    noticed = false;
                }
            }
        });
    }

    private void reconnected() {
        history.interrupted();
        appender.check();
        readers().forEach(Reader::wake);
    }

    // The periodic part

    void tick() {
        int now;
        synchronized (this) {
            now = ticks++;
        }
        appender.tick(); // also while the topic cannot be opened: what waits has a timeout
        if (description == null) {
            return;
        }
        listen();
        List<Reader<T>> all = readers();
        all.forEach(Reader::tick);
        relay().ifPresent(Relay::tick);
        trim();
        if (now % CHECKED_EVERY == CHECKED_EVERY - 1 && !all.isEmpty()) {
            whetherAnew(epoch(), any -> {});
        }
        if (now % STATUS_EVERY == STATUS_EVERY - 1) {
            reportHeldUp();
        }
    }

    private void trim() {
        streams.trim(keys, TRIM_EVERY).whenComplete((trimmed, failure) -> {
            if (failure == null && trimmed.ran() && trimmed.more()) {
                trimMore();
            }
        });
    }

    private void trimMore() {
        streams.trim(keys, Duration.ZERO).whenComplete((trimmed, failure) -> {
            if (failure == null && trimmed.removed() > 0 && trimmed.more()) {
                trimMore();
            }
        });
    }

    @Override
    public void whetherAnew(String since, Consumer<Boolean> then) {
        streams.describe(keys).whenComplete((stands, failure) -> {
            boolean anew = failure != null
                    || stands.map(now -> !now.epoch().equals(since)).orElse(true);
            if (failure == null && anew) {
                reset();
            }
            then.accept(anew);
        });
    }

    private void reportHeldUp() {
        CompletableFuture<Void> unused = status().thenAccept(status -> {
            status.heldUpBy().ifPresent(group -> reportHeldUp(group.name(), group.oldest()));
            status.followers().stream()
                    .max(Comparator.comparing(follower -> follower.behind().orElse(Duration.ZERO)))
                    .ifPresent(follower -> reportHeldUp(follower.name(), follower.behind()));
        });
    }

    private void reportHeldUp(String reader, Optional<Duration> since) {
        since.filter(age -> age.compareTo(HELD_UP) >= 0)
                .ifPresent(age -> reports().onHeldUp(name(), reader, age));
    }

    private synchronized List<Reader<T>> readers() {
        return List.copyOf(readers);
    }

    // What programs call

    @Override
    public CompletableFuture<Void> ready() {
        return ready.copy();
    }

    @Override
    Routed<T> route(T data, Map<String, String> headers, PublishOptions options) {
        return new Routed<>(this, format.write(data, headers, options));
    }

    @Override
    CompletableFuture<Position> append(T data, Map<String, String> headers, PublishOptions options) {
        return append(format.write(data, headers, options), options);
    }

    /** Appends an event that was written by the format of this log. */
    CompletableFuture<Position> append(byte[] event, PublishOptions options) {
        CompletableFuture<Position> done = appender.publish(event, options);
        DurableTopicException why = refusal;
        if (why != null) {
            appender.refuseAll(Reason.REFUSED, String.valueOf(why.getMessage()), why);
        }
        return done;
    }

    @Override
    Subscription consume(String group, GroupOptions options, Work<T> work) {
        return consume(group, options, work, new Dispatcher.Places(options.concurrency(), false));
    }

    /** Joins a group with handlers that have the same places as those of other partitions. */
    GroupConsumer<T> consume(String group, GroupOptions options, Work<T> work, Dispatcher.Places places) {
        GroupConsumer<T> consumer;
        synchronized (this) {
            requireOpen();
            if (consumers.containsKey(group)) {
                throw new IllegalStateException("This process consumes the group " + group + " of " + name()
                        + " already; give that subscription a higher concurrency");
            }
            consumer = new GroupConsumer<>(this, group, partition.share(options), work, places);
            consumers.put(group, consumer);
            readers.add(consumer);
        }
        consumer.whenEnding(() -> ended(consumer));
        runtime.bus().keepAlive().begin(consumer);
        ready.whenComplete((ok, failure) -> consumer.topicReady(failure));
        return consumer;
    }

    @Override
    Follower<T> follow(Optional<String> named, Position from, FollowHandler<T> handler) {
        Follower<T> follower = new Follower<>(this, named, from, handler);
        synchronized (this) {
            requireOpen();
            readers.add(follower);
        }
        follower.whenEnding(() -> ended(follower));
        runtime.bus().keepAlive().begin(follower);
        ready.whenComplete((ok, failure) -> follower.topicReady(failure));
        return follower;
    }

    @Override
    OutboxRelay relay(OutboxSource<T> source) {
        return relay(source, this);
    }

    /** Begins to publish what an outbox has. */
    Relay<T> relay(OutboxSource<T> source, TopicFacade<T> to) {
        Relay<T> begun;
        synchronized (this) {
            requireOpen();
            if (relay != null) {
                throw new IllegalStateException("This process relays an outbox to " + name() + " already");
            }
            begun = new Relay<>(this, to, source);
            relay = begun;
        }
        runtime.bus().keepAlive().begin(begun);
        ready.whenComplete((ok, failure) -> begun.topicReady(failure));
        return begun;
    }

    private synchronized Optional<Relay<T>> relay() {
        return Optional.ofNullable(relay);
    }

    void ended(Relay<T> ended) {
        synchronized (this) {
            relay = null;
        }
        runtime.bus().keepAlive().end(ended);
    }

    @Override
    public DeadLetters<T> deadLetters(String group) {
        requireName(group);
        return new TopicDeadLetters<>(this, group);
    }

    @Override
    public CompletableFuture<DurableTopicStatus> status() {
        return answer(streams.status(keys)
                .thenCombine(
                        streams.server(keys).exceptionally(unknown -> StreamServer.UNKNOWN),
                        (status, server) -> Statuses.of(this, status, server.risks())));
    }

    @Override
    public CompletableFuture<Boolean> forget(String group) {
        requireName(group);
        return answer(streams.dropGroup(keys, group));
    }

    @Override
    public CompletableFuture<Boolean> forgetFollower(String follower) {
        requireName(follower);
        return answer(streams.forgetPosition(keys, follower));
    }

    /** Returns the future of the program for one of the transport. */
    <V> CompletableFuture<V> answer(CompletableFuture<V> asked) {
        CompletableFuture<V> answer = new GuardedFuture<>();
        asked.whenComplete(
                (value, failure) -> settle(answer, value, failure == null ? null : Failures.of(name(), failure)));
        return answer;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The bus of node " + node() + " is closed");
        }
    }

    // The end

    /** Notes the end of a reader. */
    void ended(Reader<?> reader) {
        synchronized (this) {
            readers.remove(reader);
            consumers.values().remove(reader);
        }
        runtime.bus().keepAlive().end(reader);
    }

    /** Ends all readers, and appends what was published; completes when that is done. */
    CompletableFuture<Void> end() {
        synchronized (this) {
            closed = true;
        }
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        readers().forEach(reader -> ends.add(reader.end()));
        relay().ifPresent(relaying -> ends.add(relaying.end()));
        return CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
                .thenCompose(done -> appender.drain())
                .thenCompose(done -> confirmations.drain());
    }

    void abandon() {
        abandoned = true;
        readers().forEach(Reader::abandon);
        appender.close();
        confirmations.close();
    }
}
