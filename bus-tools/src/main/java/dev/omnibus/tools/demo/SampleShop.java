package dev.omnibus.tools.demo;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A sample program: twelve nodes of seven applications, in one process, that publish, call, ask all, fail now and then,
 * fall behind and are restarted. Thread-safe.
 */
public final class SampleShop implements AutoCloseable {

    /** What is in stock. Every node has all of it, or believes so. */
    @ServiceName("stock")
    public interface Stock {

        /**
         * How many pieces are left.
         *
         * @param sku the article
         * @return the pieces
         */
        int left(String sku);

        /**
         * Keeps pieces for an order.
         *
         * @param sku the article
         * @param pieces how many
         * @return what is left
         */
        int reserve(String sku, int pieces);
    }

    /** What things cost. */
    @ServiceName("prices")
    public interface Prices {

        /**
         * A price for a number of pieces.
         *
         * @param sku the article
         * @param pieces how many
         * @return the price
         */
        Quote quote(String sku, int pieces);
    }

    /** What takes long. */
    @ServiceName("reports")
    public interface Reports {

        /**
         * The orders of a day.
         *
         * @param day as 2026-11-30
         * @return the report
         */
        String daily(String day);
    }

    /**
     * A price.
     *
     * @param sku the article
     * @param amount what it costs
     * @param currency of the amount
     */
    public record Quote(String sku, BigDecimal amount, String currency) {}

    /**
     * An order.
     *
     * @param id its number
     * @param sku the article
     * @param pieces how many
     * @param customer who ordered
     */
    public record Order(String id, String sku, int pieces, String customer) {}

    /**
     * A new stock of an article.
     *
     * @param sku the article
     * @param pieces what is left
     */
    public record StockChanged(String sku, int pieces) {}

    private static final Topic<Order> ORDERS = Topic.of("orders.placed", Order.class);
    private static final Topic<Quote> PRICES = Topic.of("prices.changed", Quote.class);
    private static final Topic<StockChanged> STOCK = Topic.of("stock.changed", StockChanged.class);
    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(Duration.ofSeconds(20));
    private static final int FAULT_OUT_OF_STOCK = 1409;

