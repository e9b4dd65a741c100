// tag::first-topic
package shop;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DeadLetters;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import dev.omnibus.testing.RedisServer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

public final class FirstTopic {

    public record OrderPlaced(String id, int pieces) {}

    static final Topic<OrderPlaced> PLACED = Topic.of("orders.placed", OrderPlaced.class);

    static DurableTopic<OrderPlaced> orders(Bus bus) {
        return DurableTopics.on(bus).topic(PLACED, Retention.forDays(1));
    }

    public static void main(String[] args) throws InterruptedException {
        try (RedisServer redis = RedisServer.obtain()) {
            shop(redis.url());
            billing(redis.url());
            auditor(redis.url());
        }
    }

    static void shop(String redis) {
        try (Bus bus = Bus.connect(redis)) {
            DurableTopic<OrderPlaced> orders = orders(bus);
            orders.publish(new OrderPlaced("o-1", 3)).join();
            orders.publish(new OrderPlaced("o-2", 0)).join();
            orders.publish(new OrderPlaced("o-3", 1)).join();
        }
        System.out.println("3 orders placed, and the shop is closed");
    }

    static void billing(String redis) throws InterruptedException {
        AtomicInteger least = new AtomicInteger(1);
        BlockingQueue<String> billed = new LinkedBlockingQueue<>();
        BlockingQueue<String> dead = new LinkedBlockingQueue<>();
        BusListener listener = new BusListener() {
            @Override
            public void onDeadLetter(String topic, String group, String position, String reason) {
                dead.add(reason);
            }
        };
        try (Bus bus = Bus.builder(redis).listener(listener).build()) {
            DurableTopic<OrderPlaced> orders = orders(bus);
            orders.subscribe("billing", GroupOptions.defaults(), (event, delivery) -> {
                if (event.data().pieces() < least.get()) {
                    delivery.reject("an order of nothing");
                } else {
                    billed.add(event.data().id());
                }
            });
            System.out.println("billed " + billed.take());
            System.out.println("billed " + billed.take());
            System.out.println("dead letter: " + dead.take());

            least.set(0); // the fix
            DeadLetters<OrderPlaced> letters = orders.deadLetters("billing");
            for (DeadLetter<OrderPlaced> letter : letters.list(10).join()) {
                letters.redeliver(letter.id()).join();
            }
            System.out.println("billed " + billed.take());
        }
    }

    static void auditor(String redis) throws InterruptedException {
        BlockingQueue<OrderPlaced> seen = new LinkedBlockingQueue<>();
        try (Bus bus = Bus.connect(redis)) {
            orders(bus).follow(Position.EARLIEST, (event, position) -> seen.add(event.data()));
            for (int i = 0; i < 3; i++) {
                System.out.println("replayed " + seen.take());
            }
        }
    }
}
// end::first-topic
