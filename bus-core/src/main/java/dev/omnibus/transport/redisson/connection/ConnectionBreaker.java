package dev.omnibus.transport.redisson.connection;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A circuit breaker: ends a connection on which something could not be read, or on which an error was thrown.
 *
 * <p>Where the next message begins is not known then. Redisson 4.7.0 goes on all the same, takes the middle of one
 * message for the beginning of another, and logs what it has read each time that this fails. Here the connection ends,
 * is made anew by Redisson as any other that was lost, and nothing of what came by it is logged. Used on the
 * connection's event loop only.
 */
final class ConnectionBreaker {

    /** What a command fails with when its answer could not be read; whatever that was is not quoted. */
    static final String UNREADABLE = "The answer cannot be read";

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionBreaker.class);
    private static final int MAX_DEPTH = 5;

    private boolean tripped;

    /** Whether what has been read is dropped, because the connection is to end; that is tried again then. */
    boolean drops(ChannelHandlerContext context, Object read) {
        if (tripped) {
            ReferenceCountUtil.release(read);
            context.close();
        }
        return tripped;
    }

    /**
     * Ends the connection, unless it ends by itself. Throws nothing: Netty would log what is thrown here, which may
     * quote what was read.
     *
     * @param rest what has arrived and is not read yet
     * @param cause what was thrown
     */
    void trip(ChannelHandlerContext context, ByteBuf rest, Throwable cause) {
        if (isOfTheConnection(cause)) {
            context.fireExceptionCaught(cause);
            return;
        }
        boolean first = !tripped;
        tripped = true;
        rest.skipBytes(rest.readableBytes());
        try {
            if (first) {
                LOG.warn(
                        "Something on the connection to Redis at {} could not be read or handled ({}); it is ended, and"
                                + " made anew",
                        context.channel().remoteAddress(),
                        kinds(cause));
            }
        } catch (Throwable noMemory) {
            // to end it is more important
        }
        try {
            context.close();
        } catch (Throwable noMemory) {
            // what is read next ends it
        }
    }

    /** Then it is closed by the handler that has thrown it. */
    private static boolean isOfTheConnection(Throwable cause) {
        return cause instanceof IOException || cause.getCause() instanceof SSLException;
    }

    /** Their texts may quote what was read. */
    private static String kinds(Throwable cause) {
        StringBuilder kinds = new StringBuilder();
        Throwable next = cause;
        for (int depth = 0; next != null && depth < MAX_DEPTH; depth++) {
            kinds.append(depth == 0 ? "" : ", by ").append(next.getClass().getName());
            next = next.getCause();
        }
        return kinds.toString();
    }
}
