package dev.omnibus.tools.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.watch.Exchange;
import dev.omnibus.tools.watch.Seen;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a filter lets through, and what of a message may be shown. */
class FilterTest {

    private static final String CARD = "4711-0815";
    private static final String ORDER = "{\"data\":{\"sku\":\"sku-1\",\"card\":\"" + CARD + "\",\"pieces\":3}}";

    private final Content content = new Content(new ObjectMapper(), ConsoleOptions.defaults());

    private static Seen seen(Seen.Kind kind, String name, int code, String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return new Seen(Instant.EPOCH, 0, kind, "", name, "shop-1", "", "", "7", 0, 0, code, "", bytes);
    }

    private boolean fits(String filter, Seen seen) {
        return new Filter(filter).fits(seen, content);
    }

    @ParameterizedTest
    @CsvSource({
        "'', true",
        "orders.*, true",
        "stock.*, false",
        "placed, true",
        "SHOP, true",
        "event, true",
        "call, false",
        "call event, true",
        "event orders.* shop, true",
        "event orders.* stock, false",
        "/data/sku=sku-1, true",
        "/data/pieces=3, true",
        "/data/sku=sku-2, false",
        "/data/none=x, false",
        "failed, false",
        ">1ms, false"
    })
    void anEventFitsIfEveryWordDoes(String filter, boolean fits) {
        assertEquals(fits, fits(filter, seen(Seen.Kind.EVENT, "orders.placed", 0, ORDER)));
    }

    @Test
    void whatSaysNothingToPeopleIsShownOnlyIfItIsAskedFor() {
        assertFalse(fits("", seen(Seen.Kind.HEARTBEAT, "", 0, "{}")));
        assertFalse(fits("", seen(Seen.Kind.MARKER, "orders.placed", 0, "{}")));
        assertTrue(fits("heartbeat", seen(Seen.Kind.HEARTBEAT, "", 0, "{}")));
    }

    @Test
    void whetherACallHasFailedOrWasSlowIsKnownFromItsReplies() {
        Seen request = seen(Seen.Kind.REQUEST, "stock.left", 0, "{}");
        Traced call = new Traced(1, request);
        Filter failed = new Filter("failed");
        Filter slow = new Filter(">5ms");
        assertTrue(failed.needsReplies() && failed.fits(request, content) && !failed.fits(call));
        Exchange.Answer wrong = new Exchange.Answer(seen(Seen.Kind.REPLY, "", -32_000, "{}"), Duration.ofMillis(6));
        call.answered(new Exchange(request, List.of(wrong), Set.of(), false));
        assertTrue(failed.fits(call));
        assertTrue(slow.fits(call));
        assertFalse(new Filter(">7ms").fits(call));
        Traced silent = new Traced(2, request);
        silent.ended(new Exchange(request, List.of(), Set.of("stock-1"), false));
        assertTrue(failed.fits(silent));
    }

    @ParameterizedTest
    @ValueSource(strings = {">soon", "/data/sku", "a..*"})
    void whatIsNoFilterIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> new Filter(text));
    }

    @Test
    void aMaskedValueIsNeitherShownNorFound() {
        Seen order = seen(Seen.Kind.EVENT, "orders.placed", 0, ORDER);
        Content masked =
                new Content(new ObjectMapper(), ConsoleOptions.defaults().masking("/data/card"));
        ObjectNode whole = JsonNodeFactory.instance.objectNode();
        masked.whole(order, whole);
        assertFalse(whole.toString().contains(CARD));
        assertFalse(masked.preview(order).contains(CARD));
        assertTrue(masked.preview(order).contains("sku-1"));
        assertFalse(new Filter("/data/card=" + CARD).fits(order, masked));
        Seen broken = seen(Seen.Kind.BAD, "orders.placed", 0, "no json " + CARD);
        masked.whole(broken, whole);
        assertFalse((whole + masked.preview(broken)).contains(CARD));
    }

    @Test
    void withoutBodiesNothingOfAMessageIsShown() {
        Seen order = seen(Seen.Kind.EVENT, "orders.placed", 0, ORDER);
        Content none = new Content(new ObjectMapper(), ConsoleOptions.defaults().withoutBodies());
        ObjectNode whole = JsonNodeFactory.instance.objectNode();
        none.whole(order, whole);
        assertFalse((whole + none.preview(order)).contains("sku"));
        assertFalse(new Filter("/data/sku=sku-1").fits(order, none));
    }

    @Test
    void aLargeMessageIsCutBetweenCharacters() {
        Seen large = seen(Seen.Kind.EVENT, "a.b", 0, "x" + "\u20ac".repeat(200_000));
        ObjectNode whole = JsonNodeFactory.instance.objectNode();
        content.whole(large, whole);
        assertTrue(whole.path("cut").asBoolean());
        assertFalse(whole.path("text").asText().contains("\ufffd"));
        assertTrue(content.preview(large).length() <= Content.PREVIEW_CHARS);
    }
}
