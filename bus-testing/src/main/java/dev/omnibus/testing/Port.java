package dev.omnibus.testing;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A reservation of a free TCP port on loopback, which no other JVM with this class takes until it is closed, so that a
 * killed server can be restarted on its port.
 *
 * <p>It binds the UDP port of the same number, and that of its cluster bus, so the system releases both when this JVM
 * is killed. Programs that do not use this class may still take the TCP port: a server that starts on it must handle
 * that.
 */
final class Port implements AutoCloseable {

    // Below the ephemeral ports of outgoing connections.
    private static final int FIRST = 20_000;
    private static final int LAST = 29_999;

    /** The default offset of the port on which a node of a cluster listens for the others. */
    private static final int CLUSTER_BUS_OFFSET = 10_000;

    private static final int ATTEMPTS = 20;

    private final int number;
    private final DatagramSocket held;
    private final DatagramSocket heldForClusterBus;

    private Port(int number, DatagramSocket held, DatagramSocket heldForClusterBus) {
        this.number = number;
        this.held = held;
        this.heldForClusterBus = heldForClusterBus;
    }

    /** Reserves a port that is free now. */
    static Port reserve() {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            Port port = tryReserve(ThreadLocalRandom.current().nextInt(FIRST, LAST + 1));
            if (port != null) {
                return port;
            }
        }
        throw new RedisServerException("None of " + ATTEMPTS + " ports tried between " + FIRST + " and " + LAST
                + " is free; are too many servers running?");
    }

    /** Reserves a port; null if it is reserved or in use. */
    static @Nullable Port tryReserve(int number) {
        DatagramSocket held = hold(number);
        if (held == null) {
            return null;
        }
        DatagramSocket heldForClusterBus = hold(number + CLUSTER_BUS_OFFSET);
        if (heldForClusterBus == null) {
            held.close();
            return null;
        }
        Port port = new Port(number, held, heldForClusterBus);
        if (isFree(number) && isFree(number + CLUSTER_BUS_OFFSET)) {
            return port;
        }
        port.close();
        return null;
    }

    private static @Nullable DatagramSocket hold(int number) {
        try {
            return new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), number));
        } catch (SocketException e) {
            return null;
        }
    }

    private static boolean isFree(int number) {
        try (ServerSocket socket = new ServerSocket(number, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    int number() {
        return number;
    }

    @Override
    public void close() {
        held.close();
        heldForClusterBus.close();
    }
}
