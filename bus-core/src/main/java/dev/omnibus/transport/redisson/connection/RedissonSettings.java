package dev.omnibus.transport.redisson.connection;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.redisson.client.NettyHook;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.config.BaseConfig;
import org.redisson.config.BaseMasterSlaveServersConfig;
import org.redisson.config.ClusterServersConfig;
import org.redisson.config.Config;
import org.redisson.config.ConstantDelay;
import org.redisson.config.DefaultNameMapper;
import org.redisson.config.EqualJitterDelay;
import org.redisson.config.NameMapper;
import org.redisson.config.Protocol;
import org.redisson.config.ReadMode;
import org.redisson.config.SentinelServersConfig;
import org.redisson.config.SingleServerConfig;
import org.redisson.config.SubscriptionMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The configuration of the bus' own Redisson client. One line, one setting, one reason. */
public final class RedissonSettings {

    /** A command that Redis does not answer within this time has an unknown outcome. */
    static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(1);

    /** A cold JVM on a busy machine needs more than a second; together with a first answer it stays below three. */
    static final Duration CONNECT_TIMEOUT = Duration.ofMillis(1_600);

    /** With TLS no such answer is awaited any more when it fails, and the handshake costs a cold JVM another second. */
    private static final Duration TLS_CONNECT_TIMEOUT = Duration.ofMillis(2_400);

    /** Long enough for a machine on which many processes start. What Redis refuses is reported at once. */
    public static final Duration SUBSCRIBE_TIMEOUT = Duration.ofSeconds(4);

    private static final int SCAN_MILLIS = 1_000;
    private static final int IDLE_MILLIS = 10_000; // for the second connection of the pool for subscriptions
    private static final int WAITING_CONNECTIONS = 64; // opened as they are needed
    private static final int ALL_ON_ONE_CONNECTION = 1_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(RedissonSettings.class);

    private RedissonSettings() {}

    /** A copy of the user's configuration with what the bus needs. The user's own object and client stay untouched. */
    public static Config forBus(Config user, EventLoop eventLoop) {
        boolean withoutCodec = user.getCodec() == null;
        if (withoutCodec) {
            user.setCodec(ByteArrayCodec.INSTANCE); // the copy constructor would put one of Kryo's into the original
        }
        Config config = copy(user);
        if (withoutCodec) {
            user.setCodec(null);
        }
        config.setCodec(ByteArrayCodec.INSTANCE); // bytes in, bytes out: a codec that throws poisons its connection
        config.setReferenceEnabled(false); // no look-up of Redisson annotations for every frame
        config.setExecutor(new DirectExecutor()); // no hand-over inside Redisson: listeners only offer to our queues
        config.setThreads(1); // unused with the direct executor
        config.setTransportMode(eventLoop.mode()); // how the one below works
        config.setEventLoopGroup(eventLoop.group()); // survives a rebuilt client, so that rebuilding takes milliseconds
        config.setProtocol(Protocol.RESP2); // RESP3 gains nothing here and has open bugs in 4.7.0
        config.setKeepPubSubOrder(true); // one channel's frames in order, one at a time
        if (mapsNames(user)) {
            LOG.info("The NameMapper of the Config is ignored; to keep buses apart use prefix()");
        }
        config.setNameMapper(
                NameMapper.direct()); // Redisson applies one to a part of what a bus does; prefix() is ours
        config.setLazyInitialization(false); // a wrong address or password fails at connect
        loginOfAddresses(config);
        if (config.isSingleConfig()) {
            single(config.useSingleServer());
            config.useSingleServer()
                    .setAddress(readable(config.useSingleServer().getAddress()));
        } else if (config.isClusterConfig()) {
            masters(config.useClusterServers(), config.useClusterServers().getNodeAddresses());
            config.useClusterServers()
                    .setNodeAddresses(readable(config.useClusterServers().getNodeAddresses()));
            config.useClusterServers().setScanInterval(SCAN_MILLIS); // how soon a failover is seen; not 5 s
        } else if (config.isSentinelConfig()) {
            masters(config.useSentinelServers(), config.useSentinelServers().getSentinelAddresses());
            config.useSentinelServers()
                    .setSentinelAddresses(
                            withoutLogin(config.useSentinelServers().getSentinelAddresses()));
            config.useSentinelServers().setScanInterval(SCAN_MILLIS); // how soon a failover is seen
            config.useSentinelServers().setCheckSentinelsList(false); // one Sentinel that answers is enough
        } else {
            throw new IllegalArgumentException("The bus runs on a single server, on Sentinel or on a cluster;"
                    + " call useSingleServer(), useSentinelServers() or useClusterServers() on the Config");
        }
        return config;
    }

