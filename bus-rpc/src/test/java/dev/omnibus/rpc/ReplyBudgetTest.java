package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.rpc.ReplyBudget.Reservation;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who may ask now, and who waits until there is room for the answers. */
class ReplyBudgetTest {

    private static final int MEBIBYTE = 1024 * 1024;

    private final ReplyBudget budget = new ReplyBudget(Runnable::run);
    private final List<String> sent = new CopyOnWriteArrayList<>();

    private Reservation ask(String name, String method, int nodes) {
        return budget.reserve(method, nodes, () -> sent.add(name));
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
        budget.observed("export.get", 9 * MEBIBYTE);
        budget.observed("user.get", 2_000);
        ask("export", "export.get", 1);
        ask("another export", "export.get", 1);
        ask("user", "user.get", 1);
        ask("unknown", "any.get", 1);
        assertEquals(List.of("export", "user", "unknown"), sent);
    }

    @Test
    void whatIsSmallHasABoundToo() {
        budget.observed("page.get", 60_000);
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
        budget.observed("echo.say", 20);
        budget.observed("report.get", MEBIBYTE);
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
        budget.observed("report.get", MEBIBYTE);
        for (int i = 0; i < 200; i++) {
            budget.observed("report.get", 10);
        }
        assertFalse(budget.counts("report.get"));
    }
}
