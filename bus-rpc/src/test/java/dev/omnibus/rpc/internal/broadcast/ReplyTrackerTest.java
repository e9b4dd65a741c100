package dev.omnibus.rpc.internal.broadcast;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.Reply;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.Until;
import dev.omnibus.rpc.internal.broadcast.ReplyTracker.State;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What follows from who was asked, who received it and who has answered. */
class ReplyTrackerTest {

    private final ReplyTracker<String> tally = new ReplyTracker<>(Until.all());

    private static Reply<String> reply(String node) {
        return new Reply<>(node, "value", null, Duration.ZERO);
    }

    private Replies<String> end() {
        return tally.end("echo.say", Reason.NODE_LOST, Duration.ZERO);
    }

    @Test
    void whoeverIsAskedLateDoesNotStandForAReceiverWhoIsStillSilent() {
        tally.ask("listed");
        tally.counted(2, true);
        tally.add(reply("listed"), true);
        assertEquals(State.UNNAMED_LEFT, tally.state());
        assertEquals(1, tally.unnamed());

        assertTrue(tally.askLate("joined"));
        assertEquals(State.OPEN, tally.state());
        tally.add(reply("joined"), true);
        assertEquals(State.UNNAMED_LEFT, tally.state(), "it may have come after the question");
        assertEquals(1, tally.unnamed(), "so the next one is asked, too");

        tally.add(reply("receiver"), true);
        assertEquals(State.DONE, tally.state());
        assertTrue(end().isComplete());
        assertEquals(3, end().values().size());
    }

    @Test
    void whoeverIsAskedLateIsTakenForTheReceiverIfNobodyElseIsHeardOf() {
        tally.ask("listed");
        tally.counted(2, true);
        tally.add(reply("listed"), true);
        tally.askLate("late");
        tally.add(reply("late"), true);
        tally.askLate("later still");
        assertEquals(
                State.UNNAMED_LEFT, tally.state(), "whoever is silent of those asked late is not awaited for ever");

        assertTrue(end().isComplete());
        assertEquals(0, end().missingUnnamed());
        assertEquals(Map.of(), end().missing());
    }

    /** When it is asked a second time, after nobody had received it, and nobody knows whether somebody has now. */
    @Test
    void aCountThatIsNotKnownAnyMoreDecidesNothing() {
        tally.ask("listed");
        tally.counted(0, true);
        tally.ask("listed");
        tally.uncounted();
        assertEquals(State.OPEN, tally.state(), "it may have received the second one");
        tally.add(reply("listed"), true);
        assertEquals(State.DONE, tally.state());
    }

    @Test
    void whoeverHasAnsweredIsNotAskedLate() {
        tally.ask("listed");
        tally.counted(3, true);
        tally.add(reply("listed"), true);
        tally.add(reply("young"), true);

        assertFalse(tally.askLate("young"));
        assertFalse(tally.askLate("listed"));
        assertEquals(State.UNNAMED_LEFT, tally.state());
        assertEquals(Map.of(), end().missing());
        assertEquals(1, end().missingUnnamed());
    }

    @Test
    void whoeverIsAskedLateAndSilentIsMissingUnlessOthersAccountForAll() {
        tally.ask("listed");
        tally.counted(2, true);
        tally.add(reply("listed"), true);
        tally.askLate("late");
        assertEquals(Map.of("late", Reason.NODE_LOST), end().missing());
        assertFalse(end().isComplete());
    }
}
