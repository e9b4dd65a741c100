package dev.omnibus.transport.redisson;

import dev.omnibus.transport.Queues;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RBlockingDequeAsync;
import org.redisson.api.RFuture;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RedissonClient;
import org.redisson.api.queue.DequeMoveArgs;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.config.Config;

/**
 * Lists of Redis, on a Redisson client of their own: the bus has one connection for all it sends, and a command that
 * waits would hold that up.
 */
final class RedissonQueues implements Queues {

    /** Gives a life only to a list that is new. */
    private static final String PUSH =
            "if redis.call('RPUSH', KEYS[1], ARGV[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 1";

    private final RedissonClient client;
    private final EventLoopGroup eventLoop;
    private final Answers answers = new Answers();
    private final AtomicBoolean open = new AtomicBoolean(true);

    private RedissonQueues(RedissonClient client, EventLoopGroup eventLoop) {
        this.client = client;
        this.eventLoop = eventLoop;
    }

    /** Its connections have that name, unless it is empty. */
    static RedissonQueues open(Config bus, String name) {
        try {
            Config own = RedissonSettings.forQueues(bus, new Connections(name));
            return new RedissonQueues(Redisson.create(own), bus.getEventLoopGroup());
        } catch (RuntimeException e) {
            throw ConnectFailures.of(bus, e);
        }
    }

    @Override
    public CompletableFuture<Void> push(String list, byte[] message) {
        return ask("push to " + list, () -> deque(list).addAsync(message)).thenApply(added -> null);
    }

    @Override
    public CompletableFuture<Void> push(String list, byte[] message, Duration ttl) {
        byte[] millis = RedisLeases.utf8(Long.toString(ttl.toMillis()));
        return ask("push to " + list, () -> script(PUSH, List.of(list), message, millis))
                .thenApply(done -> null);
    }

    @Override
    public CompletableFuture<Optional<byte[]>> take(String list, Duration wait) {
        return await(list, () -> deque(list).pollAsync(seconds(wait), TimeUnit.SECONDS));
    }

    @Override
    public CompletableFuture<Optional<byte[]>> move(String list, String to, Duration wait) {
        Duration seconds = Duration.ofSeconds(seconds(wait));
        return await(
                list,
                () -> deque(list).moveAsync(seconds, DequeMoveArgs.pollFirst().addLastTo(to)));
    }

    /**
     * Redisson ends a wait only if its own future is cancelled, and by connecting anew. That is done on the thread
     * which connects: it would ask for the message again if the connection stood before the future was cancelled
     * altogether.
     */
    private CompletableFuture<Optional<byte[]>> await(String list, Supplier<RFuture<byte[]>> question) {
        AtomicReference<@Nullable RFuture<byte[]>> asked = new AtomicReference<>();
        CompletableFuture<Optional<byte[]>> answer = ask("take from " + list, () -> {
                    RFuture<byte[]> waiting = question.get();
                    asked.set(waiting);
                    return waiting;
                })
                .thenApply(Optional::ofNullable);
        answer.whenComplete((message, failure) -> {
            RFuture<byte[]> waiting = asked.get();
            if (answer.isCancelled() && waiting != null && !eventLoop.isShuttingDown()) {
                eventLoop.execute(() -> waiting.cancel(true));
            }
        });
        return answer;
    }

    @Override
    public CompletableFuture<Boolean> moveBack(String list, String to) {
        return ask(
                        "give back to " + to,
                        () -> deque(list).moveAsync(DequeMoveArgs.pollLast().addFirstTo(to)))
                .thenApply(moved -> moved != null);
    }

    @Override
    public CompletableFuture<Boolean> remove(String list, byte[] message) {
        return ask(
                "remove from " + list,
                () -> client.<byte[]>getList(list, ByteArrayCodec.INSTANCE).removeAsync(message, 1));
    }

    @Override
    public CompletableFuture<List<byte[]>> all(String list) {
        return ask(
                "read " + list,
                () -> client.<byte[]>getList(list, ByteArrayCodec.INSTANCE).readAllAsync());
    }

    private RFuture<Long> script(String text, List<Object> keys, Object... arguments) {
        return client.getScript(ByteArrayCodec.INSTANCE)
                .evalAsync(Mode.READ_WRITE, text, ReturnType.LONG, keys, arguments);
    }

    private RBlockingDequeAsync<byte[]> deque(String list) {
        return client.getBlockingDeque(list, ByteArrayCodec.INSTANCE);
    }

    /** Redis waits for ever if it is told zero. */
    private static long seconds(Duration wait) {
        return Math.max(1, wait.plusMillis(999).toSeconds());
    }

    private <T> CompletableFuture<T> ask(String what, Supplier<RFuture<T>> question) {
        return Failures.named(what, answers.untilClosed(() -> question.get().toCompletableFuture()));
    }

    @Override
    public void close() {
        if (open.compareAndSet(true, false)) {
            answers.close(client);
        }
    }
}
