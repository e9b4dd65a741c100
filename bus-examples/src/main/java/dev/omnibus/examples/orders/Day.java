package dev.omnibus.examples.orders;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A day in the shop: the same orders each time. Immutable. */
record Day(List<Order> orders) {

    /** What an amount in each currency is worth, in thousandths of a euro. */
    static final Map<String, Integer> RATES = Map.of("EUR", 1_000, "GBP", 1_170, "USD", 920);

    /** The code that ISO 4217 keeps for tests: no node has a rate for it at first. */
    static final String UNKNOWN = "XTS";

    static final int UNKNOWN_RATE = 500;

    private static final int ORDERS = 1_200;
    private static final int POISON = 250;
    private static final int LARGE = 600;
    private static final int MAX_CENTS = 20_000;

    static Day make() {
        Random random = new Random(17);
        List<String> currencies = RATES.keySet().stream().sorted().toList();
        List<Order> orders = new ArrayList<>();
        for (int i = 1; i <= ORDERS; i++) {
            String currency = i == POISON ? UNKNOWN : currencies.get(random.nextInt(currencies.size()));
            long cents = i == LARGE ? BillingNode.LARGE_CENTS : 100 + random.nextInt(MAX_CENTS);
            orders.add(new Order(String.format("o-%04d", i), cents, currency));
        }
        return new Day(List.copyOf(orders));
    }

    Order poison() {
        return orders.get(POISON - 1);
    }

    Order large() {
        return orders.get(LARGE - 1);
    }

    /** What all of them are worth, in cents of a euro. */
    long worth() {
        return orders.stream()
                .mapToLong(order -> worth(order, RATES.getOrDefault(order.currency(), UNKNOWN_RATE)))
                .sum();
    }

    static long worth(Order order, int rate) {
        return order.cents() * rate / 1_000;
    }
}
