package dev.omnibus.spring.internal;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.BusStats;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcClientStats;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.RpcServerStats;
import dev.omnibus.spring.TopicListenerRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** The actuator's endpoint {@code omnibus}: what this node does, from its counters. Thread-safe. */
@Endpoint(id = "omnibus")
public final class OmnibusEndpoint {

    private final Bus bus;
    private final @Nullable TopicListenerRegistry listeners;
    private final @Nullable RpcServices services;

    public OmnibusEndpoint(Bus bus, @Nullable TopicListenerRegistry listeners, @Nullable RpcServices services) {
        this.bus = bus;
        this.listeners = listeners;
        this.services = services;
    }

    /**
     * What the endpoint gives.
     *
     * @param listeners by id, then by topic
     */
    public record NodeDescriptor(
            String node,
            BusState state,
            BusStats bus,
            Map<String, Map<String, SubscriptionStats>> listeners,
            List<String> services,
            @Nullable RpcServerStats server,
            @Nullable RpcClientStats client)
            implements OperationResponseBody {}

    /** What this node has done until now. */
    @ReadOperation
    public NodeDescriptor node() {
        Map<String, Map<String, SubscriptionStats>> stats = new TreeMap<>();
        if (listeners != null) {
            for (String id : listeners.ids()) {
                Map<String, SubscriptionStats> byTopic = new LinkedHashMap<>();
                for (Subscription each : listeners.subscriptions(id)) {
                    byTopic.put(each.topic(), each.stats());
                }
                stats.put(id, byTopic);
            }
        }
        boolean closed = bus.state() == BusState.CLOSED; // nothing more can be asked of what is built on it
        return new NodeDescriptor(
                bus.node(),
                bus.state(),
                bus.stats(),
                stats,
                services == null ? List.of() : services.services(),
                closed ? null : RpcServer.on(bus).stats(),
                closed ? null : RpcClient.on(bus).stats());
    }
}
