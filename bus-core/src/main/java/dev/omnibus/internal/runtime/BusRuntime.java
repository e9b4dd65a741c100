package dev.omnibus.internal.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.KeepAlive;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A runtime record: what a bus is made of, for the layers that stand on it, which the bus itself shows to nobody.
 *
 * @param bus the bus, as a name for it
 * @param channels sends and receives
 * @param json how JSON is read and written; not to be changed
 * @param executor where handlers run
 * @param keepAlive is told of work that comes from outside
 * @param layers what stands on the bus
 */
public record BusRuntime(
        Bus bus, Channels channels, ObjectMapper json, ExecutorService executor, KeepAlive keepAlive, Layers layers) {

    private static volatile @Nullable Function<Bus, BusRuntime> access;

    /** Said once, by the class of the bus: who else knows what a bus hides? */
    public static void allow(Function<Bus, BusRuntime> found) {
        access = found;
    }

    /** What a bus is made of. */
    public static BusRuntime of(Bus bus) {
        Objects.requireNonNull(bus, "bus");
        return Objects.requireNonNull(access, "said by its class").apply(bus);
    }

    public String node() {
        return channels.node();
    }

    /**
     * What stands on the bus of a kind, made at the first call. If it is a {@link Layer} it ends with the bus, before
     * the layers that it has asked for.
     *
     * @throws IllegalStateException if the bus is closed
     */
    public <L> L layer(Class<L> kind, Function<BusRuntime, L> make) {
        return layers.get(this, kind, make);
    }
}
