package dev.omnibus.internal.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.KeepAlive;
import dev.omnibus.internal.observe.Observers;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The internals of a bus, for the layers that are built on it; the bus itself does not expose them. Immutable.
 *
 * @param bus the bus that they belong to
 * @param channels sends and receives
 * @param json reads and writes JSON; must not be changed
 * @param executor where handlers run
 * @param keepAlive is notified of external work, such as subscriptions
 * @param layers the layers of the bus
 * @param observers observe what it does; null if there are none
 */
public record BusRuntime(
        Bus bus,
        Channels channels,
        ObjectMapper json,
        ExecutorService executor,
        KeepAlive keepAlive,
        Layers layers,
        @Nullable Observers observers) {

    private static volatile @Nullable Function<Bus, BusRuntime> access;

    /** Sets the accessor; called once by the class of the bus, which alone has access. */
    public static void allow(Function<Bus, BusRuntime> found) {
        access = found;
    }

    /** Returns the internals of a bus. */
    public static BusRuntime of(Bus bus) {
        Objects.requireNonNull(bus, "bus");
        return Objects.requireNonNull(access, "the class Bus sets it").apply(bus);
    }

    public String node() {
        return channels.node();
    }

    /**
     * Returns the layer of a kind, which is created with the first call. A {@link Layer} is closed with the bus, before
     * the layers that it depends on.
     *
     * @throws IllegalStateException if the bus is closed
     */
    public <L> L layer(Class<L> kind, Function<BusRuntime, L> make) {
        return layers.get(this, kind, make);
    }
}
