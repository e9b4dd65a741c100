package dev.omnibus.transport.redisson;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What cannot be read ends its connection, which comes back, and is quoted in no log. */
@WithRedis
class UnreadableIT {

    private static final String CANARY = "canary7f3a";
    private static final String PONG = "+PONG\r\n";

    private final RedisServer redis;

    UnreadableIT(RedisServer redis) {
        this.redis = redis;
    }

    /** Passes everything on, but for the next message with the canary or the next answer, which it garbles. */
    private static final class Garbling implements AutoCloseable {

        private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();
        final AtomicInteger messages = new AtomicInteger();
        final AtomicInteger answers = new AtomicInteger();

        Garbling(int server) throws IOException {
            start(() -> {
                while (true) {
                    Socket client = listening.accept();
                    Socket behind = new Socket(InetAddress.getLoopbackAddress(), server);
                    sockets.addAll(List.of(client, behind));
                    start(() -> client.getInputStream().transferTo(behind.getOutputStream()), client, behind);
                    start(() -> garble(behind.getInputStream(), client.getOutputStream()), client, behind);
                }
            });
        }

        private interface Step {
            void run() throws IOException;
        }

        private static void start(Step step, Socket... ends) {
            Thread thread = new Thread(() -> {
                try {
                    step.run();
                } catch (IOException e) {
                    // its end
                } finally {
                    for (Socket end : ends) {
                        try {
                            end.close();
                        } catch (IOException e) {
                            // closed already
                        }
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        private void garble(InputStream from, OutputStream to) throws IOException {
            byte[] buffer = new byte[64 * 1024];
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                String read = new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
                int canary = read.indexOf(CANARY);
                int answer = beginOfAnswer(read);
                if (canary > 0 && taken(messages)) { // in the middle of a message
                    to.write(buffer, 0, read.lastIndexOf("\r\n$", canary) + 2);
                    to.write(("?" + CANARY + "\r\n").getBytes(StandardCharsets.US_ASCII));
                    to.write(buffer, 0, n);
                } else if (answer >= 0 && taken(answers)) {
                    to.write(buffer, 0, answer);
                    to.write(("?" + CANARY + "\r\n").getBytes(StandardCharsets.US_ASCII));
                } else {
                    to.write(buffer, 0, n);
                }
            }
        }

        /** Of a number, which often comes behind the answer to a ping; -1 if there is none. */
        private static int beginOfAnswer(String read) {
            return read.startsWith(":") ? 0 : read.startsWith(PONG + ":") ? PONG.length() : -1;
        }

        private static boolean taken(AtomicInteger left) {
            return left.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
        }

        @Override
        public void close() throws IOException {
            listening.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    /** Again and again: what comes before the connection is made anew gets lost with it. */
    private static void awaitHeard(Bus publisher, String text, List<String> heard) {
        await().atMost(20, SECONDS).ignoreExceptions().until(() -> {
            long unused = publisher.publish("garbled", text).get(20, SECONDS);
            return heard.contains(text);
        });
    }

    @Test
    void itsConnectionComesBackWithItsSubscriptionsAndNoLogQuotesIt() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        List<String> interrupted = new CopyOnWriteArrayList<>();
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try (Garbling proxy = new Garbling(redis.port());
                Bus publisher = Bus.connect(redis.url());
                Bus bus = Bus.builder(redis.url().replace(":" + redis.port(), ":" + proxy.listening.getLocalPort()))
                        .listener(new BusListener() {
                            @Override
                            public void onInterrupted(String topic) {
                                interrupted.add(topic);
                            }
                        })
                        .build()) {
            bus.subscribe("garbled", String.class, event -> heard.add(event.data()))
                    .ready()
                    .get(20, SECONDS);
            for (int round = 1; round <= 3; round++) {
                proxy.messages.set(1);
                long unused = publisher.publish("garbled", CANARY).get(20, SECONDS);
                await().atMost(20, SECONDS).until(() -> proxy.messages.get() == 0);
                awaitHeard(publisher, "after " + round, heard);
            }
            assertTrue(interrupted.size() >= 3, interrupted.toString());
            proxy.answers.set(3);
            await().atMost(20, SECONDS).until(() -> proxy.answers.get() == 0);
            awaitHeard(bus, "own", heard);
        } finally {
            System.setErr(before);
        }
        String text = log.toString(StandardCharsets.UTF_8);
        assertFalse(text.contains(CANARY), text);
        assertTrue(text.contains("it is ended, and made anew"), text);
    }
}
