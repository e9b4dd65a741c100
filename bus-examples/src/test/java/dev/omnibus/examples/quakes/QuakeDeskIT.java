package dev.omnibus.examples.quakes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.examples.stage.DeskProcess;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts the desk as its users do, in a JVM of its own. */
@Tag("slow")
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QuakeDeskIT {

    private final DeskProcess desk = new DeskProcess(QuakeDesk.class);

    @AfterEach
    void killWhatIsLeft() {
        desk.close();
    }

    @Test
    void allTotalsAreRightAndNoProcessIsLeft() throws Exception {
        desk.readTo("4. Calls");
        desk.noteChildren(5);
        desk.assertEndsWell();
        assertEquals(List.of("437", "416", "465", "389", "1,707", "1,707"), received(), desk::output);
        assertTrue(desk.output().contains("missing 1 (the node that was killed)"), desk::output);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noProcessIsLeftWhenTheDeskIsEndedOverIt(boolean forcibly) throws Exception {
        desk.readTo("  427 of");
        desk.noteChildren(5);
        desk.end(forcibly);
        desk.assertEveryProcessHasEnded();
    }

    private List<String> received() {
        return Pattern.compile("(?m)^  (?:catalogue-\\S+|alerts|statistics) +([\\d,]+) +\\1 +0 +0 +0$")
                .matcher(desk.output())
                .results()
                .map((MatchResult row) -> row.group(1))
                .toList();
    }
}
