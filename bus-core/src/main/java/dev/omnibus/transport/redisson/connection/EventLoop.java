package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.redisson.connection.ConnectFailures.HiccupMeter;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SelectStrategyFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import java.nio.channels.spi.SelectorProvider;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.redisson.config.TransportMode;

/**
 * The event loop of a transport: one thread that reads and writes. It does so with Netty's native transport for Linux
 * where that fits, because it wakes sooner, else with what the JDK has.
 */
public record EventLoop(EventLoopGroup group, TransportMode mode, BusyPoll busyPoll) {

    private static final int ENDS_MILLIS = 2_000;

    private static final int ONE_THREAD = 1;

    /**
     * Starts it.
     *
     * @param polls whether it may stay awake for a moment where something can be expected
     */
    public static EventLoop start(boolean polls, RedissonInternals internals) {
        BusyPoll busyPoll = new BusyPoll(
                polls && internals.has(Hook.LONE_PUBLISH),
                Runtime.getRuntime().availableProcessors(),
                System::nanoTime,
                internals);
        SelectStrategyFactory sleep = () -> busyPoll;
        ThreadFactory threads = new IoThreads();
        EventLoopGroup epoll = epoll(threads, sleep);
        EventLoop started = epoll == null
                ? new EventLoop(nio(threads, sleep), TransportMode.NIO, busyPoll)
                : new EventLoop(epoll, TransportMode.EPOLL, busyPoll);
        started.group.execute(EventLoop::loadBuffers);
        return started;
    }

    /**
     * A cold JVM needs long for Netty's first buffer, mostly for the events of the flight recorder that go with it.
     * Here nobody waits for it yet.
     */
    private static void loadBuffers() {
        boolean unused = ByteBufAllocator.DEFAULT.ioBuffer().release();
    }

    /**
     * The classes that 4.2 has instead of these are not in 4.1, which other libraries may have put on the class path.
     */
    @SuppressWarnings("deprecation")
    private static EventLoopGroup nio(ThreadFactory threads, SelectStrategyFactory sleep) {
        return new NioEventLoopGroup(ONE_THREAD, threads, SelectorProvider.provider(), sleep);
    }

    /** Its classes and its library are artifacts of their own; the program may have none, one, or other versions. */
    @SuppressWarnings("deprecation") // as above
    private static @Nullable EventLoopGroup epoll(ThreadFactory threads, SelectStrategyFactory sleep) {
        if (!RedissonVersions.nativeTransportFits()) {
            return null;
        }
        try {
            return Epoll.isAvailable() ? new EpollEventLoopGroup(ONE_THREAD, threads, sleep) : null;
        } catch (LinkageError unfit) {
            return null;
        }
    }

    /** Netty's own threads, with the marker interface. */
    private static final class IoThreads extends DefaultThreadFactory {

        IoThreads() {
            super("omnibus-io", true);
        }

        @Override
        protected Thread newThread(Runnable task, String name) {
            return new Io(threadGroup, task, name);
        }
    }

    private static final class Io extends FastThreadLocalThread implements NonBlockingThread {

        Io(@Nullable ThreadGroup group, Runnable task, String name) {
            super(group, task, name);
        }
    }

    /** Whether its thread has ended or is ending. */
    public boolean isDead() {
        return group.isShuttingDown();
    }

    /** Begins to measure how late its thread is. */
    public HiccupMeter measureHiccups() {
        return new HiccupMeter(group);
    }

    /** Notifies when its thread ends, once, on a thread of Netty's. */
    public void whenDead(GenericFutureListener<Future<Object>> listener) {
        group.terminationFuture().addListener(listener);
    }

    public void forget(GenericFutureListener<Future<Object>> listener) {
        group.terminationFuture().removeListener(listener);
    }

    /** Ends it without waiting. */
    public void abandon() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** Ends it, and waits until that is so. */
    public void end() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(ENDS_MILLIS);
    }
}
