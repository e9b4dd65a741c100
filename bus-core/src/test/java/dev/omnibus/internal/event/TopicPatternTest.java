package dev.omnibus.internal.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Topic;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TopicPatternTest {

    @ParameterizedTest
    @CsvSource({
        "orders.placed, orders.placed, true",
        "orders.placed, orders.placed.late, false",
        "orders.*, orders.placed, true",
        "orders.*, orders, false",
        "orders.*, orders., false",
        "orders.*, orders.placed.late, false",
        "orders.**, orders.placed, true",
        "orders.**, orders.placed.late, true",
        "orders.**, orders, false",
        "orders.**, orders., false",
        "orders.**, orders.a..b, false",
        "*.placed, orders.placed, true",
        "*.placed, placed, false",
        "*.placed, orders.x.placed, false",
        "*.placed, orders.placedX, false",
        "a.*.c, a.b.c, true",
        "a.*.c, a.b.d, false",
        "*, orders, true",
        "*, orders.placed, false",
        "**, orders, true",
        "**, orders.placed, true",
        "**, or ders, false",
        "*.**, orders, false",
        "*.**, orders.placed.late, true"
    })
    void aPatternMatchesTokenByToken(String pattern, String topic, boolean matches) {
        assertEquals(matches, TopicPattern.parse(pattern).matches(topic));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", ".", "a.", ".a", "a..b", "a b", "ä", "a.***", "***", "a.**.b", "**.a", "a*", "*a", "a.b*", "a?",
                "[a]", "a.** ", "a:b", "*.", "****", "*.*a"
            })
    void whatIsNoTopicAndNoPatternIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> TopicPattern.parse(text));
        assertThrows(IllegalArgumentException.class, () -> TopicPattern.requireTopic(text));
    }

    @Test
    void theMessageSaysWhatATopicIsMadeOf() {
        assertEquals(
                "The topic \"a b\" must be tokens of letters, digits, '_' and '-' with dots between them, for instance"
                        + " \"orders.placed\"; a pattern may have '*' for one token and end with '**'",
                assertThrows(IllegalArgumentException.class, () -> TopicPattern.parse("a b"))
                        .getMessage());
        assertEquals(
                "The topic \"a.*\" must be tokens of letters, digits, '_' and '-' with dots between them, for instance"
                        + " \"orders.placed\"; patterns are for subscribing",
                assertThrows(IllegalArgumentException.class, () -> TopicPattern.requireTopic("a.*"))
                        .getMessage());
    }

    @Test
    void theGlobForRedisHasOneStarAndOnlyPatternsAreWildcards() {
        assertEquals("a.*", TopicPattern.parse("a.**").toGlob());
        assertEquals("a.*", TopicPattern.parse("a.*").toGlob());
        assertTrue(TopicPattern.parse("a.*").isWildcard());
        assertFalse(TopicPattern.parse("a.b").isWildcard());
    }

    @Test
    void aTopicOfVeryManyTokensOverflowsNoStack() {
        assertTrue(TopicPattern.parse("**").matches("a" + ".a".repeat(200_000)));
    }

    @Test
    void aTopicHasFiveHundredAndTwelveCharactersAtMost() {
        TopicPattern.requireTopic("a".repeat(512));
        TopicPattern.parse("a".repeat(510) + ".*");
        for (String wrong : List.of("a".repeat(513), "ä".repeat(1_000_000))) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> TopicPattern.requireTopic(wrong));
            assertTrue(
                    String.valueOf(e.getMessage())
                            .endsWith("…\" has " + wrong.length() + " characters; the limit is 512"),
                    e::getMessage);
            assertThrows(IllegalArgumentException.class, () -> TopicPattern.parse(wrong));
        }
    }

    @Test
    void anEventTypeThatSubscribersWouldNotTakeIsRefused() {
        Topic<String> topic = Topic.of("n", String.class);
        for (String wrong : List.of("", "a\nb", "x".repeat(1_025), "dev.omnibus.mark")) {
            assertThrows(IllegalArgumentException.class, () -> topic.withEventType(wrong));
        }
        assertEquals("x".repeat(1_024), topic.withEventType("x".repeat(1_024)).eventType());
    }
}
