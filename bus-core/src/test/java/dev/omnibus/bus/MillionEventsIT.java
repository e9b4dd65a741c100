package dev.omnibus.bus;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A million events through one topic, from one process to another: none lost, none twice, none out of order. Redis
 * pub/sub has no back-pressure, so the two agree on one: the publisher is told how far the subscriber is.
 */
@Tag("slow")
class MillionEventsIT {

    private static final int EVENTS = Integer.getInteger("events", 1_000_000); // ten million with -Devents=10000000
    private static final int CREDIT = 10_000;
    private static final int AHEAD = 100_000;

    record Reading(long number, String station, double value) {}

    @Test
    void allEventsArriveOnceAndInOrder() throws Exception {
        String topic = "readings." + UUID.randomUUID();
        AtomicLong received = new AtomicLong();
        AtomicLong wrong = new AtomicLong();
        AtomicLong reported = new AtomicLong();
        Semaphore credits = new Semaphore(0);
        try (RedisServer redis = RedisServer.obtain();
                Bus bus = Bus.builder(redis.url())
                        .listener(new Counting(reported))
                        .build()) {
            bus.subscribe(topic, Reading.class, event -> {
                        if (event.data().number() != received.incrementAndGet()) {
                            wrong.incrementAndGet();
                        }
                        if (received.get() % CREDIT == 0) {
                            credits.release();
                        }
                    })
                    .ready()
                    .join();
            long started = System.nanoTime();
            Process publisher = publisher(redis.url(), topic);
            CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> textOf(publisher));
            try {
                try (OutputStream stdin = publisher.getOutputStream()) {
                    for (int granted = 0; granted < EVENTS; granted += CREDIT) {
                        if (granted >= AHEAD && !credits.tryAcquire(30, TimeUnit.SECONDS)) {
                            break; // something is missing; the assertions say what
                        }
                        stdin.write('+');
                        stdin.flush();
                    }
                }
                await().atMost(Duration.ofMinutes(2)).until(() -> received.get() + reported.get() >= EVENTS);
                long millis = (System.nanoTime() - started) / 1_000_000;
                System.out.println(EVENTS + " events took " + millis + " ms, the start of the publisher included");
                assertTrue(publisher.waitFor(30, TimeUnit.SECONDS), "the publisher ends");
                assertEquals("", said.join(), "what the publisher says");
                assertEquals(0, publisher.exitValue());
            } finally {
                publisher.destroyForcibly().waitFor();
            }
        }
        assertEquals(EVENTS, received.get());
        assertEquals(0, wrong.get(), "out of order");
        assertEquals(0, reported.get(), "lost, doubled or dropped");
    }

    private static Process publisher(String url, String topic) throws IOException {
        String java = ProcessHandle.current().info().command().orElse("java");
        ProcessBuilder builder = new ProcessBuilder(
                java, "-Xmx512m", "-cp", System.getProperty("java.class.path"), Publisher.class.getName(), topic);
        builder.environment().put("BUS_URL", url);
        return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    private static String textOf(Process process) {
        try (InputStream stdout = process.getInputStream()) {
            return new String(stdout.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Counting implements BusListener {

        private final AtomicLong reported;

        Counting(AtomicLong reported) {
            this.reported = reported;
        }

        @Override
        public void onGap(String topic, String source, long from, long to) {
            reported.addAndGet(to - from + 1);
        }

        @Override
        public void onDuplicate(String topic, String source, String id) {
            reported.incrementAndGet();
        }

        @Override
        public void onDropping(String topic) {
            reported.incrementAndGet();
        }
    }

    /** The other process: publishes so many events for each byte that it reads. */
    static final class Publisher {

        private Publisher() {}

        public static void main(String[] args) throws IOException {
            Topic<Reading> topic = Topic.of(args[0], Reading.class);
            Map<String, AtomicLong> failed = new ConcurrentSkipListMap<>(); // by when and why
            long started = System.nanoTime();
            try (Bus bus = Bus.builder(System.getenv("BUS_URL"))
                    .connectWithin(Duration.ofSeconds(40)) // a busy machine may need more than one attempt
                    .drainTimeout(Duration.ofMinutes(1)) // and more than five seconds for what is still to be answered
                    .build()) {
                long number = 0;
                while (System.in.read() >= 0) {
                    for (int i = 0; i < CREDIT; i++) {
                        number++;
                        bus.publish(topic, new Reading(number, "KBO", number / 10.0))
                                .whenComplete((receivers, failure) -> {
                                    if (failure != null) {
                                        long second = (System.nanoTime() - started) / 1_000_000_000;
                                        failed.computeIfAbsent(
                                                        second + " s: " + failure.getMessage(), why -> new AtomicLong())
                                                .incrementAndGet();
                                    }
                                });
                    }
                }
            }
            failed.forEach((why, events) -> System.out.println(events + " events were not published after " + why));
        }
    }
}
