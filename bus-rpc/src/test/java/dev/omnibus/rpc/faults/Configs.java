package dev.omnibus.rpc.faults;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import org.redisson.config.Config;

/** The ways to connect to Redis on more than one server. */
public final class Configs {

    private Configs() {}

    /** One more connection to the master that the Sentinels name. */
    public static Transport connect(RedisSentinels redis) {
        Config config = new Config();
        config.useSentinelServers()
                .setMasterName(redis.masterName())
                .addSentinelAddress(redis.urls().toArray(String[]::new));
        return RedissonTransport.connect(config);
    }

    /** One more connection to the cluster. */
    public static Transport connect(RedisCluster redis) {
        Config config = new Config();
        config.useClusterServers().setNodeAddresses(redis.urls());
        return RedissonTransport.connect(config);
    }
}
