package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public class InMemoryBusTest extends BusContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }

    @Override
    void takeDown() {
        network.down();
    }

    @Override
    void bringUp() {
        network.up();
    }

    @Test
    void gapsAreReportedExactlyWhenFramesAreLost() throws Exception {
        List<Integer> seen = subscribe();
        network.tamper((channel, frame) -> text(frame).matches(".*\"data\":(3|4|7)\\}") ? List.of() : List.of(frame));
        publish(10);
        await().until(() -> seen.equals(List.of(0, 1, 2, 5, 6, 8, 9)));
        await().until(() -> listener.told.equals(List.of("gap n 4-5", "gap n 8-8")));
    }

    @Test
    void whatArrivesTwiceIsHandledOnceAndReported() throws Exception {
        List<Integer> seen = subscribe();
        network.tamper(
                (channel, frame) -> text(frame).endsWith("\"data\":2}") ? List.of(frame, frame) : List.of(frame));
        publish(4);
        await().until(() -> seen.equals(List.of(0, 1, 2, 3)));
        await().until(() -> listener.told.equals(List.of("duplicate n 3")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void eventsThatWaitDoNotKeepTheirFramesInMemory(boolean keyed) throws Exception {
        SubscribeOptions options = keyed
                ? SubscribeOptions.defaults().withConcurrency(2).withOrderingKey(event -> "same")
                : SubscribeOptions.defaults();
        Subscription subscription = there.subscribe("n", Integer.class, options, event -> gate.await());
        ready(subscription);
        List<WeakReference<byte[]>> frames = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            frames.add(publishFrame(i, keyed ? "" : ",{\"no event\":\"" + "x".repeat(10_000) + "\"}"));
        }
        await().until(() -> subscription.stats().waiting() == 10);
        await().until(() -> {
            System.gc();
            return frames.subList(1, 9).stream().allMatch(frame -> frame.get() == null); // of all but those in use
        });
    }

    private WeakReference<byte[]> publishFrame(int id, String more) throws Exception {
        byte[] frame = ("[" + event(id) + more + "]").getBytes(StandardCharsets.UTF_8);
        RawFrames.publish(here, "n", frame).get(5, SECONDS);
        return new WeakReference<>(frame);
    }

    private static String event(int id) {
        return "{\"specversion\":\"1.0\",\"id\":\"" + id + "\",\"source\":\"/s\",\"type\":\"T\",\"data\":1}";
    }

    @Test
    void framesThatAreNotReadInTimeAreDroppedAndThatIsReportedOnce() throws Exception {
        SubscribeOptions slow = SubscribeOptions.defaults()
                .withConcurrency(2)
                .withOrderingKey( // a key function should not block
                        event -> Uninterruptibles.awaitUninterruptibly(gate, 30, SECONDS));
        ready(there.subscribe("n", Integer.class, slow, event -> {}));
        byte[] large = ("{\"x\":\"" + "x".repeat(1 << 20) + "\"}").getBytes(StandardCharsets.UTF_8);
        RawFrames.publish(here, "n", event(1)).get(5, SECONDS);
        for (int i = 0; i < 70; i++) {
            RawFrames.publish(here, "n", large).get(5, SECONDS);
        }
        String channel = BusRuntime.of(here).channels().names().event("n");
        await().until(() -> listener.told.contains("dropping frames " + channel));
        long dropped = there.stats().framesDropped();
        assertTrue(dropped >= 6 && dropped < 20, "dropped " + dropped);
        assertEquals(0, there.stats().badMessages());
        gate.countDown();
        await().until(() -> listener.told.contains("dropped frames " + channel + " " + dropped));
        await().until(() -> there.stats().badMessages() == 70 - dropped); // those that were read are too large
    }

    private List<Integer> subscribe() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, event -> seen.add(event.data())));
        return seen;
    }

    private void publish(int events) throws Exception {
        for (int i = 0; i < events; i++) {
            here.publish("n", i).get(5, SECONDS);
        }
    }

    private static String text(byte[] frame) {
        return new String(frame, StandardCharsets.UTF_8);
    }
}
