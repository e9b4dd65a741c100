package dev.omnibus.transport.redisson;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.redisson.client.NettyHook;
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

    /** A configuration that tells which thread reads and writes. */
    static Config telling(String address, AtomicReference<EventLoopGroup> loop) {
        Config config = new Config();
        config.useSingleServer().setAddress(address);
        config.setNettyHook(new NettyHook() {
            @Override
            public void afterBoostrapInitialization(Bootstrap bootstrap) {
                loop.set(bootstrap.config().group());
            }

            @Override
            public void afterChannelInitialization(Channel channel) {}
        });
        return config;
    }

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
