package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Kept;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Observer;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.ExecutorService;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.redisson.client.NettyHook;
import org.redisson.client.handler.CommandDecoder;
import org.redisson.client.handler.CommandEncoder;
import org.redisson.client.handler.CommandPubSubDecoder;

/** What the bus changes in the connections of one Redisson client. */
public final class BusPipeline implements NettyHook, Observer {

    private static final int FLUSHED_TOGETHER = 256;
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
    private final Connections connections;
    private volatile Observer observer = Observer.NOBODY;

    public BusPipeline(ExecutorService executor, BusyPoll busyPoll, Connections connections, NettyHook users) {
        this.users = users;
        this.executor = executor;
        this.busyPoll = busyPoll;
        this.connections = connections;
    }

    /** The client is made before that which subscribes by it; until then there is nothing to be told. */
    public void tell(Observer subscriptions) {
        observer = subscriptions;
    }

    @Override
    public void afterBoostrapInitialization(Bootstrap bootstrap) {
        users.afterBoostrapInitialization(bootstrap);
        DaemonTimer.of(bootstrap);
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

    private static void close(Channel channel) {
        try {
            channel.close();
        } finally { // which needs no memory
            channel.unsafe().closeForcibly();
        }
    }

    private void setUp(Channel channel) {
        users.afterChannelInitialization(channel);
        channel.pipeline().addFirst(new FlushConsolidationHandler(FLUSHED_TOGETHER, true)); // one system call for many
        if (channel.pipeline().get(CommandPubSubDecoder.class) != null) {
            channel.config().setRecvByteBufAllocator(WHOLE_FRAMES);
            SubscriptionDecoder decoder = new SubscriptionDecoder(channel, executor, this);
            channel.pipeline().replace(CommandPubSubDecoder.class, "omnibus-subscriptions", decoder);
            channel.pipeline().addLast(decoder.new Ends());
        } else {
            guard(channel);
            channel.pipeline().addFirst(new FailOnDisconnect());
            String encoder = channel.pipeline().context(CommandEncoder.class).name();
            channel.pipeline().addBefore(encoder, "omnibus-message-first", new PublishReordering(busyPoll::isCalm));
            channel.pipeline().addBefore(encoder, "omnibus-linger", busyPoll);
        }
        connections.watch(channel);
    }

    /** Has a connection end when an answer cannot be read. */
    static void guard(Channel channel) {
        String scheme = channel.pipeline().get(SslHandler.class) == null ? "redis" : "rediss"; // for redirections
        channel.pipeline().replace(CommandDecoder.class, "omnibus-answers", new AnswerDecoder(scheme));
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
