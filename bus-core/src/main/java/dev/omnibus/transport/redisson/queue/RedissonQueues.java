package dev.omnibus.transport.redisson.queue;

import dev.omnibus.transport.Queues;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.lease.RedisLeases;
import dev.omnibus.transport.redisson.side.SideConnection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.redisson.api.RBlockingDequeAsync;
import org.redisson.api.RFuture;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RedissonClient;
import org.redisson.api.queue.DequeMoveArgs;
import org.redisson.client.codec.ByteArrayCodec;

/** Lists of Redis, on connections of their own: a command that waits would hold up what the bus sends by its one. */
public final class RedissonQueues implements Queues {

    /** Gives a life only to a list that is new. */
    private static final String PUSH =
            "if redis.call('RPUSH', KEYS[1], ARGV[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 1";

    private final SideConnection.User connection;

    /** On a connection of its own, which it closes. */
    public RedissonQueues(SideConnection.User connection) {
        this.connection = connection;
    }

    @Override
    public CompletableFuture<Void> push(String list, byte[] message) {
        return ask("push to " + list, client -> deque(client, list).addAsync(message))
                .thenApply(added -> null);
    }

    @Override
    public CompletableFuture<Void> push(String list, byte[] message, Duration ttl) {
        byte[] millis = RedisLeases.utf8(Long.toString(ttl.toMillis()));
        return ask("push to " + list, client -> script(client, PUSH, List.of(list), message, millis))
                .thenApply(done -> null);
    }

    @Override
    public CompletableFuture<Optional<byte[]>> take(String list, Duration wait) {
        return await(list, client -> deque(client, list).pollAsync(seconds(wait), TimeUnit.SECONDS));
    }

    @Override
    public CompletableFuture<Optional<byte[]>> move(String list, String to, Duration wait) {
        Duration seconds = Duration.ofSeconds(seconds(wait));
        return await(
                list,
                client -> deque(client, list)
                        .moveAsync(seconds, DequeMoveArgs.pollFirst().addLastTo(to)));
    }

    /**
     * Redisson ends a wait only if its own future is cancelled, and by connecting anew. That is done on the thread
     * which connects: it would ask for the message again if the connection stood before the future was cancelled
     * altogether.
     */
    private CompletableFuture<Optional<byte[]>> await(String list, Function<RedissonClient, RFuture<byte[]>> question) {
        AtomicReference<@Nullable RFuture<byte[]>> asked = new AtomicReference<>();
        CompletableFuture<Optional<byte[]>> answer = ask("take from " + list, client -> {
                    RFuture<byte[]> waiting = question.apply(client);
                    asked.set(waiting);
                    return waiting;
                })
                .thenApply(Optional::ofNullable);
        answer.whenComplete((message, failure) -> {
            if (answer.isCancelled()) {
                connection.afterwards(() -> cancel(asked.get()));
            }
        });
        return answer;
    }

    private static void cancel(@Nullable RFuture<byte[]> waiting) {
        if (waiting != null) { // else it was never asked
            waiting.cancel(true);
        }
    }

    @Override
    public CompletableFuture<Boolean> moveBack(String list, String to) {
        return ask(
                        "give back to " + to,
                        client -> deque(client, list)
                                .moveAsync(DequeMoveArgs.pollLast().addFirstTo(to)))
                .thenApply(moved -> moved != null);
    }

    @Override
    public CompletableFuture<Boolean> remove(String list, byte[] message) {
        return ask(
                "remove from " + list,
                client -> client.<byte[]>getList(list, ByteArrayCodec.INSTANCE).removeAsync(message, 1));
    }

    @Override
    public CompletableFuture<List<byte[]>> all(String list) {
        return ask(
                "read " + list,
                client -> client.<byte[]>getList(list, ByteArrayCodec.INSTANCE).readAllAsync());
    }

    private static RFuture<Long> script(RedissonClient client, String text, List<Object> keys, Object... arguments) {
        return client.getScript(ByteArrayCodec.INSTANCE)
                .evalAsync(Mode.READ_WRITE, text, ReturnType.LONG, keys, arguments);
    }

    private static RBlockingDequeAsync<byte[]> deque(RedissonClient client, String list) {
        return client.getBlockingDeque(list, ByteArrayCodec.INSTANCE);
    }

    /** Zero would be to wait for ever. */
    private static long seconds(Duration wait) {
        return Math.max(1, wait.plusMillis(999).toSeconds());
    }

    private <T> CompletableFuture<T> ask(String what, Function<RedissonClient, RFuture<T>> question) {
        return RedissonFailures.named(
                what, connection.ask(client -> question.apply(client).toCompletableFuture()));
    }

    @Override
    public void close() {
        connection.close();
    }
}
