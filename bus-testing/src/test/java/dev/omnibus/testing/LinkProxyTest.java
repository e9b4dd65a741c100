package dev.omnibus.testing;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LinkProxyTest {
    private static final Duration DELAY = Duration.ofMillis(2);

    /** More than the proxy and the system hold for one who does not read. */
    private static final int MUCH = 40 * 1024 * 1024;

    private static final int PIECE = 64 * 1024;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private ServerSocket listening;
    private LinkProxy link;
    private int port;
    private Socket client;
    private Socket server;

    @BeforeEach
    void connect() throws IOException {
        listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        link = LinkProxy.withDelay(DELAY);
        port = link.port("127.0.0.1", listening.getLocalPort());
        client = new Socket(InetAddress.getLoopbackAddress(), port);
        server = listening.accept();
        client.setSoTimeout(10_000);
        server.setSoTimeout(10_000);
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        server.close();
        link.close();
        listening.close();
        threads.shutdownNow();
    }

    @Test
    void bytesComeThroughUnchangedAndInOrderInBothDirectionsOfManyConnectionsAtOnce() throws Exception {
        List<Future<?>> transfers = new ArrayList<>();
        List<Socket> opened = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Socket from = new Socket(InetAddress.getLoopbackAddress(), port);
            Socket to = listening.accept();
            opened.addAll(List.of(from, to));
            transfers.addAll(transfer(from, to, i));
            transfers.addAll(transfer(to, from, 100 + i));
        }
        for (Future<?> transfer : transfers) {
            transfer.get(20, TimeUnit.SECONDS);
        }
        for (Socket socket : opened) {
            socket.close();
        }
    }

    /** In pieces of all sizes. */
    private List<Future<?>> transfer(Socket from, Socket to, int seed) {
        byte[] bytes = random(1024 * 1024, seed);
        Callable<Void> sending = () -> {
            Random sizes = new Random(seed);
            for (int at = 0; at < bytes.length; ) {
                int length = Math.min(bytes.length - at, 1 + sizes.nextInt(20_000));
                from.getOutputStream().write(bytes, at, length);
                at += length;
            }
            from.shutdownOutput();
            return null;
        };
        Callable<Void> receiving = () -> {
            assertArrayEquals(bytes, to.getInputStream().readAllBytes());
            return null;
        };
        return List.of(threads.submit(sending), threads.submit(receiving));
    }

    @Test
    void eachDirectionTakesAtLeastTheDelay() throws IOException {
        for (int i = 0; i < 20; i++) {
            long begun = System.nanoTime();
            client.getOutputStream().write(1);
            assertEquals(1, server.getInputStream().read());
            long half = System.nanoTime();
            assertTrue(half - begun >= DELAY.toNanos(), () -> "there in " + (half - begun) + " ns");
            server.getOutputStream().write(2);
            assertEquals(2, client.getInputStream().read());
            long back = System.nanoTime();
            assertTrue(back - half >= DELAY.toNanos(), () -> "back in " + (back - half) + " ns");
        }
    }

    @Test
    void oneSideThatHasEndedStillHearsTheOther() throws IOException {
        client.getOutputStream().write(1);
        client.shutdownOutput();
        assertEquals(1, server.getInputStream().read());
        assertEquals(-1, server.getInputStream().read());
        server.getOutputStream().write(2);
        server.close();
        assertEquals(2, client.getInputStream().read());
        assertEquals(-1, client.getInputStream().read());
    }

    @Test
    void whoDoesNotReadStopsTheSenderAndGetsEverythingInTheEnd() throws Exception {
        byte[] bytes = random(MUCH, 7);
        AtomicInteger written = new AtomicInteger();
        Future<?> sending = threads.submit(() -> {
            while (written.get() < MUCH) {
                client.getOutputStream().write(bytes, written.get(), PIECE);
                written.addAndGet(PIECE);
            }
            client.shutdownOutput();
            return null;
        });
        AtomicInteger before = new AtomicInteger();
        await().pollInterval(200, TimeUnit.MILLISECONDS)
                .until(() -> written.get() > 0 && before.getAndSet(written.get()) == written.get());
        assertFalse(sending.isDone(), "all was taken");
        assertArrayEquals(bytes, server.getInputStream().readAllBytes());
        sending.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aServerThatIsNotThereEndsTheConnection() throws IOException {
        listening.close();
        try (Socket lost = new Socket(InetAddress.getLoopbackAddress(), port)) {
            lost.setSoTimeout(10_000);
            assertEnded(lost);
        }
    }

    @Test
    void closingEndsEverythingAndLeavesNoThread() {
        link.close();
        link.close();
        assertEnded(client);
        assertEnded(server);
        assertThrows(ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
        assertThrows(IllegalStateException.class, () -> link.port("127.0.0.1", 1));
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("link-proxy")));
    }

    @Test
    void aLinkCannotBeFasterThanNothing() {
        assertThrows(IllegalArgumentException.class, () -> LinkProxy.withDelay(Duration.ofNanos(-1)));
    }

    /** With an end of the stream or a reset. */
    private static void assertEnded(Socket socket) {
        try {
            assertEquals(-1, socket.getInputStream().read());
        } catch (IOException e) {
            assertInstanceOf(SocketException.class, e);
        }
    }

    private static byte[] random(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
