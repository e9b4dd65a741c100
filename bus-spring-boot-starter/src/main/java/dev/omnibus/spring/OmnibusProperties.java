package dev.omnibus.spring;

import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.Overflow;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.ServiceOptions;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The configuration properties of a bus. What is not set has the default of {@link BusBuilder}. Immutable.
 *
 * @param enabled Whether there is a bus at all.
 * @param url The address of Redis, redis://[user:password@]host[:port][/database], or rediss://… for TLS. Without it an
 *     OmnibusConnectionDetails bean says where Redis is, else spring.data.redis, else it is redis://localhost:6379.
 * @param ssl What the TLS of "omnibus.url" trusts.
 * @param name The name of this process, with which its node id begins: 1 to 40 letters, digits, "_" and "-". By default
 *     it is made of spring.application.name.
 * @param prefix The prefix of all channels and keys, which keeps buses on one Redis apart; "bus" by default.
 * @param startup What the application does while Redis is away.
 * @param connectWithin How long to try while Redis cannot be reached; a single attempt by default.
 * @param heartbeat How often the bus checks that its own messages come back; every second by default.
 * @param drainTimeout How long each step of closing the bus waits at most; 5 seconds by default.
 * @param maxMessageSize The maximum size of a message, sent or received; 1MB by default.
 * @param outboxSize How much may wait to be sent; 64MB by default.
 * @param outboxWait How long publishing waits when that is full; by default it fails at once.
 * @param holdWhileAway How long events are held while Redis is unavailable; by default publishing fails at once.
 * @param announce Whether others can see this node although it serves nothing.
 * @param shardedEvents Whether the events of a topic stay on one master of a cluster. Then there are no patterns.
 * @param listener What holds for each listener that does not say otherwise.
 * @param service What holds for each service that does not say otherwise.
 * @param observation What is measured and traced.
 * @param clients How calls of imported clients are made, by the name of the service.
 */
@ConfigurationProperties("omnibus")
public record OmnibusProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable String url,
        @DefaultValue Ssl ssl,
        @Nullable String name,
        @Nullable String prefix,
        @DefaultValue("fail") Startup startup,
        @Nullable Duration connectWithin,
        @Nullable Duration heartbeat,
        @Nullable Duration drainTimeout,
        @Nullable DataSize maxMessageSize,
        @Nullable DataSize outboxSize,
        @Nullable Duration outboxWait,
        @Nullable Duration holdWhileAway,
        @DefaultValue("true") boolean announce,
        @DefaultValue("false") boolean shardedEvents,
        @DefaultValue Listener listener,
        @DefaultValue Service service,
        @DefaultValue Observation observation,
        @DefaultValue Map<String, Client> clients) {

    /** What the application does while Redis is away. */
    public enum Startup {
        /** It does not start. */
        FAIL,
        /**
         * It starts, and listeners and services stand as soon as Redis is there. Until then health is DOWN, calls fail
         * at once, and so does publishing unless events are held.
         */
        BACKGROUND
    }

    /**
     * The TLS of {@code omnibus.url}; {@code spring.data.redis.ssl} has that of the other way.
     *
     * @param bundle The name of an SSL bundle, with the certificates to trust and one to log in with.
     */
    public record Ssl(@Nullable String bundle) {}

    /**
     * The defaults of listeners, which are those of {@link SubscribeOptions} if they are not set.
     *
     * @param autoStartup Whether listeners start with the application.
     * @param concurrency How many events a listener handles at the same time; 1 by default, which keeps their order.
     * @param mailboxEvents How many events may wait for a listener; 524288 by default.
     * @param mailboxSize How many bytes of events may wait for a listener; 64MB by default.
     * @param overflow What happens to events when more of them wait; the newest is dropped by default.
     * @param retries How often an event is handled again after a failure; 0 by default, and 5 with a group.
     * @param retryDelay How long the first retry waits; 100ms by default, and a second with a group.
     */
    public record Listener(
            @DefaultValue("true") boolean autoStartup,
            @Nullable Integer concurrency,
            @Nullable Integer mailboxEvents,
            @Nullable DataSize mailboxSize,
            @Nullable Overflow overflow,
            @Nullable Integer retries,
            @Nullable Duration retryDelay) {}

    /**
     * The defaults of services, which are those of {@link ServiceOptions} if they are not set.
     *
     * @param concurrency How many calls of a service run at a time; 64 by default.
     * @param queue How many more may wait; 1024 by default.
     */
    public record Service(
            @Nullable Integer concurrency, @Nullable Integer queue) {}

    /**
     * What is measured and traced.
     *
     * @param metrics Whether there are metrics, if the application has a meter registry of Micrometer.
     * @param traces Whether there are spans, if the application has an OpenTelemetry bean.
     */
    public record Observation(
            @DefaultValue("true") boolean metrics,
            @DefaultValue("true") boolean traces) {}

    /**
     * The options of one service's proxies, which are those of the contract and of {@link CallOptions} if they are not
     * set.
     *
     * @param timeout By when a call ends; 5 seconds by default, or what the contract says.
     * @param attemptTimeout By when one attempt is given up, so that there is time for another one.
     * @param retries How often a call that failed is tried again; 3 by default for idempotent methods, and 0 for
     *     others.
     */
    public record Client(
            @Nullable Duration timeout,
            @Nullable Duration attemptTimeout,
            @Nullable Integer retries) {}
}
