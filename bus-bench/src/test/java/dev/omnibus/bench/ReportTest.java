package dev.omnibus.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bench.job.Jobs;
import dev.omnibus.bench.job.Measured;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Peers;
import dev.omnibus.bench.server.NatsServer;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportTest {

    private final Results results = new Results();

    @Test
    void aRatioIsTheMedianOfTheRoundsRatios() {
        rounds("calls-256", "omnibus", Metric.RATE, 100, 400, 900);
        rounds("calls-256", "nats", Metric.RATE, 100, 100, 300);
        assertTrue(report("calls-256", "nats").lines().contains("ratio calls-256 omnibus/nats 3.000 budget 2.5 ok"));
    }

    @Test
    void whatMustBeSmallIsShortWhenItIsLarge() {
        rounds("call-alone", "omnibus", Metric.P50, 200);
        rounds("call-alone", "nats", Metric.P50, 200);
        assertEquals(
                List.of("ratio call-alone omnibus/nats 1.000 budget 0.95 short"),
                report("call-alone", "nats").lines());
    }

    @Test
    void aJobIsComparedWithAnotherJobAndAFigureWithItsLimit() {
        rounds("calls-256-nodes-2", "omnibus", Metric.RATE, 100);
        rounds("calls-256-nodes-32", "omnibus", Metric.RATE, 90);
        rounds("heap-subscriptions", "omnibus", Metric.HEAP, 5_000);
        assertEquals(
                List.of(
                        "limit heap-subscriptions omnibus 5000.000 budget 4096.0 short",
                        "ratio calls-256-nodes-32 omnibus/omnibus@calls-256-nodes-2 0.900 budget 0.8 ok"),
                report("calls-256-nodes-32", "none").lines());
    }

    @Test
    void aPeerThatIsNotThereSaysSoInItsRow() {
        rounds("call-alone", "omnibus", Metric.P50, 200);
        results.failed("call-alone", "nats", NatsServer.MISSING);
        Report report = report("call-alone", "nats");
        assertEquals(List.of(), report.lines());
        assertTrue(report.text().contains("nats            not installed, apt-get install nats-server"), report.text());
        assertTrue(report.markdown().contains("| nats | " + NatsServer.MISSING + " |"), report.markdown());
    }

    @Test
    void aPeerThatFailsLaterKeepsItsFiguresAndSaysWhy() {
        rounds("calls-64", "omnibus", Metric.RATE, 200);
        rounds("calls-64", "rremote", Metric.RATE, 5);
        results.failed("calls-64", "rremote", "failed: it broke");
        Report report = report("calls-64", "rremote");
        assertEquals(List.of("ratio calls-64 omnibus/rremote 40.000 budget 30.0 ok"), report.lines());
        assertTrue(report.text().contains(" then failed: it broke\n"), report.text());
    }

    @Test
    void theChartIsXmlAndGrowsWhereLessIsBetter() throws Exception {
        rounds("call-alone", "omnibus", Metric.P50, 100);
        rounds("call-alone", "nats", Metric.P50, 200);
        String svg = Chart.of(options("call-alone", "nats"), results);
        var document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        assertEquals("50.0", attribute(document.getElementsByTagName("rect").item(1), "width"), svg);
        assertEquals("2.00", document.getElementsByTagName("text").item(2).getTextContent());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--rtt 1ms", "--rtt 10ms", "--cluster 3", "--cluster 6"})
    void everyBudgetNamesAJobAndPeersThatExistAndAreInTheScopeOfBudgets(String measured) {
        Options all = Options.parse(words(measured + " --scope all"));
        Options budgets = Options.parse(words(measured + " --scope budgets"));
        assertFalse(all.budgets().isEmpty());
        for (Budget budget : all.budgets()) {
            Peer omnibus = Peers.named(budget.peer());
            assertTrue(budgets.peers().contains(omnibus), budget.toString());
            assertTrue(budgets.wants(Jobs.named(budget.job()), omnibus), budget.toString());
            if (!budget.against().isEmpty()) {
                assertTrue(budgets.wants(Jobs.named(budget.againstJob()), Peers.named(budget.against())));
            }
        }
        assertTrue(all.wants(Jobs.named("calls-16"), Peers.named("nats")));
        assertFalse(budgets.wants(Jobs.named("calls-16"), Peers.named("nats")));
        assertFalse(budgets.wants(Jobs.named("calls-16"), Peers.named("omnibus")));
        assertFalse(budgets.wants(Jobs.named("events-1"), Peers.named("rtopic-tuned")));
    }

    @Test
    void aLinkHasItsOwnBudgetsAndAnUnusualOneHasNone() {
        rounds("calls-1024", "omnibus", Metric.RATE, 150);
        rounds("calls-1024", "nats", Metric.RATE, 100);
        assertEquals(List.of(), report("calls-1024", "nats").lines());
        assertEquals(
                List.of("ratio calls-1024 omnibus/nats 1.500 budget 1.5 ok"),
                report(Options.parse(words("--rtt 1ms"))).lines());
        assertEquals(
                Duration.ofNanos(1_500_000), Options.parse(words("--rtt 1.5ms")).roundTrip());
        assertEquals(List.of(), Options.parse(words("--rtt 500us")).budgets());
        assertEquals(List.of(), report(Options.parse(words("--rtt 500us"))).lines());
    }

    @Test
    void aClusterIsComparedWithOneRedisAndShowsItsMasters() {
        rounds("calls-64", "omnibus", Metric.RATE, 100);
        rounds("calls-64", "omnibus-cluster", Metric.RATE, 80);
        Report report = report(Options.parse(words("--jobs calls-64 --peers none --cluster 3")));
        assertEquals(List.of("ratio calls-64 omnibus-cluster/omnibus 0.800 budget 0.85 short"), report.lines());
        assertTrue(report.text().contains("least m."), report.text());
        assertFalse(report("calls-64", "none").text().contains("least m."));
    }

    private static List<String> words(String text) {
        return List.of(text.strip().split(" ", -1));
    }

    @Test
    void optionsThatAreWrongSayWhatIsRight() {
        assertTrue(refusal("--jobs", "nosuch").contains("there are [call-alone, "));
        assertTrue(refusal("--peers", "nosuch").contains("there are [omnibus, nats, "));
        assertTrue(refusal("--rounds", "0").contains("must be at least 1"));
        assertTrue(refusal("--scope", "x").contains("must be all or budgets"));
        assertTrue(refusal("--rtt", "1").contains("must be like 1ms or 500us"));
        assertTrue(refusal("--cluster", "2").contains("must have 3 at least"));
        assertTrue(refusal("--rounds").contains("needs a value"));
        assertTrue(refusal("--nosuch", "1").contains("There is no option --nosuch"));
    }

    private static String refusal(String... arguments) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> Options.parse(List.of(arguments)))
                .getMessage());
    }

    private static String attribute(org.w3c.dom.Node node, String name) {
        return node.getAttributes().getNamedItem(name).getNodeValue();
    }

    private void rounds(String job, String peer, Metric metric, double... values) {
        Arrays.stream(values).forEach(value -> results.add(job, peer, new Measured(Map.of(metric, value))));
    }

    private static Options options(String jobs, String peers) {
        return Options.parse(List.of("--jobs", jobs, "--peers", peers));
    }

    private Report report(String jobs, String peers) {
        return report(options(jobs, peers));
    }

    private Report report(Options options) {
        return new Report(options, new Machine(List.of("a machine")), results);
    }
}
