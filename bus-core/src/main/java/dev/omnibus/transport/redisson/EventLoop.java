package dev.omnibus.transport.redisson;

import dev.omnibus.transport.IoThread;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SelectStrategyFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.nio.channels.spi.SelectorProvider;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.redisson.config.TransportMode;

/**
 * The one thread on which a transport reads and writes. It does so with Netty's native transport for Linux where the
 * program has brought that along, because it wakes sooner, else with what the JDK has.
 */
record EventLoop(EventLoopGroup group, TransportMode mode, Linger linger) {

    private static final int ENDS_MILLIS = 2_000;
    private static final int EVENTS_GROW = 0;

    static EventLoop start() {
        Linger linger = new Linger(Runtime.getRuntime().availableProcessors(), System::nanoTime);
        SelectStrategyFactory sleep = () -> linger;
        IoHandlerFactory epoll = epoll(sleep);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                1,
                new IoThreads(),
                epoll == null ? NioIoHandler.newFactory(SelectorProvider.provider(), sleep) : epoll);
        return new EventLoop(group, epoll == null ? TransportMode.NIO : TransportMode.EPOLL, linger);
    }

    /** Its classes and its library are artifacts of their own; the program may have none, one, or other versions. */
    private static @Nullable IoHandlerFactory epoll(SelectStrategyFactory sleep) {
        try {
            return Epoll.isAvailable() ? EpollIoHandler.newFactory(EVENTS_GROW, sleep) : null;
        } catch (LinkageError unfit) {
            return null;
        }
    }

    /** Netty's own threads, with the mark that says what they are. */
    private static final class IoThreads extends DefaultThreadFactory {

        IoThreads() {
            super("omnibus-io", true);
        }

        @Override
        protected Thread newThread(Runnable task, String name) {
            return new Io(threadGroup, task, name);
        }
    }

    private static final class Io extends FastThreadLocalThread implements IoThread {

        Io(@Nullable ThreadGroup group, Runnable task, String name) {
            super(group, task, name);
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
