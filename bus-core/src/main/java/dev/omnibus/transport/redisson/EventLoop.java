package dev.omnibus.transport.redisson;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.redisson.config.TransportMode;

/**
 * The one thread on which a transport reads and writes. It does so with Netty's native transport for Linux where the
 * program has brought that along, because it wakes sooner, else with what the JDK has.
 */
record EventLoop(EventLoopGroup group, TransportMode mode) {

    private static final int ENDS_MILLIS = 2_000;

    static EventLoop start() {
        IoHandlerFactory epoll = epoll();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("omnibus-io", true), epoll == null ? NioIoHandler.newFactory() : epoll);
        return new EventLoop(group, epoll == null ? TransportMode.NIO : TransportMode.EPOLL);
    }

    /** Its classes and its library are artifacts of their own; the program may have none, one, or other versions. */
    private static @Nullable IoHandlerFactory epoll() {
        try {
            return Epoll.isAvailable() ? EpollIoHandler.newFactory() : null;
        } catch (LinkageError unfit) {
            return null;
        }
    }

    /** Ends it without waiting. */
    void abandon() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** Ends it, and waits until that is so. */
    void end() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(ENDS_MILLIS);
    }
}
