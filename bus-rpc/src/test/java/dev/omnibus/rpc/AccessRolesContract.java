package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.Bus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The rights of the page "Security", read from there: each role can do what it is for, wherever Redis is. */
abstract class AccessRolesContract {

    interface Stock {
        int left(String sku);
    }

    private final List<Bus> open = new ArrayList<>();

    abstract Bus connect(String role);

    @AfterEach
    void close() {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    final Bus bus(String role) {
        Bus bus = connect(role);
        open.add(bus);
        return bus;
    }

    final Bus serving() {
        Bus server = bus("server");
        RpcServer.on(server).serve(Stock.class, sku -> 12).ready().join();
        return server;
    }

    @Test
    void eventsGoFromWhoMayPublishToWhoMaySubscribe() {
        Bus publisher = bus("publisher");
        Bus subscriber = bus("subscriber");
        List<String> heard = new CopyOnWriteArrayList<>();
        subscriber
                .subscribe("orders.*", String.class, event -> heard.add(event.data()))
                .ready()
                .join();
        subscriber
                .subscribe("news", String.class, event -> heard.add(event.data()))
                .ready()
                .join();

        publisher.publish("orders.placed", "o-17").join();
        await().until(() -> heard.equals(List.of("o-17")));

        assertThrows(
                CompletionException.class, () -> publisher.publish("news", "x").join());
        assertThrows(
                CompletionException.class,
                () -> subscriber.publish("orders.placed", "x").join());
        assertThrows(
                CompletionException.class,
                () -> publisher
                        .subscribe("orders.placed", String.class, event -> {})
                        .ready()
                        .join());
        assertThrows(
                CompletionException.class,
                () -> subscriber
                        .subscribe("orders.**", String.class, event -> heard.add("twice"))
                        .ready()
                        .thenCompose(done -> subscriber
                                .subscribe("other.*", String.class, event -> {})
                                .ready())
                        .join());
    }

    @Test
    void callsAndBroadcastsGoFromWhoMayCallToWhoMayServe() {
        Bus one = serving();
        Bus client = bus("client");
        Stock stock = RpcClient.on(client).proxy(Stock.class);
        assertEquals(12, stock.left("sku-1"));
        Bus two = serving();
        await().atMost(20, SECONDS)
                .until(() -> Insides.serving(Directory.on(client).nodes()).size() == 2);
        for (Bus server : List.of(one, two)) {
            assertEquals(
                    12,
                    RpcClient.on(client)
                            .call(
                                    "stock.left",
                                    Integer.class,
                                    CallOptions.defaults().onNode(server.node()),
                                    "sku-1")
                            .join());
        }
        assertEquals(
                2,
                RpcClient.on(client)
                        .broadcast(Stock.class, s -> s.left("sku-1"))
                        .ask()
                        .orThrow()
                        .size());

        one.close();
        await().atMost(20, SECONDS)
                .until(() -> Insides.serving(Directory.on(client).nodes()).size() == 1
                        && Insides.serving(Directory.on(two).nodes()).size() == 1);
        assertEquals(12, stock.left("sku-1"));
        two.close();
        await().atMost(20, SECONDS) // before, a call may still be sent to it, and is told that it was lost
                .until(() -> Insides.serving(Directory.on(client).nodes()).isEmpty());
        RpcException none = assertThrows(RpcException.class, () -> stock.left("sku-1"));
        assertEquals(RpcException.Reason.NO_SERVER, none.reason());
    }
}
