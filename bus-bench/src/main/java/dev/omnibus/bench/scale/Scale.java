package dev.omnibus.bench.scale;

import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.server.ChildJvm;
import dev.omnibus.bench.server.Masters;
import dev.omnibus.bench.server.Work;
import dev.omnibus.testing.RedisServer;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Puts many nodes, topics or subscriptions beside one Redis, lets them rest, and prints what each of them costs. What
 * is measured is per node, topic or subscription unless its line says otherwise.
 */
public final class Scale {

    /** How it is called. */
    public static final String USAGE =
            "scale nodes|topics|subscriptions <how many> [<JVMs> [<seconds at rest> [<seconds before> [<heartbeat in seconds>]]]]";

    private static final long POLL_MILLIS = 200;
    private static final long PATIENCE_NANOS = 120_000_000_000L;
    private static final int ASKED = 20;
    private static final String HEAP = "3g"; // 250 directories of 1,000 nodes take 0.5 GB
    private static final int SMALL = 100;

    private final PrintStream out;
    private final int count;
    private final double seconds;
    private final double before;
    private final long heartbeatMillis;
    private final RedisServer redis;
    private final List<ChildJvm> jvms = new ArrayList<>();

    private Scale(PrintStream out, int count, double seconds, double before, long heartbeatMillis, RedisServer redis) {
        this.out = out;
        this.count = count;
        this.seconds = seconds;
        this.before = before;
        this.heartbeatMillis = heartbeatMillis;
        this.redis = redis;
    }

    /**
     * Measures and prints.
     *
     * @param arguments what is behind {@code scale} in {@link #USAGE}
     * @param out where to
     * @throws IllegalArgumentException if the arguments are not like that
     * @throws Exception if it breaks off
     */
    public static void run(List<String> arguments, PrintStream out) throws Exception {
        if (arguments.size() < 2 || arguments.size() > 6) {
            throw new IllegalArgumentException(USAGE);
        }
        int processes = arguments.size() > 2 ? Integer.parseInt(arguments.get(2)) : 1;
        double seconds = arguments.size() > 3 ? Double.parseDouble(arguments.get(3)) : 30;
        double before = arguments.size() > 4 ? Double.parseDouble(arguments.get(4)) : 60;
        double heartbeat = arguments.size() > 5 ? Double.parseDouble(arguments.get(5)) : 1;
        try (RedisServer redis = RedisServer.start()) {
            Scale scale = new Scale(
                    out, Integer.parseInt(arguments.get(1)), seconds, before, (long) (heartbeat * 1e3), redis);
            try {
                for (int i = 0; i < processes; i++) {
                    scale.jvms.add(new ChildJvm(
                            nothing -> {},
                            List.of("-Xmx" + HEAP, "-XX:+ExplicitGCInvokesConcurrent"),
                            NodesMain.class));
                }
                scale.measure(arguments.get(0));
            } finally {
                scale.jvms.forEach(ChildJvm::close);
            }
        }
    }

    private void measure(String what) throws InterruptedException {
        switch (what) {
            case "nodes" -> nodes();
            case "topics" -> topics();
            case "subscriptions" -> subscriptions();
            default -> throw new IllegalArgumentException(USAGE);
        }
    }

    private void nodes() throws InterruptedException {
        double[] empty = used();
        long memory = redisMemory();
        long began = System.nanoTime();
        for (int i = 0; i < jvms.size(); i++) {
            int share = count / jvms.size() + (i < count % jvms.size() ? 1 : 0);
            jvms.get(i).ask("nodes " + redis.url() + " " + share + " scale-" + i + " " + heartbeatMillis);
        }
        List<String> serving = jvms.stream().map(ChildJvm::answer).toList();
        line(serving.size() + " JVMs serve after", (System.nanoTime() - began) / 1e9, "s");
        awaitAllSeen();
        line("each sees all after", (System.nanoTime() - began) / 1e9, "s");
        rest(empty, memory);
        for (int bytes : new int[] {SMALL, 10 * SMALL, 100 * SMALL}) {
            ask(bytes);
        }
    }

