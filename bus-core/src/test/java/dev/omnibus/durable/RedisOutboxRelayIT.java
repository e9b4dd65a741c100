package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

@WithRedis
class RedisOutboxRelayIT extends OutboxRelayContract {

    private final RedisServer redis;

    RedisOutboxRelayIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Test
    void whoMayNotRunScriptsIsToldThatNothingIsRelayed() throws Exception {
        redis.command("ACL", "SETUSER", "plain", "on", ">secret", "allchannels", "allkeys", "+@all", "-@scripting");
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        BusListener listener = new BusListener() {
            @Override
            public void onOutboxFailed(String topic, Throwable failure) {
                failed.complete(failure);
            }
        };
        String url = redis.url().replaceFirst("//.*@", "//plain:secret@");
        try (Bus bus = Bus.builder(RedissonTransport.connect(url))
                .prefix(prefix)
                .listener(listener)
                .build()) {
            table.insert(0, 1);
            OutboxRelay relay = OutboxRelay.start(DurableTopics.on(bus).topic(ORDERS, KEPT), table);
            assertInstanceOf(DurableTopicException.class, failed.get(10, SECONDS));
            assertFalse(relay.isActive());
        }
        assertEquals(1, table.left());
    }
}
