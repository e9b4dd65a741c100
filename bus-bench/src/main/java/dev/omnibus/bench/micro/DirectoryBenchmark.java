package dev.omnibus.bench.micro;

import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.internal.client.CallSettings;
import dev.omnibus.rpc.internal.client.LoadBalancer;
import dev.omnibus.rpc.internal.directory.NodeTable;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What each call looks up in the directory: from two threads, and beside changes. */
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Threads(2)
public class DirectoryBenchmark {

    private static final String METHOD = "desk.place";
    private static final int METHODS = 10;
    private static final int KEYS = 1 << 16;

    private final NodeTable table = new NodeTable(node -> {});

    /** How many nodes serve the method; set by JMH. */
    @Param({"1", "10", "100", "1000"})
    public int nodes;

    /** Made by JMH. */
    public DirectoryBenchmark() {}

    /** What one thread asks for. */
    @State(Scope.Thread)
    public static class Asking {

        private final CallSettings[] affinities = new CallSettings[KEYS];
        private int next;

        /** Made by JMH. */
        public Asking() {
            for (int i = 0; i < KEYS; i++) {
                affinities[i] = CallSettings.DEFAULTS.withAffinity("customer-" + i);
            }
        }

        CallSettings affinity() {
            next = (next + 1) % KEYS;
            return affinities[next];
        }
    }

    /** Lists the nodes. */
    @Setup
    public void fill() {
        for (int i = 0; i < nodes; i++) {
            boolean unused = table.take(node(i, 1), new byte[0]);
        }
    }

    private static NodeInfo node(int number, long revision) {
        Map<String, String> methods = new HashMap<>();
        for (int i = 1; i < METHODS; i++) {
            methods.put("other" + i, "");
        }
        methods.put("place", "");
        String id = "desk-" + Integer.toHexString(number * 0x9E3779B1);
        return new NodeInfo(id, "desk", "host", 1, "", Instant.EPOCH, false, revision, Map.of("desk", methods));
    }

    /**
     * A call that any node may have.
     *
     * @return whether its node is still there
     */
    @Benchmark
    public boolean any() {
        return isListed(LoadBalancer.choose(table.serving(METHOD), CallSettings.DEFAULTS, Set.of(), ""));
    }

    /**
     * A call with an affinity, of which there are many.
     *
     * @param asking the affinities
     * @return whether its node is still there
     */
    @Benchmark
    public boolean withAffinity(Asking asking) {
        return isListed(LoadBalancer.choose(table.serving(METHOD), asking.affinity(), Set.of(), ""));
    }

    /**
     * A call after a change of one node.
     *
     * @return whether its node is still there
     */
    @Benchmark
    @Threads(1)
    public boolean afterChange() {
        boolean unused = table.take(node(0, System.nanoTime()), new byte[0]);
        return any();
    }

    private boolean isListed(@Nullable Node node) {
        return node != null && table.lists(node.id());
    }
}
