package dev.omnibus.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.FaultProxy.Direction;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultProxyTest {
    private static final int SILENCE_MILLIS = 300;

    private ServerSocket listening;
    private FaultProxy proxy;
    private Socket client;
    private Socket server;

    @BeforeEach
    void connect() throws IOException {
        listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        proxy = FaultProxy.to("127.0.0.1", listening.getLocalPort());
        client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        server = listening.accept();
        client.setSoTimeout(5_000);
        server.setSoTimeout(5_000);
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        server.close();
        proxy.close();
        listening.close();
    }

    @Test
    void passesBothWaysAndTheEndOfTheConnection() throws IOException {
        send(client, "to the server");
        assertEquals("to the server", receive(server, 13));
        send(server, "to the client");
        assertEquals("to the client", receive(client, 13));
        client.close();
        assertEquals(-1, server.getInputStream().read());
        server.close();
        await().until(() -> proxy.connections() == 0);
    }

    @Test
    void aBlackHoleSwallowsOneDirectionForGood() throws IOException {
        proxy.blackhole(Direction.TO_CLIENT);
        send(client, "heard");
        assertEquals("heard", receive(server, 5));
        send(server, "lost");
        assertSilent(client);

        proxy.pass();
        send(server, "lost too: a stream has no holes");
        assertSilent(client);
        send(client, "still heard");
        assertEquals("still heard", receive(server, 11));
    }

    @Test
    void theEndOfAConnectionThatLostBytesIsSeenWhenTheBlackHoleIsOver() throws IOException {
        proxy.blackhole(Direction.BOTH);
        send(client, "lost");
        assertSilent(server);
        client.close();
        assertSilent(server);

        proxy.pass();
        assertThrows(SocketException.class, () -> server.getInputStream().read());
        await().until(() -> proxy.connections() == 0);
    }

    @Test
    void aConnectionMadeInABlackHoleIsSilentAndOneMadeAfterItIsNot() throws IOException {
        proxy.blackhole(Direction.BOTH);
        try (Socket early = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
                Socket earlyServer = listening.accept()) {
            send(early, "lost");
            assertSilent(earlyServer);
        }
        proxy.pass();
        try (Socket late = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
                Socket lateServer = listening.accept()) {
            send(late, "fine");
            assertEquals("fine", receive(lateServer, 4));
        }
    }

    @Test
    void whatIsStalledArrivesCompleteAndInOrder() throws IOException {
        proxy.stall(Direction.TO_SERVER);
        send(client, "one ");
        send(client, "two");
        assertSilent(server);
        send(server, "the other way");
        assertEquals("the other way", receive(client, 13));
        proxy.pass();
        server.setSoTimeout(5_000);
        assertEquals("one two", receive(server, 7));
    }

    @Test
    void aResetIsSeenByBothAndNewConnectionsAreMade() throws IOException {
        proxy.reset();
        assertThrows(SocketException.class, () -> client.getInputStream().read());
        assertThrows(SocketException.class, () -> server.getInputStream().read());
        try (Socket again = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
                Socket againServer = listening.accept()) {
            send(again, "again");
            assertEquals("again", receive(againServer, 5));
        }
    }

    @Test
    void aDelayHoldsBackButDoesNotAddUp() throws IOException {
        proxy.delay(Duration.ofMillis(400));
        long begun = System.nanoTime();
        for (int i = 0; i < 10; i++) {
            send(client, "x");
            server.setSoTimeout(20);
            assertThrows(
                    SocketTimeoutException.class, () -> server.getInputStream().read());
        }
        server.setSoTimeout(5_000);
        assertEquals("xxxxxxxxxx", receive(server, 10));
        long millis = (System.nanoTime() - begun) / 1_000_000;
        assertTrue(millis >= 400, () -> "arrived after " + millis + " ms");
        assertTrue(millis < 3_000, () -> "ten delays of 400 ms one after the other: " + millis + " ms");
    }

    @Test
    void aThrottleLimitsTheSpeed() throws IOException {
        proxy.throttle(20_000);
        long begun = System.nanoTime();
        send(client, "x".repeat(10_000));
        assertEquals(10_000, receive(server, 10_000).length());
        long millis = (System.nanoTime() - begun) / 1_000_000;
        assertTrue(millis >= 450, () -> "10,000 bytes took " + millis + " ms");
        assertThrows(IllegalArgumentException.class, () -> proxy.throttle(0));
    }

    @Test
    void closingEndsEverythingAndLeavesNoThread() throws IOException {
        proxy.stall(Direction.BOTH);
        send(client, "stuck");
        proxy.close();
        proxy.close();
        assertThrows(SocketException.class, () -> client.getInputStream().read());
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("fault-proxy")));
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
    }

    private static String receive(Socket socket, int length) throws IOException {
        return new String(socket.getInputStream().readNBytes(length), US_ASCII);
    }

    private static void assertSilent(Socket socket) throws IOException {
        socket.setSoTimeout(SILENCE_MILLIS);
        assertThrows(SocketTimeoutException.class, () -> socket.getInputStream().read());
        socket.setSoTimeout(5_000);
    }
}
