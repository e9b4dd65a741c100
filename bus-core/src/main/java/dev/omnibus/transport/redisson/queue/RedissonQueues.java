package dev.omnibus.transport.redisson.queue;

import dev.omnibus.transport.Queues;
import dev.omnibus.transport.redisson.connection.ConnectFailures;
import dev.omnibus.transport.redisson.connection.Connections;
import dev.omnibus.transport.redisson.connection.PendingCommands;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import dev.omnibus.transport.redisson.lease.RedisLeases;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
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
public final class RedissonQueues implements Queues {

    /** Gives a life only to a list that is new. */
    private static final String PUSH =
            "if redis.call('RPUSH', KEYS[1], ARGV[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 1";

    /** One Redisson client, and the event loop on which it lives and dies. */
    private record Life(
            RedissonClient client, EventLoopGroup eventLoop, Connections connections, PendingCommands answers) {

        static Life begin(Config bus, String name, RedissonInternals internals) {
            try {
                Connections connections = new Connections(name, internals);
                Config own = RedissonSettings.forQueues(bus, connections, internals);
                return new Life(
                        Redisson.create(own),
                        bus.getEventLoopGroup(),
                        connections,
                        new PendingCommands(bus.getEventLoopGroup()));
            } catch (RuntimeException e) {
                throw ConnectFailures.of(bus, e);
            }
        }

        void end() {
            if (!answers.isClosed()) {
                answers.close(client);
            }
            if (eventLoop.isShuttingDown()) {
                connections.closeLeft();
            }
        }
    }

    private final RedissonInternals internals;
    private final Consumer<RedissonQueues> closing;
    private volatile Life life; // changes under the lock
    private boolean closed; // guarded by this

    private RedissonQueues(Life life, RedissonInternals internals, Consumer<RedissonQueues> closing) {
        this.life = life;
        this.internals = internals;
        this.closing = closing;
    }

    /**
     * Connects.
     *
     * @param name what its connections are called, unless it is empty
     * @param closing notified when it is closed
     */
    public static RedissonQueues open(
            Config bus, String name, RedissonInternals internals, Consumer<RedissonQueues> closing) {
        return new RedissonQueues(Life.begin(bus, name, internals), internals, closing);
    }

    /** Takes another event loop, if it has one that has died; then every wait has ended. */
    public void moveTo(Config bus, String name) {
        Life before = life;
        if (!before.eventLoop.isShuttingDown()) {
            return;
        }
        before.end();
        Life next = Life.begin(bus, name, internals);
        boolean late;
        synchronized (this) {
            late = closed;
            life = next;
        }
        if (late) {
            next.end();
        }
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
            RFuture<byte[]> waiting = asked.get();
            EventLoopGroup eventLoop = life.eventLoop;
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
        Life now = life;
        if (now.eventLoop.isShuttingDown() && !now.answers.isClosed()) {
            return CompletableFuture.failedFuture(RedissonFailures.deadEventLoop());
        }
        return RedissonFailures.named(
                what, now.answers.untilClosed(() -> question.apply(now.client).toCompletableFuture()));
    }

    @Override
    public void close() {
        Life last;
        synchronized (this) {
            closed = true;
            last = life;
        }
        closing.accept(this);
        last.end();
    }
}
