package dev.omnibus.spring.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.omnibus.spring.OmnibusAutoConfiguration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.redisson.config.Config;
import org.redisson.config.SentinelServersConfig;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/** Each way in which Spring Boot says where Redis is, with its module for Redis and without: they agree. */
class RedisServersTest {

    private static final SslBundle BUNDLE = SslBundle.systemDefault();

    private static Environment environment(Map<String, Object> properties) {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("test", properties));
        return environment;
    }

    private static Config config(boolean module, String... properties) {
        RedisServers[] found = new RedisServers[1];
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                .withPropertyValues(properties)
                .run(context -> {
                    Environment environment = context.getEnvironment();
                    found[0] = module
                            ? DataRedisServers.of(context.getBean(DataRedisConnectionDetails.class), environment)
                            : SpringRedisProperties.servers(environment, name -> BUNDLE);
                });
        return found[0].config();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSingleServer(boolean module) {
        Config config = config(
                module,
                "spring.data.redis.host=redis.example",
                "spring.data.redis.port=6380",
                "spring.data.redis.database=5",
                "spring.data.redis.username=shop",
                "spring.data.redis.password=pw");
        assertThat(config.useSingleServer().getAddress()).isEqualTo("redis://redis.example:6380");
        assertThat(config.useSingleServer().getDatabase()).isEqualTo(5);
        assertThat(config.getUsername()).isEqualTo("shop");
        assertThat(config.getPassword()).isEqualTo("pw");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingSaid(boolean module) {
        assertThat(config(module).useSingleServer().getAddress()).isEqualTo("redis://localhost:6379");
        assertThat(config(module).getPassword()).isNull();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAddressWithTls(boolean module) {
        Config config = config(module, "spring.data.redis.url=rediss://shop:p%23w@redis.example:6380/5");
        assertThat(config.useSingleServer().getAddress()).isEqualTo("rediss://redis.example:6380");
        assertThat(config.useSingleServer().getDatabase()).isEqualTo(5);
        assertThat(config.getUsername()).isEqualTo("shop");
        assertThat(config.getPassword()).isEqualTo("p#w");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tlsBesideTheHost(boolean module) {
        Config config = config(module, "spring.data.redis.ssl.enabled=true");
        assertThat(config.useSingleServer().getAddress()).isEqualTo("rediss://localhost:6379");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sentinels(boolean module) {
        Config config = config(
                module,
                "spring.data.redis.sentinel.master=bus",
                "spring.data.redis.sentinel.nodes=s1:26379,s2:26379",
                "spring.data.redis.sentinel.password=spw",
                "spring.data.redis.password=pw",
                "spring.data.redis.database=3");
        SentinelServersConfig sentinels = config.useSentinelServers();
        assertThat(sentinels.getMasterName()).isEqualTo("bus");
        assertThat(sentinels.getSentinelAddresses()).containsExactly("redis://s1:26379", "redis://s2:26379");
        assertThat(sentinels.getSentinelPassword()).isEqualTo("spw");
        assertThat(sentinels.getDatabase()).isEqualTo(3);
        assertThat(config.getPassword()).isEqualTo("pw");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCluster(boolean module) {
        Config config =
                config(module, "spring.data.redis.cluster.nodes=c1:7000,c2:7000", "spring.data.redis.password=pw");
        assertThat(config.useClusterServers().getNodeAddresses()).containsExactly("redis://c1:7000", "redis://c2:7000");
        assertThat(config.getPassword()).isEqualTo("pw");
    }

    @Test
    void aBundleIsWhatTlsTrusts() {
        Config config = SpringRedisProperties.servers(
                        environment(Map.of("spring.data.redis.ssl.bundle", "redis")), name -> BUNDLE)
                .config();
        assertThat(config.useSingleServer().getAddress()).startsWith("rediss://");
        assertThat(config.getSslTrustManagerFactory())
                .isSameAs(BUNDLE.getManagers().getTrustManagerFactory());
        Config own = RedisServers.of("redis://[::1]:6380/2", BUNDLE).config();
        assertThat(own.useSingleServer().getAddress()).isEqualTo("rediss://[::1]:6380");
        assertThat(own.getSslKeyManagerFactory()).isSameAs(BUNDLE.getManagers().getKeyManagerFactory());
    }

    @Test
    void masterAndReplicaWithoutSentinelIsRefused() {
        new ApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(DataRedisAutoConfiguration.class, OmnibusAutoConfiguration.class))
                .withPropertyValues("spring.data.redis.masterreplica.nodes=m:6379,r:6379")
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("a single Redis, on Sentinel or on a cluster"));
    }

    @Test
    void theSchemeOfAnAddressSaysWhetherThereIsTls() {
        assertThat(RedisServers.of("redis://host", null).tls()).isFalse();
        assertThat(RedisServers.of("valkey://host", null).tls()).isFalse();
        assertThat(RedisServers.of("rediss://host", null).tls()).isTrue();
        assertThat(RedisServers.of("valkeys://host", null).tls()).isTrue();
    }

    @Test
    void anAddressThatIsNoneIsNotShown() {
        assertThatThrownBy(() -> RedisServers.of("http://user:secret@host", null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
    }

    @Test
    void anApplicationsNameBecomesANodes() {
        assertThat(BusFactory.nodeName("Order Desk")).isEqualTo("Order-Desk");
        assertThat(BusFactory.nodeName("x".repeat(50))).hasSize(40);
        assertThat(BusFactory.nodeName(" ")).isNull();
        assertThat(BusFactory.nodeName(null)).isNull();
    }
}
