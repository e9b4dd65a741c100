package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.Bus;
import dev.omnibus.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;

/** Nodes that serve a contract, and callers, on a transport that the test chooses. */
abstract class CallFixture {

    interface Stock {
        int left(String sku);

        CompletableFuture<Integer> leftLater(String sku);

        String node();

        void note(String text);

        Map<String, List<Integer>> table(List<Integer> numbers, @SuppressWarnings("unused") boolean deep);

        int fail(String how);

        String slow(int millis);

        CompletableFuture<String> never();

        default int twice(String sku) {
            return 2 * left(sku);
        }
    }

    final String prefix = "test-" + UUID.randomUUID();
    private final List<Bus> buses = new ArrayList<>();
    final CountDownLatch started = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    final CompletableFuture<String> never = new CompletableFuture<>();
    final List<String> notes = new ArrayList<>();

    abstract Transport connect();

    class Shelf implements Stock {

        private final String name;
        private final int count;

        Shelf(String name, int count) {
            this.name = name;
            this.count = count;
        }

        @Override
        public int left(String sku) {
            return sku.equals("none") ? 0 : count;
        }

        @Override
        public CompletableFuture<Integer> leftLater(String sku) {
            return CompletableFuture.supplyAsync(() -> left(sku));
        }

        @Override
        public String node() {
            return name;
        }

        @Override
        public void note(String text) {
            synchronized (notes) {
                notes.add(text);
            }
        }

        @Override
        public Map<String, List<Integer>> table(List<Integer> numbers, boolean deep) {
            return Map.of("numbers", numbers);
        }

        @Override
        public int fail(String how) {
            switch (how) {
                case "fault" -> throw new RpcFault(42, "no such sku");
                case "error" -> throw new StackOverflowError("secret");
                default -> throw new IllegalStateException("secret " + how);
            }
        }

        @Override
        public CompletableFuture<String> never() {
            started.countDown();
            return never;
        }

        @Override
        public String slow(int millis) {
            started.countDown();
            try {
                return release.await(millis, TimeUnit.MILLISECONDS) ? "released" : name;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return "interrupted";
            }
        }
    }

    Bus bus(String name) {
        return bus(name, connect());
    }

    Bus bus(String name, Transport link) {
        Bus bus = Bus.builder(link).name(name).prefix(prefix).announce(false).build();
        buses.add(bus);
        return bus;
    }

    void closeLater(Bus bus) {
        buses.add(bus);
    }

    Bus serving(String name, int count) {
        Bus bus = bus(name);
        RpcServer.on(bus).serve(Stock.class, new Shelf(name, count)).ready().join();
        return bus;
    }

    @AfterEach
    void closeAll() {
        release.countDown();
        never.complete("at last");
        for (int i = buses.size() - 1; i >= 0; i--) {
            buses.get(i).close();
        }
    }

    static RpcException failure(CompletableFuture<?> call) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> call.get(20, SECONDS));
        return assertInstanceOf(RpcException.class, e.getCause());
    }
}
