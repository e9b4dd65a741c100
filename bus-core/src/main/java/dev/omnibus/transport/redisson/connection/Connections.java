package dev.omnibus.transport.redisson.connection;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.redisson.client.RedisClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one Redisson client that stand and are logged in. They get the name of the node, which
 * {@code CLIENT LIST} shows; where that is forbidden, they have no name. Thread-safe.
 */
@Sharable
public final class Connections extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    private static final AtomicLong MADE = new AtomicLong(); // by all clients, so that no two have one number

    private final Set<Channel> open = ConcurrentHashMap.newKeySet(); // also those that do not stand yet
    private final Set<Channel> standing = ConcurrentHashMap.newKeySet();
    private final RedissonInternals internals;
    private volatile String name; // none if empty
    private volatile long newest;

    public Connections(String name, RedissonInternals internals) {
        this.name = name;
        this.internals = internals;
    }

    /** What is no printable ASCII, Redis would refuse. */
    public static String printable(String name) {
        return name.replaceAll("[^!-~]", "_");
    }

    /** To be added last: what comes before it logs in first. */
    void watch(Channel channel) {
        channel.pipeline().addLast("omnibus-connections", this);
        open.add(channel);
        channel.closeFuture().addListener(closed -> {
            open.remove(channel);
            standing.remove(channel);
        });
    }

    /**
     * Closes what an event loop that has died has left open: Redis would go on counting its subscriptions, and give
     * messages to those of it that wait for some.
     */
    public void closeLeft() {
        for (Channel channel : open) {
            try {
                internals.closeForcibly(channel);
            } catch (RuntimeException
                    | AssertionError e) { // it has no thread to report its own end on, or none that runs tasks
                LOG.debug("A connection of a dead event loop did not end in order", e);
            }
        }
    }

    /** Names all of them, those that come as well. */
    public void name(String name) {
        this.name = name;
        standing.forEach(channel -> name(channel, name));
    }

    /** Returns the number of the newest one that was logged in: nothing was sent on it before. */
    public long newest() {
        return newest;
    }

    /** Whether there is any by which commands are sent to such a server. */
    public boolean canSend(Predicate<RedisClient> server) {
        for (Channel channel : standing) {
            if (channel.isActive()
                    && !internals.isSubscribing(channel)
                    && server.test(RedissonInternals.server(channel))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        Channel channel = context.channel();
        newest = MADE.incrementAndGet();
        standing.add(channel);
        if (!channel.isActive()) {
            standing.remove(channel);
        }
        if (!name.isEmpty()) {
            name(channel, name);
        }
        context.fireChannelActive();
    }

    private static void name(Channel channel, String name) {
        RedissonInternals.name(channel, name).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.debug("A connection to Redis has no name: {}", RedissonFailures.firstLine(failure));
            }
        });
    }
}
