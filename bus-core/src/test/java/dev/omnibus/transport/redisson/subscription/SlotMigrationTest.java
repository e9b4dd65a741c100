package dev.omnibus.transport.redisson.subscription;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.transport.FrameListener;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What two servers say of the same channel becomes one story. */
class SlotMigrationTest {

    private final List<String> told = new ArrayList<>();
    private final SlotMigration overlap =
            new SlotMigration(new Subscribed("c", Subscribed.Kind.PLAIN, new FrameListener() {
                @Override
                public void onFrame(String channel, byte[] frame) {
                    told.add(new String(frame, StandardCharsets.UTF_8));
                }

                @Override
                public void onInterrupted() {
                    told.add("interrupted");
                }
            }));

    private void old(String... frames) {
        for (String frame : frames) {
            overlap.onOld("c", frame.getBytes(StandardCharsets.UTF_8));
        }
    }

    private void fresh(String... frames) {
        for (String frame : frames) {
            overlap.onNew("c", frame.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void theOldServerCountsWhileBothDeliver() {
        old("1");
        overlap.stands();
        fresh("3");
        old("2", "3");
        fresh("2");
        overlap.end();
        fresh("4");
        assertEquals(List.of("1", "2", "3", "4"), told);
    }

    @Test
    void whatOnlyTheNewServerHasDeliveredWhenTheOldOneEndsIsDeliveredThen() {
        overlap.stands();
        fresh("1", "2", "3");
        old("1");
        overlap.end();
        assertEquals(List.of("1", "2", "3"), told);
        old("2", "3");
        assertEquals(List.of("1", "2", "3"), told);
    }

    @Test
    void whatTheNewServerDeliversLateIsNotDeliveredAgain() {
        old("0");
        overlap.stands();
        old("1", "2");
        fresh("0", "1");
        overlap.end();
        fresh("2", "3");
        assertEquals(List.of("0", "1", "2", "3"), told);
    }

    @Test
    void equalFramesAreDeliveredAsOftenAsTheyWerePublished() {
        overlap.stands();
        old("x", "x");
        fresh("x", "x");
        fresh("x");
        old("x");
        overlap.end();
        fresh("x");
        assertEquals(List.of("x", "x", "x", "x"), told);
    }

    @Test
    void aFloodIsForgottenInsteadOfFillingTheMemory() {
        overlap.stands();
        byte[] large = new byte[1024 * 1024];
        for (int i = 0; i < 40; i++) {
            large[0] = (byte) ('a' + i);
            overlap.onNew("c", large.clone());
        }
        assertEquals(40, told.size());
        assertEquals(true, overlap.isOver());
    }
}
