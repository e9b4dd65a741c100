package dev.omnibus.internal.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TraceContextTest {

    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final Map<String, String> given = Map.of("tenant", "north");

    @AfterEach
    void leave() {
        TraceContext.leave(null);
    }

    @Test
    void theTraceOfWhatIsHandledIsPassedOnAndNothingElseOfIt() {
        TraceContext.enter(Map.of("traceparent", TRACE, "tracestate", "a=1", "secret", "s"));
        assertEquals(
                Map.of("tenant", "north", "traceparent", TRACE, "tracestate", "a=1"), TraceContext.passedOn(given));
    }

    @Test
    void aTraceThatTheProgramGivesIsKeptAndNotMixedWithAnother() {
        Map<String, String> own = Map.of("traceparent", "own");
        TraceContext.enter(Map.of("traceparent", TRACE, "tracestate", "a=1"));
        assertSame(own, TraceContext.passedOn(own));
    }

    @Test
    void whatNothingCanBeSentWithIsNotPassedOn() {
        for (String wrong : new String[] {"", "x".repeat(4_097)}) {
            TraceContext.enter(Map.of("traceparent", wrong));
            assertSame(given, TraceContext.passedOn(given));
            TraceContext.enter(Map.of("traceparent", TRACE, "tracestate", wrong));
            assertEquals(Map.of("traceparent", TRACE), TraceContext.passedOn(Map.of()));
        }
    }

    @Test
    void whatIsHandledInsideHidesWhatIsHandledOutsideUntilItIsLeft() {
        Map<String, String> outer = TraceContext.enter(Map.of("traceparent", TRACE));
        assertNull(outer);
        Map<String, String> before = TraceContext.enter(Map.of());
        assertSame(given, TraceContext.passedOn(given), "a trace of something else");
        TraceContext.leave(before);
        assertEquals(Map.of("traceparent", TRACE), TraceContext.passedOn(Map.of()));
        TraceContext.leave(outer);
        assertSame(given, TraceContext.passedOn(given));
    }
}
