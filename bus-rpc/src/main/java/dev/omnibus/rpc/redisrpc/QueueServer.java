package dev.omnibus.rpc.redisrpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.Adapter.LocalMethods;
import dev.omnibus.rpc.Registration;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Queues;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests from one queue and executes them, one at a time, on a thread of its own.
 *
 * <p>A request that is taken is moved to a list of this server, and removed from there right before it is executed. So
 * one that was not begun is never lost: when this server dies, its lease ends, and another one on the queue puts the
 * request back. Whoever removes a request may execute it, and only one can.
 */
final class QueueServer implements Registration {

    static final Duration LEASE = Duration.ofSeconds(3);

    private static final Logger LOG = LoggerFactory.getLogger(QueueServer.class);
    private static final Duration RENEWAL = Duration.ofSeconds(1);
    private static final Duration RECOVERY = Duration.ofSeconds(2);

    /** It ends by itself, so that a lost connection is noticed. */
    private static final Duration WAIT = Duration.ofSeconds(1);

    private static final Duration AFTER_FAILURE = Duration.ofMillis(500);

    /** A move whose answer was lost may still be made, until Redis has noticed that the connection is gone. */
    private static final Duration DOUBT = Duration.ofSeconds(10);

    /** So long a server without a request may take to end: a wait, and the way there and back. */
    private static final Duration IDLE_END = WAIT.plusSeconds(2);

    /** So long one that was interrupted may take to leave. */
    private static final Duration LEAVING = Duration.ofSeconds(1);

    /** A client that has not taken its answer by then has gone. */
    private static final Duration ANSWER_LIFE = Duration.ofSeconds(60);

    private final Channels channels;
    private final Queues queues;
    private final QueueNames names;
    private final LocalMethods methods;
    private final QueueCodec codec;
    private final Consumer<QueueServer> forget;
    private final Thread thread;
    private final CountDownLatch ending = new CountDownLatch(1);
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final GuardedFuture<Void> ended = new GuardedFuture<>(this::requireOutside);
    private volatile boolean executing;
    private volatile Set<String> missed = Set.of(); // those whose leases were not there at the last recovery
    private boolean failing; // of the thread alone, like what is below
    private long doubtEnds = System.nanoTime();

