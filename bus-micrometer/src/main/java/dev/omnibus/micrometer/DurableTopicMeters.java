package dev.omnibus.micrometer;

import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.DurableTopicStatus.Group;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A meter binder of a durable topic: how many events it keeps and, of each consumer group, how many it has not been
 * delivered, how many wait for their acknowledgement, and how many are dead letters.
 *
 * <p>Redis is asked when the meters are read, at most once a second and without waiting for the answer; so what is read
 * is as old as the last reading. Gauges of a group appear with the first answer that has it, and are {@code NaN} once
 * it is gone. All nodes see the same numbers: bind it in one of them, or take the maximum. Thread-safe.
 */
public final class DurableTopicMeters implements MeterBinder {

    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final DurableTopic<?> topic;
    private final AtomicLong next = new AtomicLong(System.nanoTime()); // when Redis is asked again
    private final Map<MeterRegistry, Map<String, Boolean>> bound = new ConcurrentHashMap<>(); // and the groups there
    private volatile @Nullable DurableTopicStatus status;

    private DurableTopicMeters(DurableTopic<?> topic) {
        this.topic = topic;
    }

    /**
     * The meters of a topic.
     *
     * @param topic the topic
     * @return the meters, to be bound to a registry
     */
    public static DurableTopicMeters of(DurableTopic<?> topic) {
        return new DurableTopicMeters(Objects.requireNonNull(topic, "topic"));
    }

    /**
     * Adds the gauges to a registry, and reads the first numbers.
     *
     * @param registry where the meters are
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        bound.putIfAbsent(registry, new ConcurrentHashMap<>());
        Gauge.builder(Convention.DURABLE_ENTRIES.text(), this, meters -> meters.read(DurableTopicStatus::entries))
                .description(Convention.DURABLE_ENTRIES.description())
                .tag(Convention.OMNIBUS_TOPIC.text(), topic.name())
                .strongReference(true)
                .register(registry);
        refresh();
    }

    /** Asks Redis, unless that was done a moment ago. */
    private void refresh() {
        long now = System.nanoTime();
        long due = next.get();
        if (now - due >= 0 && next.compareAndSet(due, now + FRESH_NANOS)) {
            topic.status().thenAccept(this::refreshed);
        }
    }

    private void refreshed(DurableTopicStatus now) {
        status = now;
        bound.forEach((registry, groups) -> now.groups().forEach(group -> {
            if (groups.putIfAbsent(group.name(), true) == null) {
                gauge(
                        registry,
                        Convention.DURABLE_LAG,
                        group.name(),
                        each -> each.lag().orElse(0));
                gauge(registry, Convention.DURABLE_PENDING, group.name(), Group::pending);
                gauge(registry, Convention.DURABLE_DEAD_LETTERS, group.name(), Group::deadLetters);
            }
        }));
    }

    private void gauge(MeterRegistry registry, Convention meter, String group, ToDoubleFunction<Group> part) {
        Gauge.builder(
                        meter.text(),
                        this,
                        meters -> meters.read(all -> all.groups().stream()
                                .filter(each -> each.name().equals(group))
                                .mapToDouble(part)
                                .findFirst()
                                .orElse(Double.NaN)))
                .description(meter.description())
                .tag(Convention.OMNIBUS_TOPIC.text(), topic.name())
                .tag(Convention.OMNIBUS_GROUP.text(), group)
                .strongReference(true)
                .register(registry);
    }

    private double read(ToDoubleFunction<DurableTopicStatus> part) {
        refresh();
        DurableTopicStatus known = status;
        return known == null ? Double.NaN : part.applyAsDouble(known);
    }
}
