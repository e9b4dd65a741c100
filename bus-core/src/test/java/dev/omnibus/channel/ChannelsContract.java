package dev.omnibus.channel;

import static dev.omnibus.channel.Notes.message;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.channel.Notes.Outcome;
import dev.omnibus.channel.Notes.Received;
import dev.omnibus.transport.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What channels do on every transport. */
abstract class ChannelsContract {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Notes.Listener listener = new Notes.Listener();
    private final String channel = "test-" + UUID.randomUUID();
    private Channels here;
    private Channels there;

    /** One more connection to the same network. */
    abstract Transport connect();

    @BeforeEach
    void open() {
        here = open("here");
        there = open("there");
    }

    private Channels open(String name) {
        return Channels.open(
                connect(),
                name + UUID.randomUUID(),
                new ChannelNames("bus"),
                Notes.limits(Duration.ofSeconds(1)),
                executor,
                listener);
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
        executor.shutdownNow();
    }

    @Test
    void underLoadEachThreadsOrderIsKeptAndTheNumbersAreThoseOfArrival() throws Exception {
        int each = 5_000;
        Received received = new Received();
        there.listen(channel, received).ready().get(5, SECONDS);
        List<CompletableFuture<Long>> outcomes = new ArrayList<>();
        List<Thread> threads = IntStream.range(0, 3)
                .mapToObj(t -> new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        Outcome outcome = new Outcome();
                        here.sendNumbered(channel, message("00000000 " + t + " " + i), 6, 8, outcome);
                        synchronized (outcomes) {
                            outcomes.add(outcome.receivers);
                        }
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        CompletableFuture.allOf(outcomes.toArray(CompletableFuture[]::new)).get(20, SECONDS);
        await().until(() -> received.messages.size() >= 3 * each);

        int[] nextOf = new int[3];
        int number = 0;
        for (String text : received.messages) {
            String[] words = text.substring(6, text.length() - 2).split(" ", -1);
            assertEquals(++number, Integer.parseInt(words[0]));
            assertEquals(nextOf[Integer.parseInt(words[1])]++, Integer.parseInt(words[2]));
        }
        assertEquals(3 * each, number);
        assertEquals(List.of(), listener.told);
    }

    @Test
    void listeningAndClosingInQuickSuccessionEndsInTheLastState() throws Exception {
        Received last = new Received();
        for (int i = 0; i < 20; i++) {
            here.listen(channel, new Received()).close();
        }
        Listening listening = here.listen(channel, last);
        listening.ready().get(10, SECONDS);
        assertEquals(1, send(there, "to the last").get(5, SECONDS));
        await().until(() -> last.messages.equals(List.of("{\"m\":\"to the last\"}")));

        listening.close();
        here.listen(channel, new Received()).close().get(10, SECONDS);
        await().until(() -> send(there, "to nobody").get(5, SECONDS) == 0);
    }

    @Test
    void aSecondReceiverOfOneChannelIsAMistakeOfTheProgram() {
        here.listen(channel, new Received());
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> here.listen(channel, new Received()));
        assertEquals("The channel " + channel + " has a receiver", e.getMessage());
    }

    @Test
    void aPatternReceivesFromEveryChannelThatItMatches() throws Exception {
        Received received = new Received();
        there.listenPattern(channel + ".*", received).ready().get(5, SECONDS);
        Outcome one = new Outcome();
        here.send(channel + ".a", message("1"), false, one);
        one.receivers.get(5, SECONDS);
        here.send(channel + ".b", message("2"), false, Sent.UNNOTICED);
        await().until(() -> received.messages.equals(List.of("{\"m\":\"1\"}", "{\"m\":\"2\"}")));
    }

    @Test
    void whatIsNoFrameIsReportedAndTheNextIsReceived() throws Exception {
        Received received = new Received();
        there.listen(channel, received).ready().get(5, SECONDS);
        Outcome garbage = new Outcome();
        here.send(channel, "garbage".getBytes(StandardCharsets.UTF_8), false, garbage);
        garbage.receivers.get(5, SECONDS);
        send(here, "fine").get(5, SECONDS);
        await().until(() -> received.messages.equals(List.of("{\"m\":\"fine\"}")));
        assertEquals(List.of("bad " + channel + ": The frame begins with neither { nor ["), listener.told);
    }

    @Test
    void aReconnectIsToldToTheReceiversAndCountsAreTrustedAgain() throws Exception {
        Received received = new Received();
        here.listen(channel, received).ready().get(5, SECONDS);
        here.transport().reconnect().get(10, SECONDS);
        await().until(() -> received.interruptions == 1);
        assertEquals(1, send(there, "after").get(5, SECONDS));
        assertTrue(here.countsTrusted());
    }

    @Test
    void closingWhileBusyTellsEveryMessageItsOutcome() throws Exception {
        List<CompletableFuture<Long>> outcomes = new ArrayList<>();
        Thread busy = new Thread(() -> {
            for (int i = 0; i < 20_000; i++) {
                outcomes.add(send(here, "x"));
            }
        });
        busy.start();
        await().until(() -> !outcomes.isEmpty());
        here.close();
        busy.join();
        CompletableFuture.allOf(outcomes.stream()
                        .map(outcome -> outcome.handle((count, failure) -> null))
                        .toArray(CompletableFuture[]::new))
                .get(10, SECONDS);
    }

    private CompletableFuture<Long> send(Channels from, String text) {
        Outcome outcome = new Outcome();
        from.send(channel, message(text), true, outcome);
        return outcome.receivers;
    }
}
