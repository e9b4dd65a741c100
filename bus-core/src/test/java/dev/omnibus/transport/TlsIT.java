package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisTls;
import dev.omnibus.transport.Outcomes.Recording;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.redisson.config.Config;

/** A Redis that speaks TLS. */
class TlsIT {

    private static RedisTls redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisTls.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Test
    void framesTravelEncryptedAndComeBackAfterTheConnectionsWereKilled() throws Exception {
        Config config = new Config();
        config.setSslTruststore(redis.trustStore().toUri().toURL());
        config.setSslTruststorePassword(redis.trustStorePassword());
        config.useSingleServer().setAddress(redis.url());
        Recording recording = new Recording();
        // A busy machine that has never made a TLS connection needs more time than is promised.
        try (Transport transport = await().atMost(40, SECONDS)
                .ignoreException(TransportException.class)
                .until(() -> RedissonTransport.connect(config), Objects::nonNull)) {
            transport.subscribe("c", recording).get(20, SECONDS);
            assertEquals(
                    1,
                    Outcomes.publish(transport, "c", "first", true)
                            .get(20, SECONDS)
                            .receivers());
            redis.server().command("CLIENT", "KILL", "TYPE", "pubsub");
            await().atMost(20, SECONDS).until(() -> recording.interruptions == 1);
            assertEquals(
                    1,
                    Outcomes.publish(transport, "c", "second", true)
                            .get(20, SECONDS)
                            .receivers());
            await().atMost(20, SECONDS).until(() -> recording.frames.size() == 2);
        }
    }

    @Test
    void aCertificateThatNobodyVouchesForIsRefused() {
        TransportException e = assertThrows(TransportException.class, () -> RedissonTransport.connect(redis.url()));
        assertTrue(e.notSent(), e::toString);
    }
}
