package dev.omnibus.testing;

import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.FaultProxy.Fault;
import dev.omnibus.testing.FaultProxy.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection through a {@link FaultProxy}. Each direction has a thread that reads and one that writes, so that a
 * delay holds bytes back without reducing the throughput.
 */
final class ProxiedConnection {
    private static final Logger log = LoggerFactory.getLogger(ProxiedConnection.class);
    private static final int CHUNK = 16 * 1024;
    private static final int QUEUED_CHUNKS = 64;
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
    private static final byte[] END = {};

    private record Chunk(byte[] bytes, long readAt) {}

    private final Socket client;
    private final Socket server = new Socket();
    private final Supplier<Fault> fault;
    private final Consumer<ProxiedConnection> ended;
    private final Object change = new Object();
    private final AtomicInteger endedDirections = new AtomicInteger();
    private volatile boolean closed;

    ProxiedConnection(Socket client, Supplier<Fault> fault, Consumer<ProxiedConnection> ended) {
        this.client = client;
        this.fault = fault;
        this.ended = ended;
    }

    void start(InetSocketAddress address) {
        run("connect", () -> {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            server.connect(address, CONNECT_TIMEOUT_MILLIS);
            pump(client, server, Direction.TO_SERVER);
            pump(server, client, Direction.TO_CLIENT);
        });
    }

    private void pump(Socket from, Socket to, Direction direction) {
        BlockingQueue<Chunk> queue = new ArrayBlockingQueue<>(QUEUED_CHUNKS);
        run("read " + direction, () -> read(from.getInputStream(), queue));
        run("write " + direction, () -> write(to, queue, direction));
    }

    private void read(InputStream in, BlockingQueue<Chunk> queue) throws IOException, InterruptedException {
        byte[] buffer = new byte[CHUNK];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            put(queue, Arrays.copyOf(buffer, n));
        }
        put(queue, END);
    }

    private void put(BlockingQueue<Chunk> queue, byte[] bytes) throws InterruptedException {
        Chunk chunk = new Chunk(bytes, System.nanoTime());
        while (!queue.offer(chunk, 1, TimeUnit.SECONDS)) {
            requireOpen();
        }
    }

    private Chunk take(BlockingQueue<Chunk> queue) throws InterruptedException {
        @Nullable Chunk chunk = queue.poll(1, TimeUnit.SECONDS);
        while (chunk == null) {
            requireOpen();
            chunk = queue.poll(1, TimeUnit.SECONDS);
        }
        return chunk;
    }

    private void write(Socket to, BlockingQueue<Chunk> queue, Direction direction)
            throws IOException, InterruptedException {
        OutputStream out = to.getOutputStream();
        boolean lost = false;
        for (Chunk chunk = take(queue); chunk.bytes() != END; chunk = take(queue)) {
            Fault now = awaitDue(chunk, direction);
            lost |= now.kind(direction) == Kind.BLACKHOLE; // the rest of a stream with a gap would be garbage
            if (!lost) {
                out.write(chunk.bytes());
            }
        }
        for (Fault now = fault.get(); now.kind(direction) != Kind.PASS; now = fault.get()) {
            awaitChange(now, Long.MAX_VALUE); // the end of the connection does not get through either
        }
        if (lost) {
            reset(); // of a stream with a gap that is all that can get through
            return;
        }
        to.shutdownOutput();
        if (endedDirections.incrementAndGet() == 2) {
            closed = true;
            ended.accept(this);
            client.close();
            server.close();
        }
    }

    private Fault awaitDue(Chunk chunk, Direction direction) throws InterruptedException {
        long began = System.nanoTime();
        while (true) {
            Fault now = fault.get();
            long due = now.bytesPerSecond() == 0
                    ? chunk.readAt() + now.delay().toNanos()
                    : began + TimeUnit.SECONDS.toNanos(chunk.bytes().length) / now.bytesPerSecond();
            if (now.kind(direction) == Kind.STALL) {
                awaitChange(now, Long.MAX_VALUE);
            } else if (now.kind(direction) == Kind.BLACKHOLE || due - System.nanoTime() <= 0) {
                return now;
            } else {
                awaitChange(now, due - System.nanoTime());
            }
        }
    }

    private void awaitChange(Fault now, long nanos) throws InterruptedException {
        long begun = System.nanoTime();
        synchronized (change) {
            for (long left = nanos;
                    left > 0 && fault.get() == now && !closed;
                    left = nanos - System.nanoTime() + begun) {
                TimeUnit.NANOSECONDS.timedWait(change, left);
            }
        }
        requireOpen();
    }

    private void requireOpen() throws InterruptedException {
        if (closed) {
            throw new InterruptedException("The connection was closed");
        }
    }

    void faultChanged() {
        synchronized (change) {
            change.notifyAll();
        }
    }

    /** Resets the connection: a linger of 0 seconds makes the system send RST instead of FIN. */
    void reset() {
        closed = true;
        ended.accept(this);
        for (Socket socket : new Socket[] {client, server}) {
            try {
                socket.setSoLinger(true, 0);
                socket.close();
            } catch (IOException e) {
                log.debug("A socket did not close", e);
            }
        }
        faultChanged();
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private void run(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException | InterruptedException e) {
                        log.debug("{} ended", name, e);
                        reset();
                    }
                },
                "fault-proxy " + name);
        thread.setDaemon(true);
        thread.start();
    }
}
