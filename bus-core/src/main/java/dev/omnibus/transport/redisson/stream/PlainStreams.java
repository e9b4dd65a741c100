package dev.omnibus.transport.redisson.stream;

import static dev.omnibus.transport.redisson.lease.RedisLeases.utf8;

import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.StreamSettings;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.Description;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.redisson.api.RMapAsync;
import org.redisson.api.RStreamAsync;
import org.redisson.api.RedissonClient;
import org.redisson.api.stream.StreamAddArgs;
import org.redisson.api.stream.StreamGroup;
import org.redisson.api.stream.StreamMessageId;
import org.redisson.api.stream.StreamRangeArgs;
import org.redisson.client.codec.ByteArrayCodec;

/**
 * A fallback for users who may not run scripts: the same by plain commands, as far as that can be. Between two of them
 * anything may happen, and nothing recognises an append that is repeated.
 */
final class PlainStreams {

    private static final byte[] EPOCH = utf8("epoch");
    private static final byte[] EVENT = utf8("e");
    private static final byte[] REPAIRED = utf8("r");

    private PlainStreams() {}

    static RStreamAsync<byte[], byte[]> stream(RedissonClient client, String key) {
        return client.getStream(key, ByteArrayCodec.INSTANCE);
    }

    static RMapAsync<byte[], byte[]> hash(RedissonClient client, String key) {
        return client.getMap(key, ByteArrayCodec.INSTANCE);
    }

    /** The position is that before the first entry. */
    static CompletableFuture<Map<StreamMessageId, Map<byte[], byte[]>>> range(
            RedissonClient client, String key, StreamId after, int count) {
        StreamId next = after.next();
        boolean signed = next.sequence() >= 0; // as Redisson writes it, and no server counts further
        StreamRangeArgs from = StreamRangeArgs.startId(Answers.id(signed ? next : new StreamId(next.millis() + 1, 0)))
                .endId(StreamMessageId.MAX)
                .count(Math.max(1, count));
        return stream(client, key).rangeAsync(from).toCompletableFuture();
    }

    static CompletableFuture<Map<String, String>> describe(RedissonClient client, StreamKeys stream) {
        return hash(client, stream.description())
                .readAllMapAsync()
                .toCompletableFuture()
                .thenApply(Answers::texts);
    }

    /** All fields in one command; if two users do it at the same moment, the later one counts for both. */
    static CompletableFuture<Optional<Description>> open(
            RedissonClient client, StreamKeys stream, StreamSettings settings, String epoch) {
        return describe(client, stream).thenCompose(known -> {
            if (known.containsKey("epoch")) {
                return CompletableFuture.completedFuture(Answers.description(known, false));
            }
            Map<byte[], byte[]> fields = new TreeMap<>(Arrays::compare);
            fields.put(EPOCH, utf8(epoch));
            List<Object> pairs = Answers.fields(settings);
            for (int i = 0; i < pairs.size(); i += 2) {
                fields.put(utf8(pairs.get(i).toString()), utf8(pairs.get(i + 1).toString()));
            }
            return hash(client, stream.description())
                    .putAllAsync(fields)
                    .toCompletableFuture()
                    .thenCompose(done -> describe(client, stream))
                    .thenApply(stands -> Answers.description(stands, epoch.equals(stands.get("epoch"))));
        });
    }

    static CompletableFuture<AppendResult> append(RedissonClient client, StreamKeys stream, Append append) {
        CompletableFuture<Map<String, String>> described = describe(client, stream);
        CompletableFuture<Long> length =
                stream(client, stream.log()).sizeAsync().toCompletableFuture();
        return described.thenCompose(fields -> length.thenCompose(entries -> {
            long limit = Long.parseLong(fields.getOrDefault("limit", "0"));
            if (!append.epoch().equals(fields.get("epoch"))) {
                return CompletableFuture.completedFuture(new AppendResult.OtherEpoch());
            }
            if (append.entries().isEmpty()) {
                return CompletableFuture.completedFuture(
                        new AppendResult.Appended(append.first() - 1, Optional.empty(), append.first()));
            }
            return entries + append.entries().size() > limit
                    ? CompletableFuture.completedFuture(new AppendResult.Full())
                    : add(client, stream, append);
        }));
    }

    private static CompletableFuture<AppendResult> add(RedissonClient client, StreamKeys stream, Append append) {
        List<CompletableFuture<StreamMessageId>> added = new ArrayList<>();
        for (byte[] event : append.entries()) {
            StreamAddArgs<byte[], byte[]> fields = append.repaired()
                    ? StreamAddArgs.entries(EVENT, event, REPAIRED, utf8("1"))
                    : StreamAddArgs.entry(EVENT, event);
            added.add(stream(client, stream.log()).addAsync(fields).toCompletableFuture());
        }
        long last = append.first() + append.entries().size() - 1;
        return CompletableFuture.allOf(added.toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<Long, StreamId> known = new HashMap<>(); // between them there may be entries of others
            for (CompletableFuture<StreamMessageId> one : added) {
                known.put(append.first() + known.size(), Answers.id(one.join()));
            }
            StreamId end = Answers.id(added.get(added.size() - 1).join());
            var unused =
                    client.getTopic(stream.notices(), ByteArrayCodec.INSTANCE).publishAsync(utf8(end.toString()));
            return new AppendResult.Appended(last, Optional.of(end), last, known);
        });
    }

    /** What can be had without a script; the rest is left out. */
    static CompletableFuture<StreamStatus> status(RedissonClient client, StreamKeys stream) {
        RStreamAsync<byte[], byte[]> log = stream(client, stream.log());
        CompletableFuture<Long> length = log.sizeAsync().toCompletableFuture();
        CompletableFuture<Map<String, String>> described = describe(client, stream);
        CompletableFuture<Map<StreamMessageId, Map<byte[], byte[]>>> oldest =
                range(client, stream.log(), StreamId.EARLIEST, 1);
        CompletableFuture<Map<StreamMessageId, Map<byte[], byte[]>>> newest = log.rangeReversedAsync(
                        StreamRangeArgs.startId(StreamMessageId.MAX)
                                .endId(StreamMessageId.MIN)
                                .count(1))
                .toCompletableFuture();
        CompletableFuture<Map<String, String>> followers = hash(client, stream.positions())
                .readAllMapAsync()
                .toCompletableFuture()
                .thenApply(Answers::texts);
        CompletableFuture<List<StreamGroup>> groups = length.thenCompose(entries -> entries == 0
                ? CompletableFuture.completedFuture(List.<StreamGroup>of())
                : log.listGroupsAsync().toCompletableFuture());
        return CompletableFuture.allOf(length, described, oldest, newest, followers, groups)
                .thenApply(all -> {
                    Optional<StreamId> first =
                            oldest.join().keySet().stream().findFirst().map(Answers::id);
                    StreamId last = newest.join().keySet().stream()
                            .findFirst()
                            .map(Answers::id)
                            .orElse(StreamId.EARLIEST);
                    Map<String, StreamId> positions = new LinkedHashMap<>();
                    followers.join().forEach((name, at) -> positions.put(name, StreamId.parse(at)));
                    Map<String, StreamStatus.Group> states = new LinkedHashMap<>();
                    for (StreamGroup group : groups.join()) {
                        states.put(
                                group.getName(),
                                new StreamStatus.Group(
                                        OptionalLong.empty(), group.getPending(), 0, Optional.empty(), 0, Map.of()));
                    }
                    long fullAt = Long.parseLong(described.join().getOrDefault("fullAt", "0"));
                    return new StreamStatus(
                            length.join(), 0, fullAt, first, last, last.millis(), states, positions, false);
                });
    }
}
