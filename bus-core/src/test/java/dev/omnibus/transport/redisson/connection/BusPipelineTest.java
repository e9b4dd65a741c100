package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.transport.redisson.Commands;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.redisson.client.NettyHook;

class BusPipelineTest {

    /** A hook of the program's for which there is no memory. */
    private static final NettyHook EXHAUSTED = new NettyHook() {
        @Override
        public void afterBoostrapInitialization(Bootstrap bootstrap) {}

        @Override
        public void afterChannelInitialization(Channel channel) {
            throw new OutOfMemoryError("on purpose");
        }
    };

    /** Nor is there any to close it in order. */
    private static final class Unclosable extends ChannelOutboundHandlerAdapter {
        @Override
        public void close(ChannelHandlerContext context, ChannelPromise closed) {
            throw new OutOfMemoryError("on purpose");
        }
    }

    private static BusPipeline exhausted() {
        return new BusPipeline(
                Executors.newSingleThreadExecutor(),
                new BusyPoll(false, 2, System::nanoTime, Commands.ALL_HOOKS),
                true,
                new Connections("", Commands.ALL_HOOKS),
                Commands.ALL_HOOKS,
                EXHAUSTED);
    }

    @Test
    void aConnectionThatIsNotSetUpWholeIsNone() {
        EmbeddedChannel channel = new EmbeddedChannel();
        BusPipeline pipeline = exhausted();
        assertThrows(OutOfMemoryError.class, () -> pipeline.afterChannelInitialization(channel));
        assertFalse(channel.isOpen());
    }

    @Test
    void itIsNoneWhereItCannotBeClosedInOrder() {
        EmbeddedChannel channel = new EmbeddedChannel(new Unclosable());
        BusPipeline pipeline = exhausted();
        assertThrows(OutOfMemoryError.class, () -> pipeline.afterChannelInitialization(channel));
        assertFalse(channel.isOpen());
    }

    @Test
    void whereThereIsNoMemoryToSayThatSomethingCannotBeReadItsConnectionEndsAndNettyLogsNothing() {
        EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
        Exception quoting = new IllegalStateException("what was read") {
            private int asked;

            @Override
            public synchronized Throwable getCause() {
                if (asked++ > 0) {
                    throw new OutOfMemoryError("on purpose");
                }
                return this;
            }
        };
        new ConnectionBreaker().trip(channel.pipeline().lastContext(), Unpooled.buffer(), quoting);
        assertFalse(channel.isOpen());
    }
}
