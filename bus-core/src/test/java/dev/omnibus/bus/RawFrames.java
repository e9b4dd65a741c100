package dev.omnibus.bus;

import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Publishes what no bus would, as another program could. */
public final class RawFrames {

    private RawFrames() {}

    public static CompletableFuture<Long> publish(Bus bus, String topic, String frame) {
        return publish(bus, topic, frame.getBytes(StandardCharsets.UTF_8));
    }

    static CompletableFuture<Long> publish(Bus bus, String topic, byte[] frame) {
        CompletableFuture<Long> done = new CompletableFuture<>();
        Publication.Outcome outcome = new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {
                done.complete(receivers);
            }

            @Override
            public void failed(TransportException failure) {
                done.completeExceptionally(failure);
            }
        };
        String channel = BusRuntime.of(bus).channels().names().event(topic);
        BusRuntime.of(bus).channels().transport().publish(List.of(new Publication(channel, frame, false, outcome)));
        return done;
    }
}
