package dev.omnibus.bench.server;

import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** One Redis, or the masters of a cluster. */
public record Masters(List<RedisServer> servers) {

    private static final Pattern CALLS = Pattern.compile("cmdstat_([^:]+):calls=(\\d+)");
    private static final Pattern CPU = Pattern.compile("used_cpu_(?:sys|user):([\\d.]+)");
    private static final Pattern PROCESS = Pattern.compile("process_id:(\\d+)");
    private static final Pattern TO_CLIENTS = Pattern.compile("total_net_output_bytes:(\\d+)");
    private static final Pattern WRITTEN = Pattern.compile("wchar: (\\d+)");

    /** What they have done so far. */
    public Work work() {
        List<String> infos = servers.stream()
                .map(server -> String.valueOf(server.command("INFO", "all")))
                .toList();
        return new Work(
                infos.stream().map(info -> sum(CPU, 1, info)).toList(),
                sum(infos, Masters::commands),
                sum(infos, Masters::toOthers));
    }

    private static double sum(List<String> infos, ToDoubleFunction<String> figure) {
        return infos.stream().mapToDouble(figure).sum();
    }

    private static double sum(Pattern pattern, int group, String text) {
        return pattern.matcher(text)
                .results()
                .mapToDouble(match -> Double.parseDouble(match.group(group)))
                .sum();
    }

    /** Those inside scripts too, and but for our own questions. */
    private static double commands(String info) {
        return CALLS.matcher(info)
                .results()
                .filter(match -> !match.group(1).equals("info"))
                .map(MatchResult::group)
                .mapToLong(text -> Long.parseLong(text.substring(text.indexOf('=') + 1)))
                .sum();
    }

    /**
     * All bytes that the process has written but for those to clients. Redis itself counts messages on the cluster's
     * bus, but no bytes.
     */
    private static double toOthers(String info) {
        try {
            String process =
                    PROCESS.matcher(info).results().findFirst().orElseThrow().group(1);
            return sum(WRITTEN, 1, Files.readString(Path.of("/proc", process, "io"))) - sum(TO_CLIENTS, 1, info);
        } catch (IOException e) {
            return Double.NaN; // not Linux
        }
    }
}