    private final String url;
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(3, task -> {
        Thread thread = new Thread(task, "sample-shop");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Bus> nodes = new ArrayList<>(); // guarded by this
    private final AtomicLong orders = new AtomicLong(4_000);
    private boolean closed; // guarded by this

    private SampleShop(String url) {
        this.url = url;
    }

    /**
     * Opens the shop.
     *
     * @param url of Redis
     * @return the shop, whose nodes are connected
     */
    public static SampleShop open(String url) {
        SampleShop shop = new SampleShop(url);
        try {
            shop.begin();
        } catch (RuntimeException | Error e) {
            shop.close();
            throw e;
        }
        return shop;
    }

    private void begin() {
        for (int i = 0; i < 3; i++) {
            stock(node("stock"));
        }
        pricing(node("pricing"));
        pricing(node("pricing"));
        billing(node("billing"));
        billing(node("billing"));
        shipping(node("shipping"));
        reports();
        shop(node("shop"));
        shop(node("shop"));
        dashboard(node("dashboard"));
    }

    private Bus node(String name) {
        Bus bus = Bus.builder(url)
                .name(name)
                .keepAlive(false)
                .drainTimeout(Duration.ofSeconds(10))
                .build();
        synchronized (this) {
            if (closed) {
                bus.close();
                throw new IllegalStateException("The shop is closed");
            }
            nodes.add(bus);
        }
        return bus;
    }

    private static Random random() {
        return ThreadLocalRandom.current();
    }

    private static String sku() {
        return "sku-" + (1 + (int) Math.abs(random().nextGaussian() * 6));
    }

    /** Does something again and again, at about this pace. */
    private void often(long meanMillis, Runnable action) {
        long delay = (long) (meanMillis * (0.5 + random().nextDouble()));
        timer.schedule(
                () -> {
                    try {
                        action.run();
                    } catch (RuntimeException e) {
                        return; // the bus is closed: the shop closes, or the node is restarted
                    }
                    often(meanMillis, action);
                },
                delay,
                TimeUnit.MILLISECONDS);
    }

    private static void work(double millis) {
        try {
            TimeUnit.MICROSECONDS.sleep((long) (millis * 1000));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stock(Bus bus) {
        RpcServer.on(bus).serve(Stock.class, new Stock() {
            @Override
            public int left(String sku) {
                return Math.abs((sku + bus.node()).hashCode() % 60);
            }

            @Override
            public int reserve(String sku, int pieces) {
                work(1 + random().nextInt(6));
                if (random().nextInt(16) == 0) {
                    throw new RpcFault(FAULT_OUT_OF_STOCK, "only 2 pieces of " + sku + " are left");
                }
                bus.publish(STOCK, new StockChanged(sku, random().nextInt(60)));
                return random().nextInt(60);
            }
        });
        bus.subscribe(ORDERS, order -> {});
    }

    private void pricing(Bus bus) {
        RpcServer.on(bus).serve(Prices.class, (sku, pieces) -> {
            work(random().nextInt(20) == 0 ? 40 : 2 + random().nextInt(9));
            return new Quote(sku, BigDecimal.valueOf(100 + random().nextInt(9_900), 2), "EUR");
        });
        often(
                160,
                () -> bus.publish(
                        PRICES, new Quote(sku(), BigDecimal.valueOf(100 + random().nextInt(9_900), 2), "EUR")));
    }

    private static DurableTopic<Order> orders(Bus bus) {
        return DurableTopics.on(bus).topic(ORDERS, Retention.forDays(1).withMaxEntries(200_000));
    }

    private static void billing(Bus bus) {
        orders(bus).subscribe("billing", event -> work(3));
    }

    /** Is slower than the orders come, and gives up on some. */
    private static void shipping(Bus bus) {
        orders(bus).subscribe("shipping", GroupOptions.defaults().withConcurrency(1), (event, delivery) -> {
            work(190);
            if (random().nextInt(60) == 0) {
                delivery.reject("no carrier goes there");
            }
        });
    }

    /** Is restarted every half minute, while it has something to do. */
    private void reports() {
        Bus bus = node("reports");
        RpcServer.on(bus).serve(Reports.class, day -> {
            work(2_000 + random().nextInt(3_000));
            return "orders of " + day + ": " + orders.get();
        });
        timer.schedule(
                () -> {
                    CompletableFuture.runAsync(bus::close)
                            .whenComplete((done, failure) -> timer.execute(() -> {
                                synchronized (this) {
                                    nodes.remove(bus);
                                }
                                reports();
                            }));
                },
                30,
                TimeUnit.SECONDS);
    }

    private void shop(Bus bus) {
        RpcClient client = RpcClient.on(bus);
        Stock stock = client.proxy(Stock.class);
        DurableTopic<Order> orders = orders(bus);
        bus.subscribe(PRICES, quote -> {});
        bus.subscribe("stock.*", StockChanged.class, changed -> {});
        often(55, () -> client.call("stock.left", Integer.class, sku()));
        often(80, () -> client.call("prices.quote", Quote.class, sku(), 1 + random().nextInt(5)));
        often(240, () -> {
            String sku = sku();
            int pieces = 1 + random().nextInt(4);
            try {
                stock.reserve(sku, pieces);
            } catch (RpcFault e) {
                return; // out of stock
            }
            orders.publish(new Order("o-" + nextOrder(), sku, pieces, "c-" + random().nextInt(900)));
        });
    }

    private long nextOrder() {
        return orders.incrementAndGet();
    }

    private void dashboard(Bus bus) {
        RpcClient client = RpcClient.on(bus);
        often(900, () -> client.broadcast("stock.left", Integer.class, sku()).askAsync());
        often(2_500, () -> client.call("reports.daily", String.class, PATIENT, "2026-11-30"));
        bus.subscribe("orders.*", Order.class, order -> {});
    }

    /**
     * How many nodes it has now.
     *
     * @return their number
     */
    public synchronized int nodes() {
        return nodes.size();
    }

    /** Closes the shop and its nodes. Idempotent. */
    @Override
    public void close() {
        List<Bus> open;
        synchronized (this) {
            closed = true;
            open = List.copyOf(nodes);
            nodes.clear();
        }
        timer.shutdownNow();
        CompletableFuture.allOf(open.stream()
                        .map(bus -> CompletableFuture.runAsync(bus::close))
                        .toArray(CompletableFuture[]::new))
                .join();
    }
}
