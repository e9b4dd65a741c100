package dev.omnibus.micrometer;

import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.RpcServerStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Objects;
import java.util.function.ToLongFunction;

/**
 * A meter binder of a server: how many calls wait to be executed, how many replies found no caller any more, and how
 * many could not be sent. No observer sees these, as they come before a call begins or after its end; what
 * {@link MicrometerObserver} counts is not repeated.
 *
 * <p>A registry has these meters once: bind the server of one bus to it. Needs {@code bus-rpc} on the class path.
 * Thread-safe.
 */
public final class RpcServerMeters implements MeterBinder {

    private final RpcServer server;

    private RpcServerMeters(RpcServer server) {
        this.server = server;
    }

    /**
     * The meters of a server.
     *
     * @param server the server
     * @return the meters, to be bound to a registry
     */
    public static RpcServerMeters of(RpcServer server) {
        return new RpcServerMeters(Objects.requireNonNull(server, "server"));
    }

    /**
     * Adds the meters to a registry, which does not keep the server from being collected.
     *
     * @param registry where the meters are
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder(
                        Convention.RPC_SERVER_WAITING.text(),
                        server,
                        served -> served.stats().waiting())
                .description(Convention.RPC_SERVER_WAITING.description())
                .register(registry);
        counter(registry, Convention.RPC_SERVER_CALLERS_GONE, RpcServerStats::callersGone);
        counter(registry, Convention.RPC_SERVER_REPLIES_LOST, RpcServerStats::repliesLost);
    }

    private void counter(MeterRegistry registry, Convention meter, ToLongFunction<RpcServerStats> part) {
        FunctionCounter.builder(meter.text(), server, served -> part.applyAsLong(served.stats()))
                .description(meter.description())
                .register(registry);
    }
}
