package dev.omnibus.transport.redisson;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import java.util.EnumSet;
import java.util.Set;
import org.redisson.config.Config;

/** Connects with chosen hooks into Redisson and Netty. */
public final class Hooks {

    /** Without which no promise is broken. */
    public static final Set<Hook> OPTIONAL = EnumSet.of(
            Hook.UNANSWERED_COMMANDS,
            Hook.SHARDED_CHANNELS,
            Hook.LONE_PUBLISH,
            Hook.DAEMON_TIMER,
            Hook.READ_FIRST,
            Hook.FORCED_CLOSE);

    private Hooks() {}

    public static RedissonTransport connect(String address, RedissonInternals internals) {
        Config config = new Config();
        config.useSingleServer().setAddress(address);
        return connect(config, internals);
    }

    public static RedissonTransport connect(Config config, RedissonInternals internals) {
        return RedissonTransport.connect(config, RedissonOptions.defaults(), internals);
    }

    public static RedissonTransport connectWithoutOptional(String address) {
        return connect(address, new RedissonInternals(EnumSet.complementOf(EnumSet.copyOf(OPTIONAL))));
    }
}
