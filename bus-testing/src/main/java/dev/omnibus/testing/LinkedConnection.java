package dev.omnibus.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection through a {@link LinkProxy}. The proxy's reader takes what has arrived and finishes what a full socket
 * did not take; its writer delivers what is due.
 */
final class LinkedConnection {
    private static final Logger log = LoggerFactory.getLogger(LinkedConnection.class);
    private static final int MAX_WAITING = 8 * 1024 * 1024;

    private final SelectionKey client;
    private final SelectionKey server;
    private final Direction toServer;
    private final Direction toClient;
    private final AtomicInteger endedDirections = new AtomicInteger();

    private LinkedConnection(SelectionKey client, SelectionKey server) {
        this.client = client;
        this.server = server;
        this.toServer = new Direction(client, server);
        this.toClient = new Direction(server, client);
        client.attach(this);
        server.attach(this);
    }

    /** Begins to connect; until that is done, nothing is read. */
    static void open(SocketChannel client, InetSocketAddress address, Selector selector) throws IOException {
        SocketChannel server = SocketChannel.open();
        LinkedConnection connection = new LinkedConnection(register(client, selector), register(server, selector));
        try {
            if (server.connect(address)) {
                connection.connected();
            } else {
                connection.server.interestOps(SelectionKey.OP_CONNECT);
            }
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    private static SelectionKey register(SocketChannel channel, Selector selector) throws IOException {
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return channel.register(selector, 0);
    }

    private void connected() {
        client.interestOps(SelectionKey.OP_READ);
        server.interestOps(SelectionKey.OP_READ);
    }

    /** Does what a socket is ready for, on the reader's thread. What has arrived goes to the consumer. */
    void selected(SelectionKey key, ByteBuffer buffer, BiConsumer<Direction, ByteBuffer> arrived) throws IOException {
        if (key.isConnectable() && ((SocketChannel) key.channel()).finishConnect()) {
            connected();
        }
        if (key.isWritable()) {
            (key == server ? toServer : toClient).write();
        }
        if (key.isReadable()) {
            (key == client ? toServer : toClient).read(buffer, arrived);
        }
    }

    /** Ends both sides at once. Idempotent. */
    void close() {
        for (SelectionKey key : new SelectionKey[] {client, server}) {
            try {
                key.channel().close();
            } catch (IOException e) {
                log.debug("A socket did not close", e);
            }
        }
        client.selector().wakeup(); // until then the system holds them open
    }

    /** One direction. The end of a stream is an empty buffer. */
    final class Direction {
        private final SelectionKey from;
        private final SelectionKey to;

        /** What is due and not written yet. Guarded by this, as what follows. */
        private final Deque<ByteBuffer> due = new ArrayDeque<>();

        /** Bytes that were read and not written yet. */
        private long waiting;

        private boolean ended;

        private Direction(SelectionKey from, SelectionKey to) {
            this.from = from;
            this.to = to;
        }

        private void read(ByteBuffer buffer, BiConsumer<Direction, ByteBuffer> arrived) {
            int length = readInto(buffer.clear());
            if (length < 0) {
                stopReading();
                arrived.accept(this, ByteBuffer.allocate(0));
            } else if (length > 0) {
                took(length);
                arrived.accept(
                        this, ByteBuffer.allocate(length).put(buffer.flip()).flip());
            }
        }

        /** A reset is an end too, and arrives after what was sent before it. */
        private int readInto(ByteBuffer buffer) {
            try {
                return ((SocketChannel) from.channel()).read(buffer);
            } catch (IOException e) {
                log.debug("A connection was reset", e);
                return -1;
            }
        }

        private synchronized void stopReading() {
            ended = true;
            from.interestOpsAnd(~SelectionKey.OP_READ);
        }

        /** Reads no more while too much waits. */
        private synchronized void took(int bytes) {
            waiting += bytes;
            if (waiting >= MAX_WAITING) {
                from.interestOpsAnd(~SelectionKey.OP_READ);
            }
        }

        private void gave(int bytes) {
            boolean wasMuch = waiting >= MAX_WAITING / 2;
            waiting -= bytes;
            if (wasMuch && waiting < MAX_WAITING / 2 && !ended) {
                from.interestOpsOr(SelectionKey.OP_READ);
                from.selector().wakeup();
            }
        }

        /** Writes what is due now, on the writer's thread. */
        void deliver(ByteBuffer bytes) {
            try {
                synchronized (this) {
                    due.add(bytes);
                    if (due.size() == 1) { // or the reader's thread is at it
                        write();
                    }
                }
            } catch (IOException | CancelledKeyException e) {
                log.debug("A connection has ended", e);
                close();
            }
        }

        private synchronized void write() throws IOException {
            SocketChannel channel = (SocketChannel) to.channel();
            for (ByteBuffer next = due.peek(); next != null; next = due.peek()) {
                if (next.limit() == 0) {
                    end(channel);
                } else {
                    gave(channel.write(next));
                }
                if (next.hasRemaining()) {
                    to.interestOpsOr(SelectionKey.OP_WRITE);
                    to.selector().wakeup();
                    return;
                }
                due.remove();
            }
            to.interestOpsAnd(~SelectionKey.OP_WRITE);
        }

        private void end(SocketChannel channel) throws IOException {
            channel.shutdownOutput();
            if (endedDirections.incrementAndGet() == 2) {
                close();
            }
        }
    }
}
