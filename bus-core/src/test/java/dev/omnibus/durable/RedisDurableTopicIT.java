package dev.omnibus.durable;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.SubscribeException;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@WithRedis
class RedisDurableTopicIT extends DurableTopicContract {

    private final RedisServer redis;

    RedisDurableTopicIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Test
    void whoMayNotRunScriptsIsRefusedAsAConsumer() {
        redis.command("ACL", "SETUSER", "plain", "on", ">secret", "allchannels", "allkeys", "+@all", "-@scripting");
        String url = redis.url().replaceFirst("//.*@", "//plain:secret@");
        try (Bus bus = Bus.builder(RedissonTransport.connect(url)).build()) {
            DurableTopic<Integer> topic =
                    DurableTopics.on(bus).topic(Topic.of("plain", Integer.class), Retention.untilAcknowledged());
            Subscription subscription = topic.subscribe("g", event -> {});
            CompletionException failure = assertThrows(
                    CompletionException.class,
                    () -> subscription.ready().orTimeout(10, TimeUnit.SECONDS).join());
            assertInstanceOf(SubscribeException.class, failure.getCause());
        }
    }
}
