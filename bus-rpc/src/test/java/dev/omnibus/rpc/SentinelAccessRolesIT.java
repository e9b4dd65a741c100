package dev.omnibus.rpc;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.redisson.config.Config;

/** The servers behind Sentinels have the same lists, and the Sentinels have one user, who may ask where they are. */
@Tag("slow")
@WithRedis
class SentinelAccessRolesIT extends AccessRolesContract {

    private final RedisSentinels sentinels;

    SentinelAccessRolesIT(RedisSentinels sentinels) {
        this.sentinels = sentinels;
    }

    @BeforeEach
    void grantTheLeast() throws IOException {
        for (String line : PageRights.least()) {
            Stream.concat(Stream.of(sentinels.master()), sentinels.replicas().stream())
                    .forEach(server -> PageRights.grant(server, line));
        }
        for (RedisServer sentinel : sentinels.sentinels()) {
            PageRights.grant(sentinel, PageRights.ofSentinels());
        }
    }

    @Override
    Bus connect(String role) {
        Config config = new Config();
        config.setUsername(role).setPassword("secret");
        config.useSentinelServers()
                .setMasterName(sentinels.masterName())
                .setSentinelUsername("finder")
                .setSentinelPassword("secret")
                .addSentinelAddress(sentinels.urls().toArray(String[]::new));
        return Bus.builder(RedissonTransport.connect(config)).name(role).build();
    }
}
