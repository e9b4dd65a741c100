package dev.omnibus.tools.console;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.demo.SampleShop;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The page in a real browser. Skipped where there is none, unless {@code OMNIBUS_BROWSER_REQUIRED} is set. */
@Tag("slow")
class ConsoleBrowserIT {

    /** How long the flood lasts; {@code -Dconsole.seconds=30} for long. */
    private static final int FLOOD_SECONDS = Integer.getInteger("console.seconds", 3);

    /** {@code -Dconsole.idle=true}: the machine does nothing else, so the page is held to its frame rate. */
    private static final boolean IDLE = Boolean.getBoolean("console.idle");

    private static final int FLOOD_RATE = 5_000;
    private static final int MIB = 1024 * 1024;
    private static final int MAX_MESSAGE = 8 * MIB;
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Path SCREENSHOTS = Path.of("target", "console");

    private static RedisServer redis;
    private static Browser browser;

    private Bus watching;
    private Bus other;
    private Console console;

    @BeforeAll
    static void startAll() throws Exception {
        Optional<Path> found = Browser.find();
        assumeTrue(found.isPresent(), "there is no Chromium");
        redis = RedisServer.start();
        browser = Browser.start(found.orElseThrow());
    }

    @AfterAll
    static void endAll() throws Exception {
        if (browser != null) {
            browser.close();
            redis.close();
        }
    }

    @BeforeEach
    void startConsole() {
        watching = bus("console");
        other = bus("other");
        console = Console.start(watching, ConsoleOptions.defaults().allowCalls("stock.*"), ServerView.none());
    }

    @AfterEach
    void endConsole() {
        console.close();
        watching.close();
        other.close();
    }

    private static Bus bus(String name) {
        return Bus.builder(redis.url())
                .name(name)
                .maxMessageBytes(MAX_MESSAGE)
                .outboxBytes(64L * MIB)
                .build();
    }

    private Browser.Tab open() throws Exception {
        Browser.Tab tab = browser.open(console.address(), 1280, 800, false);
        await("the page").atMost(SOON).until(() -> tab.is("document.querySelector('.light.live')"));
        return tab;
    }

    /** Shows the tail with a filter, and waits until it holds: until then events on this topic may be missed. */
    private void live(Browser.Tab tab, String filter, String topic) throws Exception {
        tab.evaluate("window.hacked = 0; location.hash = '#/live/' + encodeURIComponent('" + filter + "')");
        await("the tail").atMost(SOON).until(() -> tab.is("document.querySelector('.list')"));
        await("a message").atMost(SOON).pollInterval(Duration.ofMillis(200)).until(() -> {
            other.publish(topic, "is it seen?");
            return total(tab) > 0;
        });
        other.publish(topic, "the last of them").get(20, SECONDS);
        await("all of them").atMost(SOON).until(shows(tab, "the last of them"));
    }

    private static Callable<Boolean> shows(Browser.Tab tab, String text) {
        return () -> tab.is("document.querySelector('#page').innerText.includes('" + text + "')");
    }

    @Test
    void everyMessageOfAFloodIsShownOrCounted() throws Exception {
        Browser.Tab tab = open();
        live(tab, "event flood.*", "flood.tick");
        tab.evaluate("""
                window.frames_ = []; window.tasks = [];
                new PerformanceObserver((list) => list.getEntries().forEach((one) => tasks.push(one.duration)))
                    .observe({ entryTypes: ["longtask"] });
                let before = performance.now();
                requestAnimationFrame(function frame(now) {
                  frames_.push(now - before); before = now; requestAnimationFrame(frame);
                }); 0""");
        long probes = total(tab);
        int sent = FLOOD_RATE * FLOOD_SECONDS;
        long begun = System.nanoTime();
        List<CompletableFuture<Long>> all = new ArrayList<>(sent);
        for (int i = 0; i < sent; i++) {
            all.add(other.publish("flood.tick", Map.of("number", i, "text", "a reading of a sensor")));
            long due = begun + i * SECONDS.toNanos(1) / FLOOD_RATE;
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(60, SECONDS);
        await("received and not shown").atMost(SOON).until(() -> total(tab) - probes >= sent);
        assertEquals(sent, total(tab) - probes);
        assertTrue(console.feed().stats().orElseThrow().framesDropped() == 0, "frames were dropped");
        long heap = tab.heapBytes();
        double p99 = tab.evaluate("frames_.sort((a, b) => a - b)[Math.floor(frames_.length * 0.99)]")
                .asDouble();
        double longest = tab.evaluate("Math.max(0, ...tasks)").asDouble();
        JsonNode counted = tab.evaluate("({ ...document.querySelector('.list').dataset })");
        System.out.printf(
                "%d sent in %d s: %s; frame p99 %.0f ms, longest task %.0f ms, heap %.1f MB%n",
                sent, FLOOD_SECONDS, counted, p99, longest, heap / 1e6);
        assertTrue(heap <= 100_000_000, "the heap has " + heap);
        if (IDLE) {
            assertTrue(p99 <= 100, "a frame takes " + p99 + " ms");
        }
        assertEquals(List.of(), tab.problems());
    }

    private static long total(Browser.Tab tab) throws Exception {
        return tab.evaluate("(({ received = 0, notShown = 0 }) => Number(received) + Number(notShown))"
                        + "(document.querySelector('.list').dataset)")
                .asLong();
    }

    @Test
    void ofEightTabsNoneHangs() throws Exception {
        List<Browser.Tab> tabs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tabs.add(browser.open(console.address(), 800, 600, false));
        }
        for (Browser.Tab tab : tabs) {
            await("a tab that is live, or says why it is not")
                    .atMost(SOON)
                    .until(() -> tab.is("document.querySelector('.light.live, .light.paused')"));
        }
        for (Browser.Tab tab : tabs) {
            assertEquals(
                    200,
                    tab.evaluate("fetch('api/info', { headers: { Authorization: 'Bearer ' +"
                                    + " localStorage.getItem('omnibus.token') } }).then((answer) => answer.status)")
                            .asInt());
            assertEquals(List.of(), tab.problems());
        }
        Browser.Tab first = tabs.get(0);
        await("the first one has made room")
                .atMost(SOON)
                .until(() -> first.is("document.querySelector('.light.paused')"));
        first.evaluate("document.querySelector('#bar button.primary').click()");
        await("and goes on").atMost(SOON).until(() -> first.is("document.querySelector('.light.live')"));
    }

