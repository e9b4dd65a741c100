package dev.omnibus.spring;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonOptions;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import org.redisson.config.Config;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;

/**
 * A strategy for where the bus finds its Redis: a bean of this type takes the place of the properties
 * {@code omnibus.url} and {@code spring.data.redis}. Thread-safe.
 */
@FunctionalInterface
public interface OmnibusConnectionDetails extends ConnectionDetails {

    /**
     * Opens a transport, with a connection of its own. Called for the bus when the application starts, and again each
     * time that this failed and may be retried.
     *
     * @param within how long that may take
     * @return a new transport, which the bus closes
     * @throws dev.omnibus.transport.TransportException if Redis cannot be reached, or refuses the login
     */
    Transport connect(Duration within);

    /**
     * Prepares a transport that need not be connected yet, for {@code omnibus.startup=background}.
     *
     * @return a new transport, as {@link RedissonTransport#connectLater(Config, RedissonOptions)} gives it; by default
     *     one that is connected
     */
    default Transport connectLater() {
        return connect(RedissonOptions.defaults().connectWithin());
    }

    /**
     * A Redis, or several, as a configuration of Redisson says: single server, Sentinel or cluster.
     *
     * @param config where to connect; copied each time
     * @return the connection details
     * @see RedissonTransport#connect(Config)
     */
    static OmnibusConnectionDetails of(Config config) {
        return new OmnibusConnectionDetails() {
            @Override
            public Transport connect(Duration within) {
                return RedissonTransport.connect(
                        config, RedissonOptions.defaults().withConnectWithin(within));
            }

            @Override
            public Transport connectLater() {
                return RedissonTransport.connectLater(config, RedissonOptions.defaults());
            }
        };
    }
}
