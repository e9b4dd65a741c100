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
 * A bad network between a client and a server: connect to the proxy's port, and it passes on what it is told to.
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
 * <p>A fault holds for connections that exist and for those that are made while it lasts; a new one replaces the one
 * before. It listens on 127.0.0.1 only.
 *
 * <p>Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FaultProxy.class);
    private static final int BACKLOG = 128;

    /** Which way something goes. */
    public enum Direction {
        /** From the client to the server. */
        TO_SERVER,
        /** From the server to the client. */
        TO_CLIENT,
        /** Either way. */
        BOTH;

        boolean includes(Direction other) {
            return this == BOTH || this == other;
        }
    }

    /** What happens to the bytes. */
    enum Kind {
        PASS,
        BLACKHOLE,
        STALL
    }

    /** The one fault of this moment. No limit on the speed is 0. */
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
     * A proxy in front of a Redis of this library.
     *
     * @param server where to
     * @return the proxy, which passes everything until told otherwise; close it when done
     */
    public static FaultProxy to(RedisServer server) {
        return to(server.address());
    }

    /**
     * A proxy in front of any TCP server.
     *
     * @param host where to
     * @param port its port
     * @return the proxy, which passes everything until told otherwise; close it when done
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
            throw new RedisServerException("No port for a proxy; are too many servers running?", e);
        }
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = listening.accept();
                ProxiedConnection connection = new ProxiedConnection(client, this::fault, connections::remove);
                connections.add(connection);
                connection.start(server);
                if (closed) { // meanwhile, and this one was not there to be ended
                    connection.reset();
                }
            } catch (IOException e) {
                log.debug("A connection through {} was not made", this, e);
            }
        }
    }

    Fault fault() {
        return fault;
    }

    /**
     * The URL for clients that would otherwise connect to Redis.
     *
     * @return {@code redis://127.0.0.1:PORT}, with the login of the server if it is one of this library
     */
    public String url() {
        return address.atLocalPort(port()).url("redis");
    }

    /**
     * The port for clients.
     *
     * @return the TCP port
     */
    public int port() {
        return listening.getLocalPort();
    }

    /**
     * How many connections there are now.
     *
     * @return the number
     */
    public int connections() {
        return connections.size();
    }

    /** No fault. What was stalled goes on; a connection that lost bytes in a black hole stays silent for ever. */
    public void pass() {
        change(Fault.NONE);
    }

    /**
     * Bytes vanish and nobody is told, as behind a firewall that forgot the connection: the link is half open.
     *
     * @param direction which bytes
     */
    public void blackhole(Direction direction) {
        change(new Fault(Kind.BLACKHOLE, direction, Duration.ZERO, 0));
    }

    /**
     * Bytes wait and arrive after {@link #pass()}, as after a short outage that TCP bridges.
     *
     * @param direction which bytes
     */
    public void stall(Direction direction) {
        change(new Fault(Kind.STALL, direction, Duration.ZERO, 0));
    }

    /**
     * Every byte arrives later, either way.
     *
     * @param delay by how much, in each direction
     */
    public void delay(Duration delay) {
        change(new Fault(Kind.PASS, Direction.BOTH, delay, 0));
    }

    /**
     * Lets only so much through, on each connection and in each direction.
     *
     * @param bytesPerSecond how much
     * @throws IllegalArgumentException if it is not positive
     */
    public void throttle(long bytesPerSecond) {
        if (bytesPerSecond <= 0) {
            throw new IllegalArgumentException("throttle(" + bytesPerSecond + "): use stall() to let nothing through");
        }
        change(new Fault(Kind.PASS, Direction.BOTH, Duration.ZERO, bytesPerSecond));
    }

    /** Breaks every connection of this moment with a TCP reset. New ones are made as before. */
    public void reset() {
        connections.forEach(ProxiedConnection::reset);
    }

    private void change(Fault next) {
        fault = next;
        connections.forEach(ProxiedConnection::faultChanged);
    }

    /** Ends all connections and gives the port back. Closing again does nothing. */
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

    /** From where to where. */
    @Override
    public String toString() {
        return "proxy on port " + port() + " to " + server;
    }
}
