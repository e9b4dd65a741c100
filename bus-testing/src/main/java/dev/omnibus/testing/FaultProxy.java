package dev.omnibus.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A fault-injection proxy, which simulates a bad network between a client and a server: connect clients to its port.
 *
 * <pre>{@code
 * try (FaultProxy proxy = FaultProxy.to(redis)) {
 *     connect(proxy.url());
 *     proxy.blackhole(FaultProxy.Direction.BOTH);
 *     ...
 *     proxy.pass();
 * }
 * }</pre>
 *
 * <p>A fault applies to existing connections and to those that are made while it lasts; a new fault replaces the
 * previous one. The proxy listens on 127.0.0.1 only.
 *
 * <p>Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FaultProxy.class);
    private static final int BACKLOG = 128;

    /** A direction of traffic. */
    public enum Direction {
        /** From the client to the server. */
        TO_SERVER,
        /** From the server to the client. */
        TO_CLIENT,
        /** Both ways. */
        BOTH;

        boolean includes(Direction other) {
            return this == BOTH || this == other;
        }
    }

    /** The kind of a fault. */
    enum Kind {
        PASS,
        BLACKHOLE,
        STALL
    }

    /** The current fault. A speed of 0 means no limit. */
    record Fault(Kind kind, Direction direction, Duration delay, long bytesPerSecond) {
        static final Fault NONE = new Fault(Kind.PASS, Direction.BOTH, Duration.ZERO, 0);

        Kind kind(Direction towards) {
            return direction.includes(towards) ? kind : Kind.PASS;
        }
    }

    private final InetSocketAddress server;
    private final RedisAddress address;
    private final ServerSocket listening;
    private final Set<ProxiedConnection> connections = ConcurrentHashMap.newKeySet();
    private volatile Fault fault = Fault.NONE;
    private volatile boolean closed;

    private FaultProxy(RedisAddress address, ServerSocket listening) {
        this.server = new InetSocketAddress(address.host(), address.port());
        this.address = address;
        this.listening = listening;
    }

    /**
     * Starts a proxy in front of a Redis of this library.
     *
     * @param server the server
     * @return the proxy, which passes everything until a fault is set; close it when done
     */
    public static FaultProxy to(RedisServer server) {
        return to(server.address());
    }

    /**
     * Starts a proxy in front of any TCP server.
     *
     * @param host the host of the server
     * @param port its port
     * @return the proxy, which passes everything until a fault is set; close it when done
     */
    public static FaultProxy to(String host, int port) {
        return to(new RedisAddress(host, port, "", "", 0));
    }

    private static FaultProxy to(RedisAddress address) {
        try {
            ServerSocket listening = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
            FaultProxy proxy = new FaultProxy(address, listening);
            Thread acceptor = new Thread(proxy::accept, "fault-proxy-" + listening.getLocalPort());
            acceptor.setDaemon(true);
            acceptor.start();
            return proxy;
        } catch (IOException e) {
            throw new RedisServerException("Cannot get a port for a proxy; are too many servers running?", e);
        }
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = listening.accept();
                ProxiedConnection connection = new ProxiedConnection(client, this::fault, connections::remove);
                connections.add(connection);
                connection.start(server);
                if (closed) { // meanwhile, before this connection was added
                    connection.reset();
                }
            } catch (IOException e) {
                log.debug("A connection through {} could not be made", this, e);
            }
        }
    }

    Fault fault() {
        return fault;
    }

    /**
     * Returns the URL for clients, instead of that of Redis.
     *
     * @return {@code redis://127.0.0.1:PORT}, with the login of the server if it is one of this library
     */
    public String url() {
        return address.atLocalPort(port()).url("redis");
    }

    /**
     * Returns the port for clients.
     *
     * @return the TCP port
     */
    public int port() {
        return listening.getLocalPort();
    }

    /**
     * Returns how many connections are open.
     *
     * @return the number
     */
    public int connections() {
        return connections.size();
    }

    /**
     * Ends the fault. Stalled connections continue; one that lost bytes in a black hole stays silent until one side
     * ends it, which the other side then sees as a reset.
     */
    public void pass() {
        change(Fault.NONE);
    }

    /**
     * Drops bytes silently, as behind a firewall that forgot the connection: it is half open.
     *
     * @param direction which bytes
     */
    public void blackhole(Direction direction) {
        change(new Fault(Kind.BLACKHOLE, direction, Duration.ZERO, 0));
    }

    /**
     * Holds bytes back until {@link #pass()}, as in a short outage that TCP bridges.
     *
     * @param direction which bytes
     */
    public void stall(Direction direction) {
        change(new Fault(Kind.STALL, direction, Duration.ZERO, 0));
    }

    /**
     * Delays every byte, in both directions.
     *
     * @param delay the delay in each direction
     */
    public void delay(Duration delay) {
        change(new Fault(Kind.PASS, Direction.BOTH, delay, 0));
    }

    /**
     * Limits the bandwidth of each connection, in each direction.
     *
     * @param bytesPerSecond the limit
     * @throws IllegalArgumentException if it is not positive
     */
    public void throttle(long bytesPerSecond) {
        if (bytesPerSecond <= 0) {
            throw new IllegalArgumentException("throttle(" + bytesPerSecond + "): use stall() to let nothing through");
        }
        change(new Fault(Kind.PASS, Direction.BOTH, Duration.ZERO, bytesPerSecond));
    }

    /** Breaks every open connection with a TCP reset. New connections are accepted as before. */
    public void reset() {
        connections.forEach(ProxiedConnection::reset);
    }

    private void change(Fault next) {
        fault = next;
        connections.forEach(ProxiedConnection::faultChanged);
    }

    /** Closes all connections and releases the port. Idempotent. */
    @Override
    public void close() {
        closed = true;
        try {
            listening.close();
        } catch (IOException e) {
            log.debug("{} did not close", this, e);
        }
        reset();
    }

    /** Returns the port and the server. */
    @Override
    public String toString() {
        return "proxy on port " + port() + " to " + server;
    }
}
