package dev.omnibus.transport.redisson.connection;

import io.netty.bootstrap.Bootstrap;
import io.netty.util.HashedWheelTimer;
import java.lang.reflect.Field;
import org.redisson.client.RedisClientConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a daemon of the thread of Redisson's timer, before it is started. Redisson 4.7.0 makes it a user thread and
 * lets nobody choose: a program that has failed would never exit. Whether a process lives on is decided by the bus.
 */
final class DaemonTimer {

    private static final Logger LOG = LoggerFactory.getLogger(DaemonTimer.class);

    private DaemonTimer() {}

    /** To be called for every client that Redisson makes. The first one is made before anything is timed. */
    static void of(Bootstrap bootstrap) {
        try {
            RedisClientConfig config =
                    (RedisClientConfig) field(bootstrap.config().handler(), "config");
            Thread thread = (Thread) field(config.getTimer(), HashedWheelTimer.class, "workerThread");
            if (thread.getState() == Thread.State.NEW) {
                thread.setDaemon(true);
            }
        } catch (ReflectiveOperationException | RuntimeException e) { // another version: it works, but for this
            LOG.debug("The timer of this version of Redisson keeps the process alive until the bus is closed", e);
        }
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        return field(of, of.getClass(), name);
    }

    private static Object field(Object of, Class<?> type, String name) throws ReflectiveOperationException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }
}
