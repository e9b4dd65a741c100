package dev.omnibus.rpc.internal.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallScopeTest {

    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final CallOptions given = CallOptions.defaults();

    @AfterEach
    void leave() {
        CallScope.set(null);
    }

    /** A call with these headers is being served. */
    private record Served(Map<String, String> headers) implements CallContext {

        @Override
        public String method() {
            return "echo.say";
        }

        @Override
        public String caller() {
            return "";
        }

        @Override
        public Duration timeLeft() {
            return Duration.ofSeconds(1);
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public void onCancel(Runnable action) {}

        @Override
        public boolean callerGone() {
            return false;
        }

        @Override
        public void onCallerGone(Runnable action) {}
    }

    private CallOptions within(String trace) {
        CallScope.set(new Served(Map.of("traceparent", trace)));
        return CallScope.passedOn(given);
    }

    @Test
    void theTraceOfTheServedCallIsPassedOn() {
        assertEquals(Map.of("traceparent", TRACE), within(TRACE).headers());
    }

    @Test
    void itIsPassedOnToACallThatHasAsManyHeadersAsThereMayBe() {
        CallOptions full = given;
        for (int i = 0; i < 32; i++) {
            full = full.withHeader("header" + i, "x".repeat(2_000));
        }
        CallScope.set(new Served(Map.of("traceparent", TRACE)));
        assertEquals(33, CallScope.passedOn(full).headers().size());
    }

    @Test
    void whatNoCallCanHaveForATraceIsNotPassedOn() {
        assertSame(given, within(""));
        assertSame(given, within("x".repeat(4_097)));
    }
}
