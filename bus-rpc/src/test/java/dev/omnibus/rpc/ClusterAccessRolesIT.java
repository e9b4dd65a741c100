package dev.omnibus.rpc;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.redisson.config.Config;

/** Each server of a cluster has the same lists, and lets everybody see where the slots are. */
@Tag("slow")
@WithRedis
class ClusterAccessRolesIT extends AccessRolesContract {

    private final RedisCluster cluster;

    ClusterAccessRolesIT(RedisCluster cluster) {
        this.cluster = cluster;
    }

    @BeforeEach
    void grantTheLeast() throws IOException {
        String more = PageRights.more("+cluster");
        for (RedisServer node : cluster.nodes()) {
            for (String line : PageRights.least()) {
                PageRights.grant(node, line);
                PageRights.grant(node, more.replace("client", PageRights.role(line)));
            }
        }
    }

    @Override
    Bus connect(String role) {
        Config config = new Config();
        config.setUsername(role).setPassword("secret");
        config.useClusterServers()
                .addNodeAddress(cluster.nodes().stream()
                        .map(node -> "redis://127.0.0.1:" + node.port())
                        .toArray(String[]::new));
        return Bus.builder(RedissonTransport.connect(config)).name(role).build();
    }
}
