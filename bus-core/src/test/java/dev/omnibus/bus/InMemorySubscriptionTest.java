package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

public class InMemorySubscriptionTest extends SubscriptionContract {

    private static final int FRAMES = 100;

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }

    @Test
    void whatCannotBeSubscribedToLeavesNothingBehind() throws Exception {
        List<Integer> first = new CopyOnWriteArrayList<>();
        List<Integer> second = new CopyOnWriteArrayList<>();
        Channels.Subscription other = BusRuntime.of(there)
                .channels()
                .listen(BusRuntime.of(there).channels().names().event("n"), (channel, messages, next) -> {});
        other.ready().get(5, SECONDS);
        assertThrows(
                IllegalStateException.class,
                () -> there.subscribe("n", Integer.class, event -> first.add(event.data())));
        other.close().get(5, SECONDS);
        ready(there.subscribe("n", Integer.class, event -> second.add(event.data())));
        here.publish("n", 1).get(5, SECONDS);
        await().until(() -> second.equals(List.of(1)));
        assertEquals(List.of(), first);
        there.close();
        assertEquals(0, here.publish("n", 2).get(5, SECONDS));
    }

    @Test
    void eventsThatWaitInAFullMailboxDoNotKeepTheirFrames() throws Exception {
        List<WeakReference<byte[]>> frames = new CopyOnWriteArrayList<>();
        network.tamper((channel, frame) -> {
            byte[] copy = frame.clone();
            if (channel.endsWith(":n")) {
                frames.add(new WeakReference<>(copy));
            }
            return List.of(copy);
        });
        Semaphore turns = new Semaphore(0);
        SubscribeOptions narrow = SubscribeOptions.defaults().withConcurrency(2).withMailbox(100, 1 << 20);
        Subscription subscription = there.subscribe("n", Integer.class, narrow, event -> turns.acquire());
        ready(subscription);
        String event = "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"T\",\"data\":1}";
        for (int f = 0; f < FRAMES; f++) {
            int first = f * 20;
            List<String> events = IntStream.range(first, first + 20)
                    .mapToObj(event::formatted)
                    .toList();
            RawFrames.publish(here, "n", events.toString()).get(5, SECONDS);
            await().until(() -> subscription.stats().received() == first + 20);
            turns.release(); // room for one event of the next frame
        }
        await().untilAsserted(() -> {
            System.gc();
            long kept = frames.stream().filter(frame -> frame.get() != null).count();
            assertEquals(FRAMES, frames.size());
            assertEquals(
                    0,
                    kept / 8,
                    () -> kept + " frames are kept by " + subscription.stats().waiting() + " events");
        });
        turns.release(FRAMES * 20);
    }
}
