package dev.omnibus.examples.stage;

import dev.omnibus.testing.RedisServer;

/**
 * A process that holds the Redis of the demonstration. A Redis that the desk had started itself would outlive a desk
 * that is killed; this one's end is the end of its Redis, and it ends with the desk whatever happens to that.
 */
public final class RedisKeeper {

    private RedisKeeper() {}

    /**
     * Keeps a Redis until standard input ends.
     *
     * @param args none
     */
    public static void main(String[] args) {
        ChildMain.run(() -> {
            RedisServer redis = RedisServer.obtain(); // closed when the JVM ends
            System.out.println("origin " + redis.origin());
            System.out.println("url " + redis.url());
        });
    }
}
