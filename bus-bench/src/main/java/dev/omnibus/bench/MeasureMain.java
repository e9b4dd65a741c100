package dev.omnibus.bench;

import dev.omnibus.bench.job.Jobs;
import dev.omnibus.bench.job.Measured;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.job.Servers;
import dev.omnibus.bench.job.Stage;
import dev.omnibus.bench.job.Subscribers;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Peers;
import dev.omnibus.bench.server.ChildJvm;
import dev.omnibus.bench.server.Link;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A program of a {@link ChildJvm}: measures Omnibus in the build whose class path it has, whenever it is asked to. */
final class MeasureMain {

    private MeasureMain() {}

    /** What a child's JVM begins with. */
    public static void main(String[] args) throws Exception {
        Peer omnibus = Peers.named(OmnibusPeer.NAME);
        try (Link link = Link.of(Duration.ZERO);
                Servers servers = Servers.start(List.of(omnibus), 0, link);
                Subscribers subscribers = new Subscribers()) {
            ChildJvm.serve(question -> {
                Stage stage = new Stage(servers, subscribers, Double.parseDouble(question.get(1)));
                return write(Jobs.named(question.get(0)).measure(omnibus, stage));
            });
        }
    }

    private static String write(Measured measured) {
        return measured.values().entrySet().stream()
                .map(each -> each.getKey().label() + "=" + each.getValue())
                .collect(Collectors.joining(" "));
    }

    /** What an answer says; without what this build does not know. */
    static Measured read(String answer) {
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        for (String word : answer.split(" ", -1)) {
            int equals = word.indexOf('=');
            Arrays.stream(Metric.values())
                    .filter(metric -> metric.label().equals(word.substring(0, equals)))
                    .forEach(metric -> values.put(metric, Double.parseDouble(word.substring(equals + 1))));
        }
        return new Measured(values);
    }
}
