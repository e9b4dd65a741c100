package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Followers, in a time of their own. */
class DurableFollowTest extends DurableTimeFixture {

    DurableFollowTest() throws Exception {}

    @Test
    void aReadIsBoundedInBytes() throws Exception {
        DurableTopic<String> large =
                DurableTopics.on(here.bus).topic(Topic.of("large", String.class), Retention.untilAcknowledged());
        for (int i = 100; i < 200; i++) {
            large.publish(i + "x".repeat(200_000)).get(10, SECONDS);
        }
        List<Integer> log = new CopyOnWriteArrayList<>();
        Subscription following = large.follow(Position.EARLIEST, (event, position) -> {
            started.countDown();
            gate.await();
            log.add(Integer.parseInt(event.data().substring(0, 3)));
        });
        ready(following);
        assertTrue(started.await(10, SECONDS));
        for (int i = 0; i < 5; i++) {
            here.second();
        }
        assertTrue(following.stats().waitingBytes() < 12 << 20, following.stats()::toString);
        gate.countDown();
        await().until(() -> log.equals(IntStream.range(100, 200).boxed().toList()));
    }
}