    @Test
    void nothingFromTheWireIsMarkup() throws Exception {
        Browser.Tab tab = open();
        live(tab, "event evil.*", "evil.probe");
        String evil = "<img src=x onerror=hacked=1><script>hacked=2</script>";
        other.publish("evil.event", Map.of(evil, evil)).get(20, SECONDS);
        await("the event").atMost(SOON).until(shows(tab, "<script>hacked=2"));
        tab.evaluate("[...document.querySelectorAll('.rows .line')].filter((one) => !one.hidden).pop().click()");
        await("the message").atMost(SOON).until(() -> tab.is("document.querySelector('.detail pre')"));
        RpcServer.on(other).serve("stock.left", params -> evil).ready().get(20, SECONDS);
        tab.evaluate("location.hash = '#/services'");
        await("the form").atMost(SOON).until(() -> tab.is("document.querySelector('form.call button.primary')"));
        tab.evaluate("document.querySelector('form.call button.primary').click()");
        await("the answer").atMost(SOON).until(shows(tab, "<script>hacked=2"));
        assertEquals(0, tab.evaluate("window.hacked").asInt());
        assertFalse(tab.is("document.querySelector('img[src=x], #page script')"));
        assertEquals(List.of(), tab.problems());
    }

    @Test
    void aMessageOf8MebibytesIsCutAndThePageGoesOn() throws Exception {
        Browser.Tab tab = open();
        live(tab, "event large.*", "large.probe");
        other.publish("large.event", "x".repeat(MAX_MESSAGE - 10_000)).get(60, SECONDS);
        await("its size").atMost(SOON).until(shows(tab, "8.4 MB"));
        tab.evaluate("[...document.querySelectorAll('.rows .line')].filter((one) => !one.hidden).pop().click()");
        await("its beginning").atMost(SOON).until(shows(tab, "The first 262 kB of 8.4 MB."));
        tab.evaluate("document.querySelector('.tools button:last-child').click()");
        other.publish("large.next", "small").get(20, SECONDS);
        await("the next one").atMost(SOON).until(shows(tab, "large.next"));
        assertEquals(List.of(), tab.problems());
    }

    @Test
    void aCallOfOthersIsOneRowWithItsReplyAndTheFormCallsToo() throws Exception {
        RpcServer.on(other).serve("stock.left", params -> 4711).ready().get(20, SECONDS);
        Browser.Tab tab = open();
        live(tab, "", "any.probe");
        try (Bus desk = bus("desk")) {
            RpcClient.on(desk).call("stock.left", Integer.class, "sku-1").get(20, SECONDS);
        }
        String row = "[...document.querySelectorAll('.rows .line[data-kind=request]')]"
                + ".find((one) => !one.hidden && one.innerText.includes('stock.left'))";
        await("the call with its latency")
                .atMost(SOON)
                .until(() -> tab.is("(" + row + ")?.querySelector('.out').textContent.endsWith('ms')"));
        tab.evaluate("(" + row + ").click()");
        await("its reply").atMost(SOON).until(shows(tab, "4711"));
        tab.evaluate("location.hash = '#/services/stock.left'");
        await("the form").atMost(SOON).until(() -> tab.is("document.querySelector('form.call button.primary')"));
        tab.evaluate("document.querySelector('form.call button.primary').click()");
        await("the answer").atMost(SOON).until(shows(tab, "Answered"));
        assertTrue(shows(tab, "4711").call());
        assertEquals(List.of(), tab.problems());
    }

    /** Of every page, in both schemes and two widths; those of the documentation are made from them. */
    @Test
    void everyPageHasSomethingToShow() throws Exception {
        try (SampleShop shop = SampleShop.open(redis.url())) {
            assertTrue(shop.nodes() > 0);
            Browser.Tab tab = open();
            for (boolean dark : List.of(false, true)) {
                tab.dark(dark);
                for (int width : List.of(1280, 800)) {
                    tab.resize(width, 800);
                    for (Map.Entry<String, String> page : Map.of(
                                    "overview", "a.box[href*=\"live/shipping\"]", // it subscribes, which is asked for
                                    "live", ".rows .line .name",
                                    "nodes", "td .badge.up",
                                    "services", "form.call input",
                                    "topics", ".log table",
                                    "latency", ".chart canvas",
                                    "doctor", ".finding")
                            .entrySet()) {
                        tab.evaluate("location.hash = '#/" + page.getKey() + "'");
                        await(page.getKey())
                                .atMost(SOON)
                                .until(() -> tab.is("document.querySelector('" + page.getValue() + "')"));
                        tab.screenshot(SCREENSHOTS.resolve(
                                page.getKey() + "-" + width + (dark ? "-dark" : "-light") + ".png"));
                    }
                }
            }
            assertEquals(List.of(), tab.problems());
        }
    }
}
