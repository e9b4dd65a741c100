package dev.omnibus.rpc.internal.client;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.concurrent.Timer;
import dev.omnibus.rpc.internal.client.ReplyBudget.Reservation;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who may ask now, and who waits until there is room for the answers. */
class ReplyBudgetTest {

    private static final int MEBIBYTE = 1024 * 1024;

    private final ReplyBudget budget = new ReplyBudget(Runnable::run, new Timer("test-timer").on(Runnable::run));
    private final List<String> sent = new CopyOnWriteArrayList<>();

    private Reservation ask(String name, String method, int nodes) {
        Reservation reservation = budget.reserve(method, nodes);
        reservation.whenRoom(() -> sent.add(name));
        return reservation;
    }

    private static void answer(Reservation reservation, int bytes, int times) {
        for (int i = 0; i < times; i++) {
            reservation.replied(bytes);
        }
    }

    @Test
    void broadcastsWithLargeAnswersGoOneAfterTheOther() {
        Reservation first = ask("first", "report.get", 16);
        Reservation second = ask("second", "report.get", 16);
        Reservation third = ask("third", "report.get", 16);
        assertEquals(List.of("first"), sent, "whose answers will tell how large they are");

        answer(first, MEBIBYTE, 15);
        assertEquals(List.of("first"), sent);
        answer(first, MEBIBYTE, 1);
        assertEquals(List.of("first", "second"), sent);
        second.end(); // by its timeout, say
        assertEquals(List.of("first", "second", "third"), sent);
        third.end();
        first.end();
        assertEquals(0, budget.expected());
    }

    @Test
    void broadcastsWithSmallAnswersWaitForNothingButTheVeryFirstAnswer() {
        Reservation first = ask("first", "echo.say", 100);
        for (int i = 0; i < 50; i++) {
            ask("next", "echo.say", 100);
        }
        assertEquals(1, sent.size());
        answer(first, 20, 1);
        assertEquals(51, sent.size());
    }

    @Test
    void broadcastsOfOtherMethodsDoNotWaitForOneThatHasNoAnswerYet() {
        ask("first", "slow.say", 100);
        ask("second", "slow.say", 100);
        ask("other", "echo.say", 100);
        assertEquals(List.of("first", "other"), sent);

        await().atMost(20, SECONDS).until(() -> sent.contains("second"));
    }

    @Test
    void theFirstOneMayEndWithoutAnAnswer() {
        Reservation first = ask("first", "slow.say", 100);
        ask("second", "slow.say", 100);
        first.end();
        assertEquals(List.of("first", "second"), sent);
    }

    @Test
    void whatIsSmallDoesNotWaitBehindWhatIsLarge() {
        budget.observed("export.get", 9 * MEBIBYTE, true);
        budget.observed("user.get", 2_000, true);
        ask("export", "export.get", 1);
        ask("another export", "export.get", 1);
        ask("user", "user.get", 1);
        ask("unknown", "any.get", 1);
        assertEquals(List.of("export", "user", "unknown"), sent);
    }

    @Test
    void whatIsSmallHasABoundToo() {
        budget.observed("page.get", 60_000, true);
        List<Reservation> pages = IntStream.range(0, 200)
                .mapToObj(i -> ask("page", "page.get", 1))
                .toList();
        assertEquals(ReplyBudget.MAX_SMALL_BYTES / 60_000, sent.size());
        pages.forEach(Reservation::end);
        assertEquals(0, budget.expected());
    }

    @Test
    void oneAloneMayBeLargerThanWhatThereIs() {
        answer(ask("first", "report.get", 100), MEBIBYTE, 100);
        Reservation second = ask("second", "report.get", 100);
        ask("third", "report.get", 100);
        assertEquals(List.of("first", "second"), sent);
        second.end();
        assertEquals(List.of("first", "second", "third"), sent);
    }

    @Test
    void callsAreCountedWhereTheirAnswersAreLarge() {
        budget.observed("echo.say", 20, true);
        budget.observed("report.get", MEBIBYTE, true);
        assertFalse(budget.counts("echo.say"));
        assertTrue(budget.counts("report.get"));
        List<Reservation> calls = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(ask("call", "report.get", 1));
        }
        assertEquals(16, sent.size());
        calls.get(0).end();
        calls.get(1).end();
        assertEquals(18, sent.size());
        calls.get(19).end();
        calls.forEach(Reservation::end);
        assertEquals(19, sent.size(), "the last one has ended before it was its turn");
        assertEquals(0, budget.expected());
    }

    @Test
    void whatWasLargeOnceIsForgottenInTime() {
        budget.observed("report.get", MEBIBYTE, true);
        for (int i = 0; i < 200; i++) {
            budget.observed("report.get", 10, true);
        }
        assertFalse(budget.counts("report.get"));
    }

    @Test
    void errorsTellLittleOfHowLargeResultsAre() {
        Reservation first = ask("first", "report.get", 16);
        ask("second", "report.get", 16);
        first.failed(100); // of a node that is busy, say
        assertEquals(List.of("first"), sent, "whose results will tell how large they are");
        answer(first, MEBIBYTE, 1);
        assertEquals(List.of("first"), sent);
        for (int i = 0; i < 14; i++) {
            first.failed(100);
        }
        assertEquals(List.of("first", "second"), sent);

        budget.observed("export.get", 9 * MEBIBYTE, true);
        for (int i = 0; i < 200; i++) {
            budget.observed("export.get", 100, false);
        }
        ask("export", "export.get", 1);
        ask("another export", "export.get", 1);
        assertEquals(List.of("first", "second"), sent, "two of these and sixteen more have no room");
    }

    @Test
    void errorsMayBeLargeThemselves() {
        budget.observed("report.get", 9 * MEBIBYTE, false);
        ask("first", "report.get", 1);
        ask("second", "report.get", 1);
        assertEquals(List.of("first"), sent);
    }

    @Test
    void whatGivesNothingButErrorsIsKnownAllTheSame() {
        Reservation first = ask("first", "broken.get", 3);
        ask("second", "broken.get", 3);
        for (int i = 0; i < 3; i++) {
            first.failed(100);
        }
        first.end();
        ask("third", "broken.get", 3);
        assertEquals(List.of("first", "second", "third"), sent);
    }

    @Test
    void whoAsksAgainTakesHisOwnPlace() {
        budget.observed("export.get", 9 * MEBIBYTE, true);
        Reservation first = ask("first", "export.get", 1);
        Reservation second = ask("second", "export.get", 1);
        ask("third", "export.get", 1);
        second.whenRoom(() -> sent.add("second again"));
        assertEquals(List.of("first"), sent, "it does not get past those who wait");

        first.end();
        assertEquals(List.of("first", "second again"), sent, "once, and as it was said last");
        second.whenRoom(() -> sent.add("second once more"));
        assertEquals(List.of("first", "second again", "second once more"), sent, "there is room for it until it ends");
        second.end();
        second.whenRoom(() -> sent.add("too late"));
        assertEquals(List.of("first", "second again", "second once more", "third"), sent);
    }
}