    private void awaitAllSeen() throws InterruptedException {
        long began = System.nanoTime();
        while (!all("seen").stream().allMatch(seen -> Integer.parseInt(seen) == count)) {
            if (System.nanoTime() - began > PATIENCE_NANOS) {
                throw new IllegalStateException("Not all nodes saw all others: " + all("seen"));
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** A broadcast from one node to all. */
    private void ask(int bytes) {
        double[] micros = new double[ASKED];
        int incomplete = 0;
        for (int i = 0; i < ASKED; i++) {
            jvms.get(0).ask("ask " + bytes);
            String[] answer = jvms.get(0).answer().split(" ", -1);
            micros[i] = Double.parseDouble(answer[1]);
            incomplete += Integer.parseInt(answer[0]) == count ? 0 : 1;
        }
        Arrays.sort(micros);
        line("a broadcast to all, with " + bytes + " bytes, median", micros[ASKED / 2] / 1e3, "ms");
        line("of " + ASKED + " of them, incomplete", incomplete, "");
    }

    private void topics() throws InterruptedException {
        ChildJvm subscriber = jvms.get(jvms.size() - 1);
        done(subscriber, "hear " + redis.url());
        double[] empty = used();
        long memory = redisMemory();
        long began = System.nanoTime();
        done(jvms.get(0), "topics " + redis.url() + " " + count);
        line("one event on each of them published after", (System.nanoTime() - began) / 1e9, "s");
        long received = 0;
        while (received < count && System.nanoTime() - began < PATIENCE_NANOS) {
            Thread.sleep(POLL_MILLIS);
            subscriber.ask("received");
            received = Long.parseLong(subscriber.answer());
        }
        line("received after " + digits((System.nanoTime() - began) / 1e9) + " s", (double) received, "");
        rest(empty, memory);
    }

    private void subscriptions() throws InterruptedException {
        double[] empty = used();
        long memory = redisMemory();
        jvms.get(0).ask("subscribe " + redis.url() + " " + count);
        line("all of them confirmed after", Double.parseDouble(jvms.get(0).answer()), "ms");
        rest(empty, memory);
        done(jvms.get(jvms.size() - 1), "topics " + redis.url() + " " + count);
        Thread.sleep(POLL_MILLIS);
        jvms.get(0).ask("received");
        line("received of one event on each", Double.parseDouble(jvms.get(0).answer()), "");
    }

    private static void done(ChildJvm jvm, String what) {
        jvm.ask(what);
        String unused = jvm.answer();
    }

    private void rest(double[] empty, long memory) throws InterruptedException {
        Thread.sleep((long) (before * 1e3));
        double[] then = used();
        Work work = new Masters(List.of(redis)).work();
        long bytes = redisBytes();
        long began = System.nanoTime();
        Thread.sleep((long) (seconds * 1e3));
        double elapsed = (System.nanoTime() - began) / 1e9;
        double[] now = used();
        Work worked = new Masters(List.of(redis)).work().minus(work);
        out.printf(Locale.ROOT, "at rest, from %.0f s later on, for %.1f s%n", before, elapsed);
        line("processor", 100 * (now[0] - then[0]) / 1e9 / elapsed / count, "% of a core");
        line("heap", (now[1] - empty[1]) / count, "B");
        line("memory of the processes", (now[2] - empty[2]) / count, "B");
        line("threads", (now[3] - empty[3]) / count, "");
        line("commands, all together", worked.commands() / elapsed, "/s");
        line("Redis' processor, all together", 100 * worked.allCpuSeconds() / elapsed, "% of a core");
        line("bytes from Redis, all together", (redisBytes() - bytes) / elapsed, "/s");
        line("Redis' memory", (redisMemory() - memory) / (double) count, "B");
    }

    /** Of all JVMs together: processor time in ns, heap, memory, threads. */
    private double[] used() {
        double[] sum = new double[4];
        for (String answer : all("used")) {
            String[] parts = answer.split(" ", -1);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += Double.parseDouble(parts[i]);
            }
        }
        return sum;
    }

    private List<String> all(String question) {
        jvms.forEach(jvm -> jvm.ask(question));
        return jvms.stream().map(ChildJvm::answer).toList();
    }

    private long redisMemory() {
        return info("memory", "used_memory");
    }

    private long redisBytes() {
        return info("stats", "total_net_output_bytes");
    }

    private long info(String section, String name) {
        return String.valueOf(redis.command("INFO", section))
                .lines()
                .filter(text -> text.startsWith(name + ":"))
                .mapToLong(
                        text -> Long.parseLong(text.substring(name.length() + 1).strip()))
                .findFirst()
                .orElseThrow();
    }

    private void line(String what, double value, String unit) {
        out.printf(Locale.ROOT, "%-50s %12s %s%n", what, digits(value), unit);
    }

    private static String digits(double value) {
        return Metric.digits(value);
    }
}
