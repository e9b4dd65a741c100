package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

@ExtendWith(LeakCheckTest.Context.class)
class LeakCheckTest {

    private static final Duration SOON = Duration.ofMillis(100);

    static final class Context implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == ExtensionContext.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context;
        }
    }

    @Test
    void whatWasThereBeforeMayStay(ExtensionContext context) {
        List<String> things = new ArrayList<>(List.of("old"));
        LeakCheck check = LeakCheck.ofThreads("leak-check-none").and("things", () -> things);
        check.beforeEach(context);
        things.remove("old");
        check.afterEach(context);
        check.beforeEach(context);
        check.afterEach(context);
    }

    @Test
    void whatIsLeftBehindIsNamed(ExtensionContext context) {
        List<String> things = new ArrayList<>(List.of("old"));
        LeakCheck check = LeakCheck.ofThreads("leak-check-none").and("things", () -> things);
        check.beforeEach(context);
        things.add("new");
        check.within(SOON);
        AssertionError e = assertThrows(AssertionError.class, () -> check.afterEach(context));
        assertTrue(String.valueOf(e.getMessage()).contains("things [new]"), e.getMessage());
    }

    @Test
    void aThreadThatEndsInTimeIsNoLeak(ExtensionContext context) {
        LeakCheck check = LeakCheck.ofThreads("leak-check-short");
        check.beforeEach(context);
        new Thread(() -> {}, "leak-check-short").start();
        check.afterEach(context);
    }

    @Test
    void channelsAndLastingKeysAreSeen(ExtensionContext context) {
        try (RedisServer redis = RedisServer.start()) {
            LeakCheck check = LeakCheck.ofThreads("leak-check-none")
                    .channelsOf(() -> redis)
                    .keysOf(() -> redis);
            check.beforeEach(context);
            redis.command("SET", "expires", "1", "EX", "100");
            check.afterEach(context);
            redis.command("SET", "stays", "1");
            check.within(SOON);
            AssertionError e = assertThrows(AssertionError.class, () -> check.afterEach(context));
            assertTrue(String.valueOf(e.getMessage()).contains("keys [stays]"), e.getMessage());
        }
    }
}
