package dev.omnibus.transport.redisson.connection;

import static io.netty.channel.SelectStrategy.CONTINUE;
import static io.netty.channel.SelectStrategy.SELECT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.redisson.Commands;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.redisson.client.protocol.RedisCommands;

class BusyPollTest {

    private static final long PATIENCE = TimeUnit.MICROSECONDS.toNanos(100);

    private long now = Long.MAX_VALUE - 10;
    private int ready;
    private final BusyPoll poll = new BusyPoll(true, 2, () -> now, Commands.ALL_HOOKS);
    private final EmbeddedChannel channel = Commands.channel(poll);

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private int next(boolean hasTasks) throws Exception {
        return poll.calculateStrategy(() -> ready, hasTasks);
    }

    @Test
    void withoutSingleMessagesItSleepsWhenThereIsNothingToDo() throws Exception {
        assertEquals(SELECT, next(false));
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(SELECT, next(false));
    }

    @Test
    void whatThereIsToDoIsDoneAtOnce() throws Exception {
        ready = 3;
        assertEquals(3, next(true));
        poll.cameAlone();
        assertEquals(3, next(false));
    }

    @Test
    void afterAMessageItStaysAwakeForAMomentOnly() throws Exception {
        poll.cameAlone();
        now += 3 * PATIENCE; // so long it was passed on, and that does not count
        assertEquals(CONTINUE, next(false));
        now += PATIENCE - 1;
        assertEquals(CONTINUE, next(false));
        now++;
        assertEquals(SELECT, next(false));
        assertEquals(SELECT, next(false));
    }

    @Test
    void theFirstThingThatIsSentAfterASingleMessageIsTakenForItsAnswer() {
        Commands.write(channel, RedisCommands.PUBLISH);
        assertFalse(poll.isCalm());
        poll.cameAlone();
        Commands.write(channel, RedisCommands.PUBLISH);
        assertTrue(poll.isCalm());
        Commands.write(channel, RedisCommands.PUBLISH);
        assertFalse(poll.isCalm());
    }

    @Test
    void moreOfTheSameDoesNotKeepItAwakeLonger() throws Exception {
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
        now += PATIENCE / 2;
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
        now += PATIENCE / 2;
        assertEquals(SELECT, next(false));
        poll.cameAlone();
        assertEquals(SELECT, next(false), "it has waited in vain");
    }

    @Test
    void whatWasSentBeforeItCouldSleepDoesNotCount() throws Exception {
        waitInVain();
        poll.cameAlone(); // passed by
        poll.cameAlone();
        Commands.write(channel, RedisCommands.EXISTS);
        waitInVain();
        for (int i = 0; i < 3; i++) { // it has not paid between
            poll.cameAlone();
            assertEquals(SELECT, next(false));
        }
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
    }

    @Test
    void whenTheAnswerIsSentItStaysAwakeForWhatThatLeadsTo() throws Exception {
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
        now += PATIENCE / 2;
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(CONTINUE, next(false));
        now += PATIENCE - 1;
        assertEquals(CONTINUE, next(false));
        now++;
        assertEquals(SELECT, next(false));
    }

    @Test
    void whatElseIsSentEndsItAndBeginsNothing() throws Exception {
        poll.cameAlone();
        Commands.write(channel, RedisCommands.EXISTS);
        assertEquals(SELECT, next(false));
    }

    @Test
    void itPassesByTwiceAsManyOccasionsEachTimeThatItHasWaitedInVain() throws Exception {
        for (int passedBy : new int[] {0, 1, 3, 7, 15, 31, 63, 63, 63}) {
            for (int i = 0; i < passedBy; i++) {
                poll.cameAlone();
                assertEquals(SELECT, next(false), "the one after " + i + " of " + passedBy);
            }
            poll.cameAlone();
            assertEquals(CONTINUE, next(false), "after " + passedBy);
            now += PATIENCE;
            assertEquals(SELECT, next(false));
        }
    }

    @Test
    void whereItHasPaidOnceItIsDoneEachTimeAgain() throws Exception {
        waitInVain();
        poll.cameAlone(); // passed by
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
        Commands.write(channel, RedisCommands.EXISTS); // it has paid
        waitInVain(); // which is one time again
        poll.cameAlone();
        assertEquals(SELECT, next(false));
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
    }

    @Test
    void whatIsLearnedOfOneKindOfOccasionDoesNotCountForTheOther() throws Exception {
        waitInVain();
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(CONTINUE, next(false));
        Commands.answered(channel);
        poll.cameAlone(); // what was waited for, and itself passed by
        assertEquals(SELECT, next(false));
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(CONTINUE, next(false));
    }

    @Test
    void onOneProcessorItSleepsAtOnceBecauseOthersCouldNotGoOn() throws Exception {
        BusyPoll one = new BusyPoll(true, 1, () -> now, Commands.ALL_HOOKS);
        one.cameAlone();
        assertEquals(SELECT, one.calculateStrategy(() -> 0, false));
    }

    @Test
    void switchedOffItSleepsAtOnceAndStillKnowsWhenItIsCalm() throws Exception {
        BusyPoll off = new BusyPoll(false, 2, () -> now, Commands.ALL_HOOKS);
        off.cameAlone();
        assertEquals(SELECT, off.calculateStrategy(() -> 0, false));
        EmbeddedChannel sending = Commands.channel(off);
        Commands.write(sending, RedisCommands.PUBLISH);
        assertTrue(off.isCalm());
        assertEquals(SELECT, off.calculateStrategy(() -> 0, false));
        sending.finishAndReleaseAll();
    }

    private void waitInVain() throws Exception {
        poll.cameAlone();
        assertEquals(CONTINUE, next(false));
        now += PATIENCE;
        assertEquals(SELECT, next(false));
    }
}
