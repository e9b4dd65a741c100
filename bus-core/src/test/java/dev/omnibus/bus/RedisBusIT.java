package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

public class RedisBusIT extends BusContract {

    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    public Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Override
    void takeDown() {
        redis.kill();
    }

    @Override
    void bringUp() {
        redis.restart();
    }

    @Test
    void connectingToADeadPortFailsWithinSeconds() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        ConnectionException failure = assertTimeoutPreemptively(
                Duration.ofSeconds(8),
                () -> assertThrows(ConnectionException.class, () -> Bus.connect("redis://127.0.0.1:" + port)));
        assertTrue(String.valueOf(failure.getMessage()).startsWith("Cannot connect to Redis; is it running"));
    }
}
