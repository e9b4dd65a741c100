package dev.omnibus.examples.orders;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.examples.stage.DeskProcess;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Starts the desk as its users do, in a JVM of its own. */
@Tag("slow")
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OrderDeskIT {

    @Test
    void everyOrderIsBilledOnceAndNoProcessIsLeft() throws Exception {
        try (DeskProcess desk = new DeskProcess(OrderDesk.class)) {
            desk.readTo("2. The shop sells");
            desk.noteChildren(3);
            desk.assertEndsWell();
            assertTrue(desk.output().contains("  1,200 orders placed, 1,200 billed, EUR 130,"), desk::output);
            assertTrue(desk.output().contains("  o-0250, started 3 times: "), desk::output);
        }
    }
}
