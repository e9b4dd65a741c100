package dev.omnibus.transport.redisson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;
import org.redisson.config.Config;

/** What of a user's configuration arrives at the client of the bus. */
class RedissonSettingsTest {

    @Test
    void whatIsSaidOfTcpIsCopied() {
        Config user = new Config()
                .setTcpKeepAlive(false)
                .setTcpKeepAliveCount(2)
                .setTcpKeepAliveIdle(3)
                .setTcpKeepAliveInterval(4)
                .setTcpUserTimeout(5)
                .setTcpNoDelay(false);
        user.useSingleServer().setAddress("redis://localhost:6379");

        Config copy = RedissonSettings.copy(user);

        assertFalse(copy.isTcpKeepAlive());
        assertEquals(2, copy.getTcpKeepAliveCount());
        assertEquals(3, copy.getTcpKeepAliveIdle());
        assertEquals(4, copy.getTcpKeepAliveInterval());
        assertEquals(5, copy.getTcpUserTimeout());
        assertFalse(copy.isTcpNoDelay());
    }
}
