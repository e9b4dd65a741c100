package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.Timer;
import dev.omnibus.transport.TransportException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;

/** What the channel tests share: things that remember what they were told. */
public final class Notes {

    static final Duration NEVER = Duration.ofHours(1);
    static final Duration OPENING = Duration.ofSeconds(10);

    /** Of all tests; what is left of one disturbs no other. */
    public static final Timer TIMER = new Timer("test-timer");

    private Notes() {}

    static Channels.Limits limits(Duration heartbeat) {
        return limits(heartbeat, 64 * 1024 * 1024, Duration.ZERO, Duration.ZERO);
    }

    static Channels.Limits limits(Duration heartbeat, long outboundBytes, Duration outboxWait, Duration hold) {
        return new Channels.Limits(1024, outboundBytes, outboxWait, hold, 64 * 1024 * 1024, heartbeat, OPENING);
    }

    /** Numbers of so many digits, first in what {@link #message} is given; marks read like {@code mark 01}. */
    static SequenceNumbers.Format numbering(int digits) {
        return new SequenceNumbers.Format(6, digits, message("mark " + "0".repeat(digits)), 11);
    }

    static byte[] message(String text) {
        return ("{\"m\":\"" + text + "\"}").getBytes(StandardCharsets.UTF_8);
    }

    /** Remembers the outcome of one message. */
    static final class Outcome implements SendCallback {

        final CompletableFuture<Long> receivers = new CompletableFuture<>();

        @Override
        public void sent(long count, boolean exact) {
            receivers.complete(count);
        }

        @Override
        public void failed(TransportException failure) {
            receivers.completeExceptionally(failure);
        }

        TransportException failure() {
            return (TransportException)
                    receivers.handle((count, failure) -> failure).join();
        }
    }

    /** Remembers messages. */
    static final class Received implements Receiver {

        final List<String> messages = new CopyOnWriteArrayList<>();
        volatile int interruptions;

        @Override
        public void receive(String channel, List<Message> arrived, Executor next) {
            messages.addAll(arrived.stream().map(Message::toString).toList());
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // one call at a time
        public void interrupted() {
            interruptions++;
        }
    }

    /** Remembers what went wrong. */
    static final class Listener implements Channels.Listener {

        final List<String> told = new CopyOnWriteArrayList<>();

        @Override
        public void onBadFrame(String channel, String problem) {
            told.add("bad " + channel + ": " + problem);
        }

        @Override
        public void onFramesDropping(String channel) {
            told.add("dropping " + channel);
        }

        @Override
        public void onFramesDropped(String channel, long frames) {
            told.add("dropped " + channel + ": " + frames);
        }

        @Override
        public void onDisconnected() {
            told.add("down");
        }

        @Override
        public void onConnected() {
            told.add("up");
        }
    }
}
