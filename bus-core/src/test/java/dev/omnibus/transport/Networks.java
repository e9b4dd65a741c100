package dev.omnibus.transport;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.ArrayList;
import java.util.List;
import org.redisson.config.Config;

/** The ways to run Redis with more than one server, for the contracts of every layer. */
public final class Networks {

    private Networks() {}

    /** One more connection to the master that the Sentinels name. */
    public static Transport connect(RedisSentinels redis) {
        return RedissonTransport.connect(config(redis));
    }

    /** How to connect to the master that the Sentinels name. */
    public static Config config(RedisSentinels redis) {
        Config config = new Config();
        config.useSentinelServers()
                .setMasterName(redis.masterName())
                .addSentinelAddress(redis.urls().toArray(String[]::new));
        return config;
    }

    /** One more connection to the cluster. */
    public static Transport connect(RedisCluster redis) {
        return RedissonTransport.connect(config(redis));
    }

    /** How to connect to the cluster. */
    public static Config config(RedisCluster redis) {
        Config config = new Config();
        config.useClusterServers().addNodeAddress(redis.urls().toArray(String[]::new));
        return config;
    }

    /** Those with the data; the Sentinels stay. */
    public static List<RedisServer> servers(RedisSentinels redis) {
        List<RedisServer> servers = new ArrayList<>(redis.replicas());
        servers.add(redis.master());
        return servers;
    }
}
