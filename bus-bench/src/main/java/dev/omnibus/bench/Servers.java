package dev.omnibus.bench;

import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A Redis and, where it is installed, a nats-server: what they are, and what they have done so far. */
final class Servers implements AutoCloseable {

    private static final Pattern CALLS = Pattern.compile("cmdstat_([^:]+):calls=(\\d+)");
    private static final Pattern CPU = Pattern.compile("used_cpu_(?:sys|user):([\\d.]+)");

    private final RedisServer redis;
    private final boolean natsWanted;
    private final @Nullable NatsServer nats;

    private Servers(RedisServer redis, boolean natsWanted, @Nullable NatsServer nats) {
        this.redis = redis;
        this.natsWanted = natsWanted;
        this.nats = nats;
    }

    static Servers start(boolean withNats) throws IOException, InterruptedException {
        Optional<NatsServer> nats = withNats ? NatsServer.start() : Optional.empty();
        return new Servers(RedisServer.start(), withNats, nats.orElse(null));
    }

    Addresses addresses() {
        return new Addresses(redis.url(), nats == null ? "" : nats.url());
    }

    /** What they are, also what is wanted and not there. */
    List<String> origins() {
        if (!natsWanted) {
            return List.of(redis.origin());
        }
        return List.of(redis.origin(), nats == null ? "nats-server: " + NatsServer.MISSING : nats.origin());
    }

    boolean hasNats() {
        return nats != null;
    }

    /** What Redis and nats-server have used together; only one of them works at a time. */
    double cpuSeconds() {
        double seconds = CPU.matcher(info("cpu"))
                .results()
                .mapToDouble(match -> Double.parseDouble(match.group(1)))
                .sum();
        return nats == null ? seconds : seconds + nats.cpuNanos() / 1e9;
    }

    /** How many commands Redis has executed, those inside scripts too, and but for our own questions. */
    long commands() {
        return CALLS.matcher(info("commandstats"))
                .results()
                .filter(match -> !match.group(1).equals("info"))
                .map(MatchResult::group)
                .mapToLong(text -> Long.parseLong(text.substring(text.indexOf('=') + 1)))
                .sum();
    }

    private String info(String section) {
        return String.valueOf(redis.command("INFO", section));
    }

    @Override
    public void close() {
        redis.close();
        if (nats != null) {
            nats.close();
        }
    }
}
