package dev.omnibus.rpc.internal.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How much one inbox gets at a time, by a clock that the test moves. */
class ReplyPacerTest {

    private static final int MEBIBYTE = 1024 * 1024;

    private final AtomicLong nanos = new AtomicLong(1);
    private final AtomicInteger sent = new AtomicInteger();
    private final ReplyPacer pacer = new ReplyPacer(task -> {}, (delay, task) -> {}, nanos::get);

    private void reply(String inbox, int bytes, int times) {
        for (int i = 0; i < times; i++) {
            pacer.pass(inbox, bytes, sent::incrementAndGet);
        }
    }

    private void pass(long millis) {
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @Test
    void whatIsLargeIsSpreadOverTimeInItsOrder() {
        reply("victim", MEBIBYTE, 10);
        assertEquals(2, sent.get(), "the burst");

        pass(20);
        pacer.release("victim");
        assertEquals(3, sent.get(), "on credit for the rest of it");
        pacer.release("victim");
        assertEquals(3, sent.get());
        for (int i = 1; i <= 7; i++) {
            pass(32);
            pacer.release("victim");
        }
        assertEquals(10, sent.get());
    }

    @Test
    void neitherSmallRepliesNorOtherInboxesWait() {
        reply("victim", MEBIBYTE, 10);

        reply("victim", 1_000, 50);
        reply("other", MEBIBYTE, 2);

        assertEquals(2 + 50 + 2, sent.get());
    }

    @Test
    void anInboxForWhichMuchWaitsIsCrowdedUntilItHasBeenSent() {
        reply("victim", MEBIBYTE, 10);
        assertTrue(pacer.isCrowded("victim"));
        assertFalse(pacer.isCrowded("other"));

        pass(500);
        pacer.release("victim");
        assertFalse(pacer.isCrowded("victim"));
    }

    @Test
    void whenMuchWaitsForAllTogetherEveryInboxThatWaitsIsCrowded() {
        for (int i = 0; i < 16; i++) {
            reply("inbox" + i, MEBIBYTE, 6);
        }
        assertTrue(pacer.isCrowded("inbox0"));
        assertFalse(pacer.isCrowded("other"));
    }

    @Test
    void inboxesThatAreNotUsedAreForgotten() {
        for (int i = 0; i < 10_000; i++) {
            reply("inbox" + i, 10_000, 1);
            pass(1);
        }
        assertTrue(pacer.inboxes() <= 1_024, () -> pacer.inboxes() + " inboxes");
    }

    @Test
    void anInboxThatWasNotUsedForDaysHasItsBurstAgain() {
        reply("weekly", 3 * MEBIBYTE, 1);
        for (int days = 1; days <= 10; days++) {
            sent.set(0);
            pass(TimeUnit.DAYS.toMillis(days));
            reply("weekly", 3 * MEBIBYTE, 1);
            assertEquals(1, sent.get(), days + " days later");
        }
    }

    @Test
    void aReplyThatCannotBeSentDoesNotHoldUpThoseBehindIt() {
        reply("inbox", 3 * MEBIBYTE, 1);
        pacer.pass("inbox", MEBIBYTE, () -> {
            throw new IllegalStateException("of the test");
        });
        reply("inbox", MEBIBYTE, 1);
        pass(500);

        pacer.release("inbox");

        assertEquals(2, sent.get());
        assertFalse(pacer.isCrowded("inbox"));
    }

    @Test
    void atTheEndEverythingIsSentAtOnce() {
        reply("victim", MEBIBYTE, 10);
        pacer.close();
        assertEquals(10, sent.get());
        reply("victim", MEBIBYTE, 10);
        assertEquals(20, sent.get());
    }

    /** One that finds no connection is sent again and again, and one that is too large never. */
    @Test
    void whatReachedNobodyIsNotHeldAgainstTheNextOnes() {
        for (int i = 0; i < 100; i++) {
            reply("returning", MEBIBYTE, 1);
            pacer.refund("returning", MEBIBYTE);
        }
        assertEquals(100, sent.get());
        reply("returning", MEBIBYTE, 10);
        assertEquals(102, sent.get(), "but no more than the burst");
        pacer.refund("unknown", MEBIBYTE);
        pacer.refund("returning", 10);
    }

    @Test
    void whoWaitsForWhatIsGivenBackGoesAtOnce() {
        ReplyPacer eager = new ReplyPacer(Runnable::run, (delay, task) -> {}, nanos::get);
        eager.pass("inbox", 20 * MEBIBYTE, sent::incrementAndGet);
        eager.pass("inbox", MEBIBYTE, sent::incrementAndGet);
        assertEquals(1, sent.get());
        eager.refund("inbox", 20 * MEBIBYTE);
        assertEquals(2, sent.get());
    }
}
