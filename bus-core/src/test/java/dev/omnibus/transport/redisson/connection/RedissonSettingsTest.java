package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.redisson.Commands;
import java.lang.reflect.Method;
import java.net.URL;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.CommandMapper;
import org.redisson.config.Config;
import org.redisson.config.ConstantDelay;
import org.redisson.config.Credentials;
import org.redisson.config.CredentialsResolver;
import org.redisson.config.NameMapper;
import org.redisson.config.NatMapper;
import org.redisson.config.Protocol;
import org.redisson.config.SentinelServersConfig;
import org.redisson.config.SslVerificationMode;
import org.redisson.config.TransportMode;
import org.redisson.connection.RoundRobinDnsAddressResolverGroupFactory;

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

    @Test
    void theLoginInAnAddressIsThatOfAllServers() {
        Config sentinels = new Config();
        sentinels
                .useSentinelServers()
                .setMasterName("bus")
                .addSentinelAddress("redis://h1:1", "redis://alice:p%2Bw@h2:2");
        Config bus = forBus(sentinels);
        assertEquals("alice", bus.getUsername());
        assertEquals("p+w", bus.getPassword());
        assertEquals("alice", bus.useSentinelServers().getSentinelUsername());
        assertEquals("p+w", bus.useSentinelServers().getSentinelPassword());
        assertEquals(
                List.of("redis://h1:1", "redis://h2:2"),
                bus.useSentinelServers().getSentinelAddresses());
        assertNull(sentinels.getPassword(), "the program's own is left as it is");

        Config cluster = new Config();
        cluster.useClusterServers().addNodeAddress("redis://:pw@h1:1");
        assertEquals("pw", forBus(cluster).getPassword());
        assertNull(forBus(cluster).getUsername());
    }

    @Test
    void aLoginOfTheConfigurationItselfCountsFirst() {
        Config sentinels = new Config().setUsername("bob").setPassword("secret");
        sentinels
                .useSentinelServers()
                .setMasterName("bus")
                .addSentinelAddress("redis://alice:pw@h1:1")
                .setSentinelPassword("watch");
        Config bus = forBus(sentinels);
        assertEquals("bob", bus.getUsername());
        assertEquals("secret", bus.getPassword());
        assertEquals("watch", bus.useSentinelServers().getSentinelPassword());
        assertNull(bus.useSentinelServers().getSentinelUsername());
    }

    /** The first row of the table in docs/how-to/connect.md, and that of the CommandMapper. */
    @Test
    void addressAndLoginAreTakenOver() throws Exception {
        CredentialsResolver credentials = address -> CompletableFuture.completedFuture(new Credentials("a", "b"));
        CommandMapper commands = name -> name + "-renamed";
        URL store = new URL("file:store.p12");
        Config user = new Config()
                .setUsername("alice")
                .setPassword("pw")
                .setCredentialsResolver(credentials)
                .setCommandMapper(commands)
                .setAddressResolverGroupFactory(new RoundRobinDnsAddressResolverGroupFactory())
                .setSslTruststore(store)
                .setSslTruststorePassword("trust")
                .setSslKeystore(store)
                .setSslKeystorePassword("key")
                .setSslKeystoreType("PKCS12")
                .setSslProtocols(new String[] {"TLSv1.3"})
                .setSslCiphers(new String[] {"TLS_AES_128_GCM_SHA256"})
                .setSslVerificationMode(SslVerificationMode.CA_ONLY);
        NatMapper nat = address -> address;
        user.useSentinelServers()
                .setMasterName("bus")
                .addSentinelAddress("redis://localhost:26379")
                .setNatMapper(nat)
                .setDatabase(5)
                .setDnsMonitoringInterval(17)
                .setClientName("shop");

        Config bus = forBus(user);

        assertEquals("alice", bus.getUsername());
        assertEquals("pw", bus.getPassword());
        assertSame(credentials, bus.getCredentialsResolver());
        assertSame(commands, bus.getCommandMapper());
        assertSame(user.getAddressResolverGroupFactory(), bus.getAddressResolverGroupFactory());
        assertEquals(store, bus.getSslTruststore());
        assertEquals("trust", bus.getSslTruststorePassword());
        assertEquals(store, bus.getSslKeystore());
        assertEquals("key", bus.getSslKeystorePassword());
        assertEquals("PKCS12", bus.getSslKeystoreType());
        assertEquals("TLSv1.3", bus.getSslProtocols()[0]);
        assertEquals("TLS_AES_128_GCM_SHA256", bus.getSslCiphers()[0]);
        assertEquals(SslVerificationMode.CA_ONLY, bus.getSslVerificationMode());
        SentinelServersConfig sentinels = bus.useSentinelServers();
        assertEquals("bus", sentinels.getMasterName());
        assertEquals(List.of("redis://localhost:26379"), sentinels.getSentinelAddresses());
        assertSame(nat, sentinels.getNatMapper());
        assertEquals(5, sentinels.getDatabase());
        assertEquals(17, sentinels.getDnsMonitoringInterval());
        assertEquals("shop", sentinels.getClientName());
    }

    /** The rows of the table of what the bus has its own for: whatever a program says of it, the result is the same. */
    @Test
    void whatTheBusDecidesItselfIsTheSameWhateverTheConfigurationHas() {
        Config plain = new Config();
        plain.useSingleServer().setAddress("redis://localhost:6379");
        Config user = new Config()
                .setCodec(StringCodec.INSTANCE)
                .setExecutor(ForkJoinPool.commonPool())
                .setThreads(7)
                .setTransportMode(TransportMode.EPOLL)
                .setProtocol(Protocol.RESP3)
                .setLazyInitialization(true)
                .setKeepPubSubOrder(false);
        user.setReferenceEnabled(true);
        user.useSingleServer()
                .setAddress("redis://localhost:6379")
                .setConnectionPoolSize(17)
                .setConnectionMinimumIdleSize(17)
                .setSubscriptionConnectionPoolSize(17)
                .setSubscriptionConnectionMinimumIdleSize(17)
                .setSubscriptionsPerConnection(17)
                .setTimeout(17)
                .setConnectTimeout(17)
                .setSubscriptionTimeout(17)
                .setRetryAttempts(17)
                .setRetryDelay(new ConstantDelay(Duration.ofMillis(17)))
                .setReconnectionDelay(new ConstantDelay(Duration.ofMillis(17)))
                .setPingConnectionInterval(17)
                .setIdleConnectionTimeout(17);
        Map<String, String> expected = values(forBus(plain));
        Map<String, String> actual = values(forBus(user));
        assertEquals(expected, actual);
    }

    private static Map<String, String> values(Config config) {
        Map<String, String> values = new TreeMap<>();
        for (Object bean : List.of(config, config.useSingleServer())) {
            for (Method getter : bean.getClass().getMethods()) {
                if (getter.getParameterCount() == 0 && getter.getName().matches("(get|is)[A-Z].*")) {
                    values.put(getter.getName(), value(bean, getter));
                }
            }
        }
        return values;
    }

    private static String value(Object bean, Method getter) {
        try {
            Object value = getter.invoke(bean);
            boolean plain =
                    value == null || value instanceof Number || value instanceof Boolean || value instanceof Enum;
            return plain ? String.valueOf(value) : value.getClass().getName();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    @Test
    void otherWaysToRunRedisAreRefused() {
        Config masterSlave = new Config();
        masterSlave.useMasterSlaveServers().setMasterAddress("redis://localhost:6379");
        Config replicated = new Config();
        replicated.useReplicatedServers().addNodeAddress("redis://localhost:6379");
        for (Config config : List.of(masterSlave, replicated, new Config())) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> forBus(config));
            assertTrue(String.valueOf(e.getMessage()).startsWith("The bus runs on a single server"), e::getMessage);
        }
    }

    private static Config forBus(Config user) {
        EventLoop eventLoop = EventLoop.start(true, Commands.ALL_HOOKS);
        try {
            return RedissonSettings.forBus(user, eventLoop);
        } finally {
            eventLoop.end();
        }
    }

    @Test
    @SuppressWarnings("deprecation") // of where the name mapper stands
    void aNameMapperOfTheServersIsIgnoredToo() {
        Config user = new Config();
        user.useSingleServer().setAddress("redis://localhost:6379").setNameMapper(new NameMapper() {
            @Override
            public String map(String name) {
                return "app:" + name;
            }

            @Override
            public String unmap(String name) {
                return name.substring(4);
            }
        });
        assertTrue(RedissonSettings.mapsNames(user)); // which the log is told
        assertFalse(RedissonSettings.mapsNames(forBus(user)));
    }

    @Test
    void tlsHasLongerToConnect() {
        Config plain = new Config();
        plain.useSingleServer().setAddress("redis://localhost:6379");
        Config tls = new Config();
        tls.useSentinelServers().setMasterName("m").addSentinelAddress("rediss://localhost:6379");
        assertEquals(1_600, RedissonSettings.connectMillis(forBus(plain)));
        assertEquals(2_400, RedissonSettings.connectMillis(forBus(tls)));
    }
}
