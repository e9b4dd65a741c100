package dev.omnibus.examples.quakes;

import dev.omnibus.examples.stage.Checks;
import dev.omnibus.examples.stage.Screen;
import java.util.ArrayList;
import java.util.List;

/** The last word on who received what. Confined to one thread. */
final class ClosingTable {

    private record Row(String subscriber, long published, Report report) {

        long lost() {
            return published - report.received();
        }
    }

    private final List<Row> rows = new ArrayList<>();

    /**
     * Adds a subscriber.
     *
     * @param published how many events were published on what it is subscribed to
     */
    void add(String subscriber, long published, Report report) {
        rows.add(new Row(subscriber, published, report));
    }

    void check(Checks checks) {
        for (Row row : rows) {
            checks.equal("events lost for " + row.subscriber(), 0L, row.lost());
            checks.equal(
                    "events in gaps for " + row.subscriber(), 0L, row.report().missed());
            checks.equal("duplicates for " + row.subscriber(), 0L, row.report().duplicates());
            checks.equal(
                    "failures reported by " + row.subscriber(), 0L, row.report().failures());
        }
    }

    void show(Screen screen) {
        screen.say("  %-24s %9s %9s %6s %6s %11s", "subscriber", "published", "received", "lost", "gaps", "duplicates");
        for (Row row : rows) {
            Report report = row.report();
            screen.say(
                    "  %-24s %,9d %,9d %,6d %,6d %,11d",
                    row.subscriber(),
                    row.published(),
                    report.received(),
                    row.lost(),
                    report.missed(),
                    report.duplicates());
        }
        screen.say("  published: on the topics of this subscriber; lost: published - received;");
        screen.say("  gaps, duplicates: events that the subscriber's BusListener was told of");
    }
}
