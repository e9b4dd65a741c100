package dev.omnibus.transport;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

@WithRedis
class RedisStreamsIT extends StreamsContract {

    private static final String SHIFT = "for _, key in ipairs(KEYS) do"
            + " for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do"
            + " if tonumber(redis.call('ZSCORE', key, member)) > 0 then"
            + " redis.call('ZINCRBY', key, -ARGV[1], member) end end end";
    private static final String AGE = "local left = redis.call('PTTL', KEYS[1])"
            + " if left > 0 then if redis.call('TYPE', KEYS[1]).ok == 'hash' then"
            + " redis.call('HINCRBY', KEYS[1], '', -ARGV[1]) end"
            + " redis.call('PEXPIRE', KEYS[1], left - ARGV[1]) end";

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
        pass(redis, keys, time);
    }

    @Override
    void forget() {
        delete(redis, keys);
    }

    @Test
    void whatIsAppendedIsHeardByPatternsToo() throws InterruptedException {
        assertHeard(listener -> transport.subscribePattern(keys.events() + "*", listener));
    }

    static void pass(RedisServer owner, StreamKeys keys, Duration time) {
        String by = String.valueOf(time.toMillis());
        owner.command("EVAL", SHIFT, "3", keys.leases("g"), keys.released("g"), keys.candidates("g"), by);
        List<String> expiring = List.of(keys.ids(), keys.earlierIds(), keys.holder("relay"));
        for (String key : expiring) {
            owner.command("EVAL", AGE, "1", key, String.valueOf(time.toMillis()));
        }
    }

    static void delete(RedisServer owner, StreamKeys keys) {
        if (owner.command("KEYS", keys.log() + "*") instanceof List<?> all) {
            all.forEach(key -> owner.command("DEL", String.valueOf(key)));
        }
    }
}
