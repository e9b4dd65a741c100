package dev.omnibus.spring.internal;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Health by the state that the bus has found by its heartbeat, without asking Redis. Thread-safe. */
public final class OmnibusHealthIndicator extends AbstractHealthIndicator {

    private final Bus bus;

    public OmnibusHealthIndicator(Bus bus) {
        this.bus = bus;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        BusState state = bus.state();
        switch (state) {
            case UP -> builder.up();
            case DRAINING -> builder.outOfService();
            default -> builder.down();
        }
        builder.withDetail("node", bus.node())
                .withDetail("state", state)
                .withDetail("reconnects", bus.stats().reconnects());
    }
}
