package dev.omnibus.rpc.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MethodMeterTest {

    @Test
    void aBucketIsAnEighthWideAtMostAndTheyFollowEachOtherWithoutAGap() {
        for (int bucket = 1; bucket < 270; bucket++) {
            long first = MethodMeter.most(bucket - 1) + 1;
            long last = MethodMeter.most(bucket);
            assertEquals(bucket, MethodMeter.bucket(first));
            assertEquals(bucket, MethodMeter.bucket(last));
            assertTrue(last - first <= first / 8, () -> first + " to " + last);
        }
        assertEquals(MethodMeter.bucket(Long.MAX_VALUE), MethodMeter.bucket(Long.MAX_VALUE / 2));
    }

    @Test
    void quantilesAreThoseOfTheCallsThatWereExecuted() {
        MethodMeter meter = new MethodMeter();
        for (int i = 1; i <= 1_000; i++) {
            meter.ended(TimeUnit.MILLISECONDS.toNanos(i), i == 1_000 ? Reason.FAULT : null);
        }
        meter.ended(TimeUnit.HOURS.toNanos(1), Reason.OVERLOADED);
        NodeStats.Method stats = meter.stats(2, 3);
        assertEquals(1_001, stats.calls());
        assertEquals(Map.of(Reason.FAULT, 1L, Reason.OVERLOADED, 1L), stats.failed());
        assertEquals(2, stats.running());
        assertEquals(3, stats.waiting());
        assertIsAbout(500, stats.p50());
        assertIsAbout(950, stats.p95());
        assertIsAbout(990, stats.p99());
        assertEquals(Duration.ofSeconds(1), stats.max());
    }

    @Test
    void withoutACallThereIsNothingToSay() {
        NodeStats.Method stats = new MethodMeter().stats(0, 0);
        assertEquals(
                new NodeStats.Method(0, Map.of(), 0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO),
                stats);
    }

    private static void assertIsAbout(long millis, Duration quantile) {
        assertTrue(quantile.toMillis() >= millis && quantile.toMillis() <= millis * 9 / 8, quantile::toString);
    }
}
