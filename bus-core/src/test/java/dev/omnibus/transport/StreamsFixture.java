package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.StreamSettings.WhenFull;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.Streams.TakeOver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** A stream of its own for each test of {@link StreamsContract}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class StreamsFixture {

    static final Duration LEASE = Duration.ofSeconds(30);
    static final Duration WINDOW = Duration.ofHours(1); // of ids
    static final StreamSettings SETTINGS = new StreamSettings(
            1_000_000, 1L << 30, Duration.ZERO, Optional.empty(), WhenFull.REFUSE, Map.of("partitions", "4"));

    StreamKeys keys; // of each test its own
    Consumer a;
    Consumer b;
    Transport transport; // one for all: connecting takes longer than most of the tests
    Streams streams;
    String epoch;
    private long next;

    abstract Transport connect();

    /** Lets time pass for ids and the role relay, and for the leases and released entries of the group g. */
    abstract void pass(Duration time);

    /** As FLUSHALL does. */
    abstract void forget();

    @BeforeAll
    void openStreams() {
        transport = connect();
        streams = transport.streams();
    }

    @BeforeEach
    void takeAnotherStream() {
        String topic = "test-" + UUID.randomUUID();
        keys = new StreamKeys("test:log:{" + topic + "}", "test:evt:" + topic, "test:new:" + topic);
        a = new Consumer(keys, "g", "a");
        b = new Consumer(keys, "g", "b");
        epoch = "";
        next = 1;
    }

    @AfterAll
    void closeStreams() {
        streams.close();
        transport.close();
    }

    void open(StreamSettings settings) {
        epoch = streams.open(keys, settings).join().epoch();
    }

    Append append(long first, boolean gapAllowed, String... events) {
        List<byte[]> bytes =
                List.of(events).stream().map(event -> event.getBytes(UTF_8)).toList();
        return new Append(epoch, "p", first, gapAllowed, false, bytes, "frame".getBytes(UTF_8), Optional.empty());
    }

    /** What each entry says is its publisher, its sequence and its id. */
    Append appendWithIds(String publisher, long first, String... ids) {
        List<byte[]> bytes = new ArrayList<>();
        for (String id : ids) {
            bytes.add((publisher + (first + bytes.size()) + " " + id).getBytes(UTF_8));
        }
        StreamIds all = new StreamIds(List.of(ids), WINDOW);
        return new Append(epoch, publisher, first, false, false, bytes, "frame".getBytes(UTF_8), Optional.of(all));
    }

    AppendResult send(long first, String... events) {
        return streams.append(keys, append(first, false, events)).join();
    }

    /** Appends as many events as are asked for. */
    List<StreamId> fill(int count) {
        String[] events =
                IntStream.range(0, count).mapToObj(i -> "e" + (next + i)).toArray(String[]::new);
        AppendResult.Appended done = assertInstanceOf(AppendResult.Appended.class, send(next, events));
        List<StreamId> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(done.idOf(next + i).orElseThrow());
        }
        next += count;
        return ids;
    }

    void openGroup(StreamSettings settings) {
        open(settings);
        assertTrue(streams.createGroup(keys, "g", StreamId.EARLIEST).join());
    }

    static List<String> texts(List<StreamEntry> entries) {
        return entries.stream().map(StreamsFixture::text).toList();
    }

    static String text(StreamEntry entry) {
        byte[] event = entry.event();
        return event == null ? "nothing" : new String(event, UTF_8);
    }

    static List<StreamId> ids(List<StreamEntry> entries) {
        return entries.stream().map(StreamEntry::id).toList();
    }

    List<StreamEntry> read(Consumer consumer, int count) {
        return streams.turn(consumer, List.of(), count).join().entries();
    }

    StreamStatus.Group group() {
        return Objects.requireNonNull(streams.status(keys).join().groups().get("g"));
    }

    /** Lets the leases of all others end while this consumer renews its own, and takes over nothing. */
    void outlive(Consumer consumer) {
        streams.takeOver(consumer, LEASE, 0, true).join();
        for (int i = 0; i < 3; i++) {
            pass(LEASE.dividedBy(3).plusSeconds(1));
            streams.takeOver(consumer, LEASE, 0, true).join();
        }
    }

    TakeOver takeOver(Consumer consumer) {
        return streams.takeOver(consumer, LEASE, 100, true).join();
    }

    static TransportException.Kind kind(CompletableFuture<?> failing) {
        CompletionException e = assertThrows(CompletionException.class, failing::join);
        return assertInstanceOf(TransportException.class, e.getCause()).kind();
    }
}