    /** With what Redisson's own copy leaves out. */
    public static Config copy(Config original) {
        return new Config(original)
                .setTcpKeepAlive(original.isTcpKeepAlive())
                .setTcpKeepAliveCount(original.getTcpKeepAliveCount())
                .setTcpKeepAliveIdle(original.getTcpKeepAliveIdle())
                .setTcpKeepAliveInterval(original.getTcpKeepAliveInterval())
                .setTcpUserTimeout(original.getTcpUserTimeout())
                .setTcpNoDelay(original.isTcpNoDelay());
    }

    /** Whether names are mapped, as it may be said in two places. */
    @SuppressWarnings("deprecation") // of the second one
    static boolean mapsNames(Config user) {
        BaseConfig<?> servers = servers(user);
        return !(user.getNameMapper() instanceof DefaultNameMapper)
                || (servers != null && !(servers.getNameMapper() instanceof DefaultNameMapper)); // deprecated
    }

    /** How long a connection may take to stand. */
    static long connectMillis(Config config) {
        BaseConfig<?> servers = servers(config);
        return servers == null ? CONNECT_TIMEOUT.toMillis() : servers.getConnectTimeout();
    }

    /** Whether the user has said what the connections are called. */
    public static boolean hasClientName(Config config) {
        BaseConfig<?> servers = servers(config);
        return servers != null && servers.getClientName() != null;
    }

    private static @Nullable BaseConfig<?> servers(Config config) {
        if (config.isClusterConfig()) {
            return config.useClusterServers();
        }
        if (config.isSentinelConfig()) {
            return config.useSentinelServers();
        }
        return config.isSingleConfig() ? config.useSingleServer() : null;
    }

    /** The same with connections enough for commands that wait. */
    public static Config forQueues(Config bus, Connections connections, RedissonInternals internals) {
        Config config = copy(bus);
        config.setNettyHook(new Guard(connections, internals, false));
        if (config.isSingleConfig()) {
            config.useSingleServer().setConnectionPoolSize(WAITING_CONNECTIONS);
        } else if (config.isClusterConfig()) {
            config.useClusterServers().setMasterConnectionPoolSize(WAITING_CONNECTIONS);
        } else {
            config.useSentinelServers().setMasterConnectionPoolSize(WAITING_CONNECTIONS);
        }
        return config;
    }

    /** The same with one connection for commands that do not wait, and none to subscribe by. */
    public static Config forStreams(Config bus, Connections connections, RedissonInternals internals) {
        Config config = copy(bus);
        config.setNettyHook(new Guard(connections, internals, true));
        if (config.isSingleConfig()) {
            config.useSingleServer().setSubscriptionConnectionMinimumIdleSize(0);
        } else if (config.isClusterConfig()) {
            config.useClusterServers().setSubscriptionConnectionMinimumIdleSize(0);
        } else {
            config.useSentinelServers().setSubscriptionConnectionMinimumIdleSize(0);
        }
        return config;
    }

    /** What the bus changes in connections that are not its main ones. */
    private record Guard(Connections connections, RedissonInternals internals, boolean pipelined) implements NettyHook {

        @Override
        public void afterBoostrapInitialization(Bootstrap bootstrap) {
            internals.adoptTimer(bootstrap);
        }

        @Override
        public void afterChannelInitialization(Channel channel) {
            if (pipelined) {
                channel.pipeline().addFirst(new FlushConsolidationHandler(BusPipeline.FLUSHED_TOGETHER, true));
            }
            if (!internals.isSubscribing(channel)) {
                internals.guardReplies(channel);
                if (pipelined) {
                    internals.failUnansweredAtTheEnd(channel);
                }
            }
            connections.watch(channel);
        }
    }

    /**
     * Redisson uses the login in an address at that address alone, and so not at the masters, replicas and Sentinels
     * that it learns of later. A login that stands in the configuration itself is left as it is.
     */
    private static void loginOfAddresses(Config config) {
        if (config.isClusterConfig()) {
            ClusterServersConfig cluster = config.useClusterServers();
            login(cluster.getNodeAddresses()).ifPresent(login -> setLogin(config, cluster, login));
        } else if (config.isSentinelConfig()) {
            SentinelServersConfig sentinels = config.useSentinelServers();
            login(sentinels.getSentinelAddresses()).ifPresent(login -> {
                setLogin(config, sentinels, login);
                if (sentinels.getSentinelPassword() == null) {
                    sentinels.setSentinelUsername(login.user()).setSentinelPassword(login.password());
                }
            });
        }
    }

