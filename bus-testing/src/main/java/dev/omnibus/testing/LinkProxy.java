package dev.omnibus.testing;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A delaying proxy, which simulates the distance between clients and servers for measurements: every byte arrives after
 * a fixed time, unchanged and in order, in both directions of any number of connections.
 *
 * <pre>{@code
 * try (LinkProxy link = LinkProxy.withDelay(Duration.ofNanos(500_000))) { // a round trip of 1 ms
 *     connect(link.url(redis));
 *     ...
 * }
 * }</pre>
 *
 * <p>The bandwidth is not limited, except by what waits: up to 8 MiB for each direction of a connection. A connection
 * is accepted at once, without a round trip. For faults there is {@link FaultProxy}. The proxy listens on 127.0.0.1
 * only. For a measurement it should run in a process of its own.
 *
 * <p>Thread-safe.
 */
public final class LinkProxy implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LinkProxy.class);
    private static final int BACKLOG = 128;
    private static final int READ_AT_ONCE = 256 * 1024;

    private record Chunk(LinkedConnection.Direction direction, ByteBuffer bytes, long due) {}

    /** The estimate follows a shorter time at once, and a longer one slowly. */
    private static final int FORGETTING = 2;

    private static final int LEARNING = 64;

    private final long delayNanos;
    private final Selector selector;

    /** What all connections have under way: with one delay for all, what was read first is due first. */
    private final BlockingQueue<Chunk> underWay = new LinkedBlockingQueue<>();

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_AT_ONCE);
    private final Thread reader = new Thread(this::read, "link-proxy-reader");
    private final Thread writer = new Thread(this::write, "link-proxy-writer");
    private long oversleptNanos; // used by the writer's thread only
    private volatile boolean closed;

    private LinkProxy(long delayNanos, Selector selector) {
        this.delayNanos = delayNanos;
        this.selector = selector;
    }

    /**
     * Starts a proxy.
     *
     * @param delay how long a byte takes in each direction: half of the round trip
     * @return the proxy, which leads nowhere yet; close it when done
     * @throws IllegalArgumentException if the delay is negative
     */
    public static LinkProxy withDelay(Duration delay) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("A link cannot have a delay of " + delay);
        }
        try {
            LinkProxy proxy = new LinkProxy(delay.toNanos(), Selector.open());
            for (Thread thread : new Thread[] {proxy.reader, proxy.writer}) {
                thread.setDaemon(true);
                thread.start();
            }
            return proxy;
        } catch (IOException e) {
            throw new RedisServerException("Cannot start a proxy; are too many servers running?", e);
        }
    }

    /**
     * Returns the URL at which clients reach a Redis of this library through this link.
     *
     * @param server the server
     * @return {@code redis://127.0.0.1:PORT}, with the login of the server
     * @throws IllegalStateException if this is closed
     */
    public String url(RedisServer server) {
        RedisAddress address = server.address();
        return address.atLocalPort(port(address.host(), address.port())).url("redis");
    }

    /**
     * Returns the port at which clients reach a TCP server through this link: a new one with each call.
     *
     * @param host the host of the server
     * @param port its port
     * @return the port on 127.0.0.1
     * @throws IllegalStateException if this is closed
     */
    public int port(String host, int port) {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
        try {
            ServerSocketChannel listening = ServerSocketChannel.open();
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
            listening.configureBlocking(false);
            listening.register(selector, SelectionKey.OP_ACCEPT, new InetSocketAddress(host, port));
            selector.wakeup();
            return listening.socket().getLocalPort();
        } catch (IOException e) {
            throw new RedisServerException("Cannot get a port for a proxy; are too many servers running?", e);
        }
    }

    /** The reader's thread. It sleeps while nothing arrives, and finishes what a full socket did not take. */
    private void read() {
        try {
            while (!closed) {
                selector.select(this::selected);
            }
        } catch (IOException e) {
            log.warn("{} has ended", this, e);
        } finally {
            selector.keys().forEach(key -> close(key.channel()));
            close(selector);
        }
    }

    private void selected(SelectionKey key) {
        if (key.attachment() instanceof LinkedConnection connection) {
            try {
                connection.selected(key, buffer, this::send);
            } catch (IOException | CancelledKeyException e) {
                log.debug("A connection through {} has ended", this, e);
                connection.close();
            }
        } else {
            accept((ServerSocketChannel) key.channel(), (InetSocketAddress) key.attachment());
        }
    }

    private void accept(ServerSocketChannel listening, InetSocketAddress address) {
        try {
            SocketChannel client = listening.accept();
            if (client != null) {
                LinkedConnection.open(client, address, selector);
            }
        } catch (IOException e) {
            log.debug("A connection through {} could not be made", this, e);
        }
    }

    private void send(LinkedConnection.Direction direction, ByteBuffer bytes) {
        underWay.add(new Chunk(direction, bytes, System.nanoTime() + delayNanos));
    }

    /** The writer's thread. It sleeps until the first is due, and without end while nothing is under way. */
    private void write() {
        wakeOnTime();
        try {
            while (!closed) {
                Chunk chunk = underWay.take();
                sleepUntil(chunk.due());
                chunk.direction().deliver(chunk.bytes());
            }
        } catch (InterruptedException e) {
            log.debug("{} is closed", this);
        }
    }

    /** Sleeps so much less as it has lately overslept at least, and spins for the microseconds that may be left. */
    private void sleepUntil(long due) {
        long alarm = due - oversleptNanos;
        if (alarm - System.nanoTime() > 0) {
            for (long left = alarm - System.nanoTime(); left > 0 && !closed; left = alarm - System.nanoTime()) {
                LockSupport.parkNanos(this, left);
            }
            long late = System.nanoTime() - alarm;
            oversleptNanos += (late - oversleptNanos) / (late < oversleptNanos ? FORGETTING : LEARNING);
        }
        while (due - System.nanoTime() > 0 && !closed) {
            Thread.onSpinWait();
        }
    }

    /** Linux lets a thread sleep 50 µs longer than it wants, to wake several together, unless it says otherwise. */
    private static void wakeOnTime() {
        try {
            Path thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName();
            Path slack = Path.of("/proc", thread.toString(), "timerslack_ns");
            Files.writeString(slack, "1", StandardOpenOption.WRITE);
        } catch (IOException e) {
            log.debug("Delays will be less exact", e); // not Linux, or not allowed to
        }
    }

    /** Closes all connections and releases the ports, and waits until that is done. Idempotent. */
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        writer.interrupt();
        try {
            reader.join();
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void close(Closeable resource) {
        try {
            resource.close();
        } catch (IOException e) {
            log.debug("{} did not close", resource, e);
        }
    }

    /** Returns the delay. */
    @Override
    public String toString() {
        return "link with a delay of " + TimeUnit.NANOSECONDS.toMicros(delayNanos) + " µs";
    }
}
