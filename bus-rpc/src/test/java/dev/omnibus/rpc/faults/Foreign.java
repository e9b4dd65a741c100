package dev.omnibus.rpc.faults;

import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A program on the same Redis that is no node: it publishes what it likes, as fast as Redis takes it, and listens. */
final class Foreign implements AutoCloseable {

    private static final int UNDER_WAY = 256;

    private final RedissonTransport transport;
    private final Semaphore free = new Semaphore(UNDER_WAY);

    Foreign(String url) {
        transport = RedissonTransport.connect(url);
    }

    void publish(String channel, byte[] frame) {
        free.acquireUninterruptibly();
        transport.publish(List.of(new Publication(channel, frame, false, new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {
                free.release();
            }

            @Override
            public void failed(TransportException failure) {
                free.release();
            }
        })));
    }

    void listen(String glob, FrameListener listener) throws Exception {
        transport.subscribePattern(glob, listener).get(20, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        transport.close();
    }
}
