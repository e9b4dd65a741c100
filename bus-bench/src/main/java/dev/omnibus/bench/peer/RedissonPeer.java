package dev.omnibus.bench.peer;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bench.server.Addresses;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.transport.redisson.RedissonTransport;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.epoll.Epoll;
import io.netty.handler.flush.FlushConsolidationHandler;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.NettyHook;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.config.Config;
import org.redisson.config.SingleServerConfig;
import org.redisson.config.TransportMode;

/** What the peers on Redisson share. */
public final class RedissonPeer {

    /** The default of 5 ends at 250 topics. */
    private static final int SUBSCRIPTIONS_PER_CONNECTION = 100_000;

    private static final int FLUSH_AFTER = 256;

    private RedissonPeer() {}

    /** Omnibus on a cluster, which is connected to with Redisson's configuration. */
    public static BusBuilder busOnCluster(Addresses addresses) {
        Config config = new Config();
        config.useClusterServers().setNodeAddresses(addresses.cluster());
        return Bus.builder(RedissonTransport.connect(config));
    }

    /**
     * Redisson's defaults but for the native transport, which Omnibus and gRPC have too, the room for subscriptions,
     * and a codec that leaves bytes alone.
     */
    public static RedissonClient connect(Addresses addresses) {
        Config config = new Config();
        server(config, addresses);
        return Redisson.create(config);
    }

    /** With the settings that Omnibus gives to its own client: one connection, one thread, few system calls. */
    public static RedissonClient connectTuned(Addresses addresses) {
        Config config = new Config();
        config.setNettyThreads(1);
        config.setExecutor(MoreExecutors.newDirectExecutorService());
        config.setNettyHook(new FlushConsolidation());
        server(config, addresses)
                .setConnectionPoolSize(1)
                .setConnectionMinimumIdleSize(1)
                .setPingConnectionInterval(0);
        return Redisson.create(config);
    }

    @CanIgnoreReturnValue
    private static SingleServerConfig server(Config config, Addresses addresses) {
        config.setCodec(ByteArrayCodec.INSTANCE);
        config.setTransportMode(Epoll.isAvailable() ? TransportMode.EPOLL : TransportMode.NIO);
        return config.useSingleServer()
                .setAddress(addresses.redis())
                .setSubscriptionsPerConnection(SUBSCRIPTIONS_PER_CONNECTION);
    }

    private static final class FlushConsolidation implements NettyHook {

        @Override
        public void afterBoostrapInitialization(Bootstrap bootstrap) {}

        @Override
        public void afterChannelInitialization(Channel channel) {
            channel.pipeline().addFirst(new FlushConsolidationHandler(FLUSH_AFTER, true));
        }
    }
}
