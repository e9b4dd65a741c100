package dev.omnibus.bench;

import dev.omnibus.bench.job.Job;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Peer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Bars in SVG: for each job and peer, how many times better Omnibus is. One is a line; what goes left of it is worse.
 */
final class Chart {

    private static final int ROW = 20;
    private static final int LABELS = 330;
    private static final int MIDDLE = 480;
    private static final int WIDTH = 900;
    private static final int PIXELS_PER_DOUBLING = 50;

    private record Bar(String label, double times) {}

    private Chart() {}

    static String of(Options options, Results results) {
        List<Bar> bars = new ArrayList<>();
        for (Job job : options.jobs()) {
            for (Peer peer : options.peers()) {
                if (!(peer instanceof OmnibusPeer)) {
                    results.ratio(job.metric(), job.name(), OmnibusPeer.NAME, job.name(), peer.name())
                            .filter(ratio -> ratio > 0) // memory may seem to shrink
                            .map(ratio -> job.metric().lessIsBetter() ? 1 / ratio : ratio)
                            .ifPresent(times -> bars.add(new Bar(job.title() + ", " + peer.name(), times)));
                }
            }
        }
        return draw(bars);
    }

    private static String draw(List<Bar> bars) {
        int height = (bars.size() + 2) * ROW;
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                        + " font-size=\"12\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>%n"
                        + "<text x=\"%d\" y=\"14\" text-anchor=\"middle\">Omnibus is so many times better"
                        + " (logarithmic)</text>%n",
                WIDTH,
                height,
                MIDDLE));
        for (int i = 0; i < bars.size(); i++) {
            svg.append(row(bars.get(i), (i + 1) * ROW));
        }
        return svg.append(String.format(
                        Locale.ROOT,
                        "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#444\"/>%n</svg>%n",
                        MIDDLE,
                        ROW,
                        MIDDLE,
                        height - ROW))
                .toString();
    }

    private static String row(Bar bar, int y) {
        double length = PIXELS_PER_DOUBLING * Math.log(bar.times()) / Math.log(2);
        double end = Math.max(LABELS + 40.0, Math.min(WIDTH - 60.0, MIDDLE + length));
        boolean better = bar.times() >= 1;
        return String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n"
                        + "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n"
                        + "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>%n",
                LABELS,
                y + 14,
                bar.label(),
                Math.min(MIDDLE, end),
                y + 3,
                Math.abs(end - MIDDLE),
                ROW - 6,
                better ? "#2a7" : "#c63",
                better ? end + 4 : end - 4,
                y + 14,
                better ? "start" : "end",
                Metric.digits(bar.times()));
    }
}
