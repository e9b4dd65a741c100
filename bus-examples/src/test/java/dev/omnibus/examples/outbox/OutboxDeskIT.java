package dev.omnibus.examples.outbox;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.examples.stage.DeskProcess;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Starts the desk as its users do, in a JVM of its own. */
@Tag("slow")
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OutboxDeskIT {

    @Test
    void everyOrderIsPublishedOnceThoughTheShopIsKilledBetweenCommitAndPublish() throws Exception {
        try (DeskProcess desk = new DeskProcess(OutboxDesk.class)) {
            desk.readTo("1. A shop");
            desk.noteChildren(1);
            desk.assertEndsWell();
            assertTrue(desk.output().contains("  placed 90, events on the topic 90, delivered 90"), desk::output);
        }
    }
}
