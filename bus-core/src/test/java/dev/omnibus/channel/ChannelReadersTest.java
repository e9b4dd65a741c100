package dev.omnibus.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
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

    private void deliver(String frame) {
        transport.deliver("c", frame.getBytes(StandardCharsets.UTF_8));
    }
}
