package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.HowToQueued.Reports;
import dev.omnibus.rpc.Queued;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class HowToQueuedTest {

    private record Office(List<String> refreshed) implements Reports {

        @Override
        public String monthly(String customer, int month) {
            return customer + " in month " + month;
        }

        @Override
        public void refresh(String customer) {
            refreshed.add(customer);
        }
    }

    @Test
    void theListingsDoWhatThePageSays() {
        InMemoryNetwork network = new InMemoryNetwork();
        List<String> refreshed = new CopyOnWriteArrayList<>();
        try (Bus server = Bus.builder(network.open()).build();
                Bus again = Bus.builder(network.open()).build()) {
            String id;
            try (Bus caller = Bus.builder(network.open()).build()) {
                id = HowToQueued.order(caller);
            }
            HowToQueued.serve(server, new Office(refreshed)).ready().join();
            assertEquals("acme in month 11", HowToQueued.result(again, id).join());

            Queued<Void> first = HowToQueued.refreshOnce(again, "acme");
            Queued<Void> second = HowToQueued.refreshOnce(again, "acme");
            first.result().join();
            second.result().join();
            assertEquals(List.of("acme"), refreshed);

            Queued<String> unknown = RpcClient.on(again).queued("reports.monthly:unknown", String.class);
            assertTrue(HowToQueued.outcome(unknown).startsWith("perhaps done"));
            assertEquals(
                    "acme in month 11", HowToQueued.outcome(RpcClient.on(again).queued(id, String.class)));
        }
    }
}
