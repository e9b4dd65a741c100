package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class InMemoryBusTest extends BusContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
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
