package dev.omnibus.internal.channel;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChannelReadersTest {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    @Test
    void theTransportIsToStayAwakeWhileMessagesComeOneByOne() {
        Duration never = Duration.ofMinutes(10);
        try (Channels channels = Channels.open(
                transport,
                "here",
                new ChannelNames("bus"),
                Notes.limits(never, 1_000, Duration.ZERO, Duration.ZERO),
                executor,
                Notes.TIMER,
                new Notes.Listener())) {
            channels.listen("c", (channel, messages, next) -> {});
            deliver("[{},{}]");
            int before = transport.awakenings.get();
            for (int i = 0; i < 7; i++) {
                deliver("{}");
            }
            assertEquals(before, transport.awakenings.get(), "it may be by chance");
            deliver("{}");
            deliver("{}");
            assertEquals(before + 2, transport.awakenings.get());
            deliver("[{},{}]");
            deliver("{}");
            deliver("");
            assertEquals(before + 2, transport.awakenings.get());
        }
    }

    @Test
    void anInterruptionIsHeardInItsPlaceAlsoWhenNothingMoreMayWait() throws Exception {
        Channels.Limits narrow =
                new Channels.Limits(1_024, 1_024, Duration.ZERO, Duration.ZERO, 1_024, Notes.NEVER, Notes.OPENING);
        try (Channels channels = Channels.open(
                transport, "here", new ChannelNames("bus"), narrow, executor, Notes.TIMER, new Notes.Listener())) {
            CompletableFuture<Void> admission = new CompletableFuture<>();
            List<String> heard = new CopyOnWriteArrayList<>();
            Channels.Subscription listening = channels.listen("c", new Receiver() {
                @Override
                public void receive(String channel, List<Message> messages, Executor next) {
                    admission.join();
                    heard.add(messages.toString());
                }

                @Override
                public void interrupted() {
                    heard.add("interrupted");
                }
            });
            while (channels.stats().framesDropped() == 0) {
                deliver("{}");
            }
            Objects.requireNonNull(transport.listeners.get("c")).onInterrupted();
            CompletableFuture<Void> caughtUp = listening.caughtUp();
            assertFalse(caughtUp.isDone());
            admission.complete(null);
            caughtUp.get(10, SECONDS);
            assertEquals("interrupted", heard.get(heard.size() - 1));
            assertTrue(heard.size() > 1);
        }
    }

    private void deliver(String frame) {
        transport.deliver("c", frame.getBytes(StandardCharsets.UTF_8));
    }
}
