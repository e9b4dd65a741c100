package dev.omnibus.transport;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** Small things that the transport tests share. */
final class Outcomes {

    record Published(long receivers, long patternSubscribers) {

        boolean toldApart() {
            return patternSubscribers != Publication.Outcome.NOT_SEPARATED;
        }
    }

    /** Remembers what arrived and how often the subscription was interrupted. */
    static final class Recording implements FrameListener {

        final List<String> frames = new CopyOnWriteArrayList<>();
        final List<String> channels = new CopyOnWriteArrayList<>();
        volatile int interruptions;

        @Override
        public void onFrame(String channel, byte[] frame) {
            channels.add(channel);
            frames.add(new String(frame, StandardCharsets.UTF_8));
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // one transport thread
        public void onInterrupted() {
            interruptions++;
        }
    }

    private Outcomes() {}

    static CompletableFuture<Published> publish(Transport transport, String channel, String text, boolean counted) {
        CompletableFuture<Published> done = new CompletableFuture<>();
        transport.publish(List.of(publication(channel, text, counted, done)));
        return done;
    }

    static Publication publication(String channel, String text, boolean counted, CompletableFuture<Published> done) {
        return new Publication(channel, text.getBytes(StandardCharsets.UTF_8), counted, new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {
                done.complete(new Published(receivers, patternSubscribers));
            }

            @Override
            public void failed(TransportException failure) {
                done.completeExceptionally(failure);
            }
        });
    }
}
