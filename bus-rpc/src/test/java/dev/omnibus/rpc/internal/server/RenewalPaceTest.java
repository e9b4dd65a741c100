package dev.omnibus.rpc.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RenewalPaceTest {

    private static final Duration FOR_EVER = Duration.ofDays(365);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final RenewalPace pace = new RenewalPace();
    private long now = Long.MAX_VALUE - 100 * SECOND; // as it may be

    /** How often it is renewed when it is looked at each second. */
    private int renewals(int seconds, boolean busy, Duration quiet) {
        int renewals = 0;
        for (int i = 0; i < seconds; i++) {
            now += SECOND;
            if (pace.isDue(now)) {
                pace.renewed(now, busy, quiet);
                renewals++;
            }
        }
        return renewals;
    }

    @Test
    void aQueueWithCallsIsRenewedEachSecond() {
        assertEquals(60, renewals(60, false, Duration.ZERO));
        assertEquals(60, renewals(60, true, FOR_EVER)); // an answer is on its way
    }

    @Test
    void anEmptyQueueIsRenewedLessAndLessOften() {
        renewals(60, false, FOR_EVER);
        int renewals = renewals(3_600, false, FOR_EVER);
        assertTrue(renewals <= 3_600 / 11 && renewals >= 3_600 / 16, () -> renewals + " in an hour");
    }

    @Test
    void aNoticeWakesItAndADelayedCallIsWaitedFor() {
        renewals(60, false, FOR_EVER);
        assertFalse(pace.isDue(now + SECOND) && pace.isDue(now));
        pace.wake(now);
        assertEquals(1, renewals(1, false, Duration.ofSeconds(2)));
        assertFalse(pace.isDue(now));
        assertTrue(pace.isDue(now + 2 * SECOND));
    }

    @Test
    void aLeaseThatMayHaveEndedIsNotReliedOn() {
        assertTrue(pace.isDue(now));
        assertFalse(pace.isStale(now)); // there is none yet
        pace.renewed(now, false, FOR_EVER);
        assertFalse(pace.isStale(now + SECOND));
        assertTrue(pace.isStale(now + 3 * SECOND));
    }
}
