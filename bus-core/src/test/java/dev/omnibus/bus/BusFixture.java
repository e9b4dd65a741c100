package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two buses on one network, with which the contracts begin. */
public abstract class BusFixture {

    public final Remembering listener = new Remembering();
    final String prefix = "test-" + UUID.randomUUID();
    final CountDownLatch gate = new CountDownLatch(1);
    public Bus here;
    public Bus there;

    /** One more connection to the same network. */
    public abstract Transport connect();

    public BusBuilder builder() {
        return Bus.builder(connect()).prefix(prefix).listener(listener).heartbeat(Duration.ofMillis(500));
    }

    @BeforeEach
    void open() {
        here = builder().name("here").build();
        there = builder().name("there").build();
    }

    @AfterEach
    void close() {
        gate.countDown();
        here.close();
        there.close();
    }

    public static void ready(Subscription subscription) throws Exception {
        subscription.ready().get(10, SECONDS);
    }

    static PublishException failure(CompletableFuture<Long> publishing) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> publishing.get(10, SECONDS));
        return assertInstanceOf(PublishException.class, e.getCause());
    }
}