    QueueServer(BusRuntime bus, Queues queues, QueueNames names, LocalMethods methods, Consumer<QueueServer> forget) {
        this.channels = bus.channels();
        this.queues = queues;
        this.names = names;
        this.methods = methods;
        this.codec = new QueueCodec(bus.json());
        this.forget = forget;
        this.thread = new Thread(this::run, "omnibus-queue-" + names.queue());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    @Override
    public String service() {
        return names.queue();
    }

    @Override
    public CompletableFuture<Void> ready() {
        return ready;
    }

    /** Takes nothing more; the request that is being executed is still answered. */
    @Override
    public void close() {
        ending.countDown();
    }

    @Override
    public CompletableFuture<Void> closed() {
        return ended.copy();
    }

    /** A method must not wait for the end of its own server, of which it is a part. */
    private void requireOutside() {
        if (Thread.currentThread() == thread) {
            throw new IllegalStateException("A method of queue " + names.queue() + " would wait for its own server's"
                    + " end, which comes when it returns. End it without waiting, or wait on another thread");
        }
    }

    /** Waits for the end, if it comes in time, counted from when all servers were asked to end. */
    void awaitEnd(long began, Duration timeout) {
        boolean idle = !executing && timeout.compareTo(IDLE_END) < 0;
        Duration patience = idle ? IDLE_END : timeout;
        if (!joined(began + patience.toNanos())) {
            LOG.warn(
                    executing
                            ? "The request that is executed for queue {} did not end within {}"
                            : "The server of queue {} did not end within {}; is Redis there?",
                    names.queue(),
                    patience);
            thread.interrupt();
        }
    }

    /** What did not end in time was interrupted then, and may still leave in order. */
    void awaitLeave(long interrupted) {
        if (!joined(interrupted + LEAVING.toNanos())) {
            LOG.debug("The server of queue {} is left behind", names.queue());
        }
    }

    /** Also true if this thread need not wait for it, or is not to wait. */
    private boolean joined(long deadline) {
        if (Thread.currentThread() == thread) {
            return true; // closed by the method that it executes
        }
        try {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            return !thread.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private boolean isOpen() {
        return ending.getCount() > 0;
    }

    private void run() {
        Future<?> renewing = channels.every(RENEWAL, this::renew);
        Future<?> recovering = channels.every(RECOVERY, this::recover);
        try {
            register();
            while (isOpen()) {
                step();
            }
        } catch (InterruptedException e) {
            LOG.debug("Interrupted", e); // it took too long to end
        } finally {
            renewing.cancel(false);
            recovering.cancel(false);
            leave();
        }
    }

    /** Nothing is taken before others know where to find it. */
    private void register() throws InterruptedException {
        while (isOpen() && !ready.isDone()) {
            try {
                renew().join();
                enlist().join();
                ready.complete(null);
            } catch (CompletionException | CancellationException e) {
                failed(e);
            }
        }
    }

    private void step() throws InterruptedException {
        try {
            if (System.nanoTime() - doubtEnds < 0) {
                putBack(names.taken()).join();
            }
            Optional<byte[]> taken =
                    queues.move(names.queue(), names.taken(), WAIT).join();
            failing = false;
            if (taken.isEmpty()) { // what is here nevertheless came with an answer that was lost
                putBack(names.taken()).join();
            } else if (isOpen()) {
                serve(taken.get());
                boolean unused = isOpen() && Thread.interrupted(); // the method's own affair
            }
        } catch (RuntimeException | Error e) { // no memory, perhaps; ended, this thread would leave the queue to itself
            failed(e);
        }
    }

    /** Says it once, until it works again. */
    private void failed(Throwable e) throws InterruptedException {
        if (!failing && isOpen()) {
            FailureLog.error(LOG, e, "Queue {} cannot be served right now; it is tried again", names.queue());
        }
        failing = true;
        doubtEnds = System.nanoTime() + DOUBT.toNanos();
        boolean unused = ending.await(AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void serve(byte[] message) throws InterruptedException {
        QueueCodec.Request request = codec.read(message, names.queue());
        if (!queues.remove(names.taken(), message).join()) {
            LOG.debug("A request for queue {} was put back, because this server was taken for dead", names.queue());
            return;
        }
        if (names.areOurs(request.responseQueue(), channels.names())) {
            channels.reportBad(names.queue(), "A request was dropped: its response_queue is none");
        } else if (!request.problem().isEmpty()) {
            channels.reportBad(names.queue(), "A request was refused: " + request.problem());
            answer(request, codec.exception("Malformed", request.problem()));
        } else {
            answer(request, execute(request));
        }
    }

    private byte[] execute(QueueCodec.Request request) throws InterruptedException {
        executing = true;
        try {
            JsonNode params = codec.params(request, methods.parameters(request.method()));
            return codec.response(result(methods.call(request.method(), params)));
        } catch (IOException e) {
            return codec.exception("TypeError", String.valueOf(e.getMessage()));
        } finally {
            executing = false;
        }
    }

    /** Waits for a stage; only the end of this server ends the wait before. */
    private LocalMethods.Answer result(CompletableFuture<LocalMethods.Answer> answer) throws InterruptedException {
        while (true) {
            try {
                return answer.get();
            } catch (InterruptedException e) {
                if (!isOpen()) {
                    throw e;
                }
            } catch (ExecutionException e) {
                throw new CompletionException(e.getCause());
            }
        }
    }

    private void answer(QueueCodec.Request request, byte[] response) {
        if (request.responseQueue().isEmpty()) {
            return;
        }
        try {
            queues.push(request.responseQueue(), response, ANSWER_LIFE).join();
        } catch (CompletionException | CancellationException e) {
            Throwable why = e.getCause() == null ? e : e.getCause();
            channels.reportUnsent(
                    names.queue(),
                    "The answer of " + request.method() + " may not have been sent: " + why.getMessage());
        }
    }

    private CompletableFuture<Long> renew() {
        String prefix = channels.names().prefix();
        return channels.transport()
                .renewLease(
                        QueueNames.index(prefix),
                        QueueNames.lease(prefix, names.taken()),
                        names.taken().getBytes(UTF_8),
                        LEASE);
    }

    private CompletableFuture<Void> enlist() {
        return queues.push(names.servers(), names.taken().getBytes(UTF_8));
    }

    /** Puts back what dead servers had taken and not begun. */
    private CompletableFuture<Void> recover() {
        return queues.all(names.servers())
                .thenCompose(servers -> channels.transport()
                        .leases(QueueNames.index(channels.names().prefix()), 0)
                        .thenAccept(leases -> seen(
                                leases,
                                servers.stream()
                                        .map(taken -> new String(taken, UTF_8))
                                        .toList())));
    }

    /**
     * A server is dead whose lease is missing twice. It may be missing once although its server lives: after a pause of
     * that process, or when Redis comes back, evicts a key or loses it. Until a server that lives has enlisted itself
     * again nobody would find what it takes.
     */
    void seen(LeaseUpdate leases, List<String> servers) {
        if (ready.isDone() && isOpen() && !servers.contains(names.taken())) {
            enlist(); // others had taken this server for dead, or Redis has forgotten it
        }
        Set<String> missing = new HashSet<>();
        for (String taken : servers) {
            String lease = QueueNames.lease(channels.names().prefix(), taken);
            if (!leases.changed().containsKey(lease) && !taken.equals(names.taken())) {
                missing.add(taken);
                if (missed.contains(taken)) {
                    putBack(taken).thenCompose(done -> queues.remove(names.servers(), taken.getBytes(UTF_8)));
                }
            }
        }
        missed = missing;
    }

    private CompletableFuture<@Nullable Void> putBack(String taken) {
        return queues.moveBack(taken, names.queue())
                .thenCompose(moved -> moved ? putBack(taken) : CompletableFuture.completedFuture(null));
    }

    private void leave() {
        String prefix = channels.names().prefix();
        try {
            putBack(names.taken()).join();
            queues.remove(names.servers(), names.taken().getBytes(UTF_8)).join();
            channels.transport()
                    .endLease(QueueNames.index(prefix), QueueNames.lease(prefix, names.taken()))
                    .join();
        } catch (CompletionException | CancellationException e) {
            LOG.debug("What this server of queue {} leaves behind is found by others", names.queue(), e);
        } finally { // whatever is thrown, nobody is to wait for it, and it keeps no process alive
            ready.completeExceptionally(new CancellationException("The server has ended"));
            ended.complete(null);
            forget.accept(this);
        }
    }
}
