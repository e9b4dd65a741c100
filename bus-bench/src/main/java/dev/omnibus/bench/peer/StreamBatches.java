package dev.omnibus.bench.peer;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.redisson.api.RBatch;
import org.redisson.api.RStreamAsync;
import org.redisson.api.RedissonClient;
import org.redisson.api.stream.StreamAddArgs;
import org.redisson.client.codec.ByteArrayCodec;

/** Appends to an RStream: what has gathered while a batch is under way is the next one. Thread-safe. */
final class StreamBatches {

    private static final byte[] FIELD = {'e'};

    /** What goes together. */
    private static final class Batch {

        private final RBatch commands;
        private final RStreamAsync<byte[], byte[]> stream;
        private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        private int size;

        Batch(RedissonClient client) {
            commands = client.createBatch();
            stream = commands.getStream(DurableClient.TOPIC, ByteArrayCodec.INSTANCE);
        }
    }

    private final RedissonClient client;
    private Batch gathering; // guarded by this, like the next one
    private int underWay;

    StreamBatches(RedissonClient client) {
        this.client = client;
        this.gathering = new Batch(client);
    }

    /** Adds an event; completes when it has been appended. */
    CompletionStage<?> add(byte[] event) {
        Batch full = null;
        CompletionStage<?> done;
        synchronized (this) {
            var unused = gathering.stream.addAsync(StreamAddArgs.entry(FIELD, event));
            done = gathering.done;
            gathering.size++;
            if (underWay == 0 || gathering.size == DurableClient.BATCH) {
                full = next();
            }
        }
        if (full != null) {
            send(full);
        }
        return done;
    }

    private Batch next() {
        Batch next = gathering;
        gathering = new Batch(client);
        underWay++;
        return next;
    }

    private void send(Batch batch) {
        batch.commands.executeAsync().whenComplete((answers, failure) -> {
            Batch next = null;
            synchronized (this) {
                underWay--;
                if (underWay == 0 && gathering.size > 0) {
                    next = next();
                }
            }
            if (next != null) {
                send(next);
            }
            if (failure == null) {
                batch.done.complete(null);
            } else {
                batch.done.completeExceptionally(failure);
            }
        });
    }
}
