package dev.omnibus.transport;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;

@WithRedis
class RedisStreamsIT extends StreamsContract {

    private static final String SHIFT = "for _, key in ipairs(KEYS) do"
            + " for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do"
            + " if tonumber(redis.call('ZSCORE', key, member)) > 0 then"
            + " redis.call('ZINCRBY', key, -ARGV[1], member) end end end";

    private final RedisServer redis;

    RedisStreamsIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Override
    void pass(Duration time) {
        redis.command("EVAL", SHIFT, "2", keys.leases("g"), keys.released("g"), String.valueOf(time.toMillis()));
    }

    @Override
    void forget() {
        redis.command("FLUSHALL");
    }
}
