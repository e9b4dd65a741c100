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

    private final ReplyTracker<String> tracker = new ReplyTracker<>(Until.all());

    private static Reply<String> reply(String node) {
        return new Reply<>(node, "value", null, Duration.ZERO);
    }

    private Replies<String> end() {
        return tracker.end("echo.say", Reason.NODE_LOST, Duration.ZERO);
    }

    @Test
    void whoeverIsAskedLateDoesNotStandForAReceiverWhoIsStillSilent() {
        tracker.ask("listed");
        tracker.counted(2, true);
        tracker.add(reply("listed"), true);
        assertEquals(State.UNNAMED_LEFT, tracker.state());
        assertEquals(1, tracker.unnamed());

        assertTrue(tracker.askLate("joined"));
        assertEquals(State.OPEN, tracker.state());
        tracker.add(reply("joined"), true);
        assertEquals(State.UNNAMED_LEFT, tracker.state(), "it may have come after the question");
        assertEquals(1, tracker.unnamed(), "so the next one is asked, too");

        tracker.add(reply("receiver"), true);
        assertEquals(State.DONE, tracker.state());
        assertTrue(end().isComplete());
        assertEquals(3, end().values().size());
    }

    @Test
    void whoeverIsAskedLateIsTakenForTheReceiverIfNobodyElseIsHeardOf() {
        tracker.ask("listed");
        tracker.counted(2, true);
        tracker.add(reply("listed"), true);
        tracker.askLate("late");
        tracker.add(reply("late"), true);
        tracker.askLate("later still");
        assertEquals(
                State.UNNAMED_LEFT, tracker.state(), "whoever is silent of those asked late is not awaited for ever");

        assertTrue(end().isComplete());
        assertEquals(0, end().missingUnnamed());
        assertEquals(Map.of(), end().missing());
    }

    /** When it is asked a second time, after nobody had received it, and nobody knows whether somebody has now. */
    @Test
    void aCountThatIsNotKnownAnyMoreDecidesNothing() {
        tracker.ask("listed");
        tracker.counted(0, true);
        tracker.ask("listed");
        tracker.uncounted();
        assertEquals(State.OPEN, tracker.state(), "it may have received the second one");
        tracker.add(reply("listed"), true);
        assertEquals(State.DONE, tracker.state());
    }

    @Test
    void whoeverHasAnsweredIsNotAskedLate() {
        tracker.ask("listed");
        tracker.counted(3, true);
        tracker.add(reply("listed"), true);
        tracker.add(reply("young"), true);

        assertFalse(tracker.askLate("young"));
        assertFalse(tracker.askLate("listed"));
        assertEquals(State.UNNAMED_LEFT, tracker.state());
        assertEquals(Map.of(), end().missing());
        assertEquals(1, end().missingUnnamed());
    }

    @Test
    void whoeverIsAskedLateAndSilentIsMissingUnlessOthersAccountForAll() {
        tracker.ask("listed");
        tracker.counted(2, true);
        tracker.add(reply("listed"), true);
        tracker.askLate("late");
        assertEquals(Map.of("late", Reason.NODE_LOST), end().missing());
        assertFalse(end().isComplete());
    }
}
