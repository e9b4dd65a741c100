package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Kept;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Observer;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.util.concurrent.ExecutorService;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.redisson.client.NettyHook;

/** What the bus changes in the connections of one Redisson client. */
public final class BusPipeline implements NettyHook, Observer {

    static final int FLUSHED_TOGETHER = 256;
    private static final int READ_TOGETHER = 256 * 1024; // bytes; a frame that comes in pieces is copied twice

    /** Once in a turn of the event loop, so that other connections have theirs. */
    private static final RecvByteBufAllocator WHOLE_FRAMES = new AdaptiveRecvByteBufAllocator(
                    AdaptiveRecvByteBufAllocator.DEFAULT_MINIMUM,
                    AdaptiveRecvByteBufAllocator.DEFAULT_INITIAL,
                    READ_TOGETHER)
            .maxMessagesPerRead(1);

    private final NettyHook users;
    private final ExecutorService executor;
    private final BusyPoll busyPoll;
    private final boolean pingBeforePublish;
    private final Connections connections;
    private final RedissonInternals internals;
    private volatile Observer observer = Observer.NOBODY;

    public BusPipeline(
            ExecutorService executor,
            BusyPoll busyPoll,
            boolean pingBeforePublish,
            Connections connections,
            RedissonInternals internals,
            NettyHook users) {
        this.users = users;
        this.executor = executor;
        this.busyPoll = busyPoll;
        this.pingBeforePublish = pingBeforePublish;
        this.connections = connections;
        this.internals = internals;
    }

    /** The client is made before that which subscribes by it; until then there is nothing to be reported. */
    public void reportTo(Observer subscriptions) {
        observer = subscriptions;
    }

    @Override
    public void afterBoostrapInitialization(Bootstrap bootstrap) {
        users.afterBoostrapInitialization(bootstrap);
        internals.adoptTimer(bootstrap);
    }

    /**
     * All of it, or there is no connection, which Redisson then tries to make again. Netty may have no memory to close
     * one that it could not set up, and with a part of this it would go on as Redisson has it: deaf to what Redis
     * refuses, and with a log of all that it cannot read.
     */
    @Override
    public void afterChannelInitialization(Channel channel) {
        boolean whole = false;
        try {
            setUp(channel);
            whole = true;
        } finally {
            if (!whole) {
                close(channel);
            }
        }
    }

    private void close(Channel channel) {
        try {
            channel.close();
        } finally { // which needs no memory
            internals.closeForcibly(channel);
        }
    }

    private void setUp(Channel channel) {
        users.afterChannelInitialization(channel);
        channel.pipeline().addFirst(new FlushConsolidationHandler(FLUSHED_TOGETHER, true)); // one system call for many
        if (internals.isSubscribing(channel)) {
            channel.config().setRecvByteBufAllocator(WHOLE_FRAMES);
            internals.observe(channel, executor, this);
        } else {
            internals.guardReplies(channel);
            internals.failUnansweredAtTheEnd(channel);
            if (internals.has(Hook.LONE_PUBLISH)) {
                if (pingBeforePublish) {
                    ChannelHandler ping = new PingBeforePublish(busyPoll::isCalm, internals);
                    internals.addBeforeEncoder(channel, "omnibus-ping-before-publish", ping);
                }
                internals.addBeforeEncoder(
                        channel, "omnibus-busy-poll", busyPoll); // sees it first, and whether it is calm
            }
        }
        connections.watch(channel);
    }

    @Override
    public void confirmed(String name, boolean pattern, LongSupplier arrived) {
        observer.confirmed(name, pattern, arrived);
    }

    @Override
    public void ended(String name, LongSupplier arrived) {
        observer.ended(name, arrived);
    }

    @Override
    public void lost(LongSupplier arrived) {
        observer.lost(arrived);
    }

    @Override
    public void refused(String name, String error) {
        observer.refused(name, error);
    }

    @Override
    public @Nullable Kept keep(String name, Predicate<Kept> letGo) {
        return observer.keep(name, letGo);
    }
}
