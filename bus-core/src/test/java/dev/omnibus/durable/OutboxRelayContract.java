package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a relay does on every transport. */
abstract class OutboxRelayContract extends DurableFixture {

    /** A table in memory. */
    static final class Table implements OutboxSource<Order> {

        private final List<OutboxRow<Order>> rows = new ArrayList<>(); // guarded by this

        synchronized void insert(int from, int to) {
            for (int i = from; i < to; i++) {
                rows.add(new OutboxRow<>("row-" + i, new Order("o-" + i, i), Map.of("tenant", "blue")));
            }
        }

        synchronized int left() {
            return rows.size();
        }

        @Override
        public synchronized List<OutboxRow<Order>> next(int max) {
            return List.copyOf(rows.subList(0, Math.min(max, rows.size())));
        }

        @Override
        public synchronized void done(Collection<String> ids) {
            rows.removeIf(row -> ids.contains(row.id()));
        }
    }

    final Table table = new Table();
    private final List<Integer> handled = new CopyOnWriteArrayList<>();

    private void handle() throws Exception {
        ready(orders.subscribe("g", event -> {
            assertEquals("row-" + event.data().count(), event.id());
            assertEquals(Map.of("tenant", "blue"), event.headers());
            handled.add(event.data().count());
        }));
    }

    private static List<Integer> numbers(int to) {
        return IntStream.range(0, to).boxed().toList();
    }

    @Test
    void rowsArePublishedOnceInTheirOrderAndDoneWhenTheyAreConfirmed() throws Exception {
        handle();
        table.insert(0, 600);
        OutboxRelay relay = OutboxRelay.start(orders, table);
        await().until(() -> table.left() == 0);
        table.insert(600, 700);
        relay.wake();
        await().until(() -> table.left() == 0);
        relay.close();
        relay.closed().get(10, SECONDS);
        PublishOptions asRow = PublishOptions.defaults().withId("row-700").withHeaders(Map.of("tenant", "blue"));
        orders.publish(new Order("o-700", 700), asRow).get(10, SECONDS); // behind all that the relay has published
        await().until(() -> handled.contains(700));
        assertEquals(numbers(701), handled);
        assertFalse(relay.isActive());
        assertEquals(List.of(), reported);
    }

    @Test
    void oneProcessRelaysAtATimeAndAnotherGoesOnWhenItIsClosed() throws Exception {
        handle();
        OutboxRelay first = OutboxRelay.start(orders, table);
        await().until(first::isActive);
        assertThrows(IllegalStateException.class, () -> OutboxRelay.start(orders, table));
        OutboxRelay second = OutboxRelay.start(ordersThere, table);
        table.insert(0, 100);
        await().until(() -> table.left() == 0);
        assertFalse(second.isActive());
        first.close();
        first.closed().get(10, SECONDS);
        table.insert(100, 200);
        await().until(() -> handled.size() >= 200);
        assertEquals(numbers(200), handled);
        there.close();
        second.closed().get(10, SECONDS);
    }
}