    private static Optional<RedisUri> login(List<String> addresses) {
        return addresses.stream()
                .filter(address -> !isFile(address))
                .map(RedisUri::parse)
                .filter(RedisUri::hasLogin)
                .findFirst();
    }

    @SuppressWarnings("deprecation") // of the second place where a password may stand
    private static void setLogin(Config config, BaseConfig<?> servers, RedisUri login) {
        if (config.getPassword() == null && servers.getPassword() == null) {
            config.setUsername(login.user()).setPassword(login.password());
        }
    }

    private static List<String> readable(List<String> addresses) {
        return new ArrayList<>(
                addresses.stream().map(RedissonSettings::readable).toList());
    }

    /** With one, Redisson would not notice that the Sentinels it learns of want it as well. */
    private static List<String> withoutLogin(List<String> addresses) {
        return new ArrayList<>(addresses.stream()
                .map(address ->
                        isFile(address) ? address : RedisUri.parse(address).server())
                .toList());
    }

    private static String readable(@Nullable String address) {
        return address != null && isFile(address)
                ? address
                : RedisUri.parse(address).forRedisson();
    }

    private static boolean isFile(@Nullable String address) {
        return address != null && address.contains("+uds://"); // what follows is the name of a socket's file
    }

    private static void single(SingleServerConfig server) {
        common(server, isTls(List.of(String.valueOf(server.getAddress()))));
        server.setConnectionPoolSize(1); // Redisson keeps the order of publishes only on one connection
        server.setConnectionMinimumIdleSize(1); // that one, open from the start
        server.setSubscriptionConnectionPoolSize(2); // one in use, one for the moment of a reconnect
        server.setSubscriptionConnectionMinimumIdleSize(1); // the one in use
    }

    private static boolean isTls(List<String> addresses) {
        return addresses.stream().anyMatch(address -> address.startsWith("rediss"));
    }

    private static void masters(BaseMasterSlaveServersConfig<?> servers, List<String> addresses) {
        common(servers, isTls(addresses));
        servers.setMasterConnectionPoolSize(1); // Redisson keeps the order of publishes only on one connection
        servers.setMasterConnectionMinimumIdleSize(1); // that one, open from the start
        servers.setSubscriptionConnectionPoolSize(2); // one in use, one for the moment of a reconnect
        servers.setSubscriptionConnectionMinimumIdleSize(1); // the one in use
        servers.setSubscriptionMode(SubscriptionMode.MASTER); // PUBLISH counts no subscribers of replicas
        servers.setReadMode(ReadMode.MASTER); // a replica may not know a lease yet; and no connections to replicas
    }

    @SuppressWarnings("deprecation") // of the second place where a name mapper may stand
    private static void common(BaseConfig<?> server, boolean tls) {
        if (!(server.getNameMapper() instanceof DefaultNameMapper)) { // else Redisson warns of its being deprecated
            server.setNameMapper(NameMapper.direct()); // as above
        }
        server.setSubscriptionsPerConnection(ALL_ON_ONE_CONNECTION); // the default ends at 250 channels per client
        server.setPingConnectionInterval(0); // Redisson's PING silently loses pub/sub messages; the heartbeat is ours
        server.setRetryAttempts(0); // a repeated PUBLISH is delivered twice
        server.setRetryDelay(
                new ConstantDelay(Duration.ofMillis(200))); // so that the timer wakes every 100 ms, not 50 or 10
        server.setTimeout((int) ANSWER_TIMEOUT.toMillis());
        server.setConnectTimeout((int) (tls ? TLS_CONNECT_TIMEOUT : CONNECT_TIMEOUT).toMillis());
        server.setSubscriptionTimeout((int) SUBSCRIBE_TIMEOUT.toMillis());
        server.setIdleConnectionTimeout(IDLE_MILLIS);
        server.setReconnectionDelay(new EqualJitterDelay(Duration.ofMillis(50), Duration.ofSeconds(1))); // not 10 s
    }

    /**
     * Runs what it is given on the thread that gives it. Redisson asks it for every message whether it is shut down.
     */
    private static final class DirectExecutor extends AbstractExecutorService implements ExecutorService {

        private volatile boolean shutdown;

        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {
            shutdown = true;
        }

        @Override
        public List<Runnable> shutdownNow() {
            shutdown = true;
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return shutdown;
        }

        @Override
        public boolean isTerminated() {
            return shutdown;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return shutdown;
        }
    }
}
