package dev.omnibus.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * A model checker tries thousands of orders in which the steps of senders, of a transport that completes and of
 * heartbeats can follow one another. In all of them each message is sent once and has one outcome, and the numbers of a
 * channel are sent in ascending order. A long form.
 */
public class OutboxInterleavingsIT {

    private static final Duration HEARTBEAT = Duration.ofSeconds(10); // after which a lane may retire as well
    private static final int DIGITS = 2;
    private static final String NUMBER = "\"m\":\""; // stands before one

    private final ConcurrentLinkedQueue<Publication> inFlight = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> frames = new ConcurrentLinkedQueue<>();
    private final AtomicLong clock = new AtomicLong();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger outcomes = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final SequenceNumbers.Format numbering = Notes.numbering(DIGITS);
    private final Outbox outbox = outbox();

    private Outbox outbox() {
        AdmissionControl admission = new AdmissionControl(
                Notes.limits(Notes.NEVER, 1 << 20, Duration.ZERO, Duration.ZERO),
                Runnable::run,
                new ChannelStats.Counters());
        HandTransport transport = new HandTransport();
        transport.onPublish = inFlight::add;
        return new Outbox(transport, admission, HEARTBEAT, () -> false, failure -> {}, clock::get);
    }

    private final SendCallback outcome = new SendCallback() {
        @Override
        public void sent(long receivers, boolean exact) {
            outcomes.incrementAndGet();
        }

        @Override
        public void failed(TransportException failure) {
            outcomes.incrementAndGet();
            failures.incrementAndGet();
        }
    };

    @Operation
    public void send() {
        accepted.incrementAndGet();
        outbox.send("c", OutboundMessage.numbered(Notes.message("00"), numbering, outcome));
    }

    @Operation
    public void heartbeat() {
        outbox.tick(clock.addAndGet(HEARTBEAT.toNanos()));
    }

    @Operation
    public void succeed() {
        Publication publication = inFlight.poll();
        if (publication != null) {
            frames.add(new String(publication.frame(), StandardCharsets.UTF_8));
            publication.outcome().published(1, Publication.Outcome.NOT_SEPARATED);
        }
    }

    @Operation
    public void fail() {
        Publication publication = inFlight.poll();
        if (publication != null) {
            publication.outcome().failed(new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null));
        }
    }

    @Validate
    public void eachMessageIsSentOnceAndInOrder() {
        while (!inFlight.isEmpty()) {
            succeed();
        }
        assertEquals(accepted.get(), outcomes.get());
        int last = 0;
        for (String frame : frames) {
            for (int at = frame.indexOf(NUMBER); at >= 0; at = frame.indexOf(NUMBER, at + 1)) {
                int from = at + NUMBER.length();
                if (Character.isDigit(frame.charAt(from))) { // else it is a marker
                    assertEquals(++last, Integer.parseInt(frame.substring(from, from + DIGITS)));
                }
            }
        }
        assertEquals(accepted.get() - failures.get(), last);
    }

    @Test
    void whateverTheOrderOfTheirSteps() {
        new ModelCheckingOptions()
                .iterations(6)
                .invocationsPerIteration(500)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(1)
                .check(OutboxInterleavingsIT.class);
    }
}
