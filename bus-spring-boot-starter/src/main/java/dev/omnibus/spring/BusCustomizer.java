package dev.omnibus.spring;

import dev.omnibus.bus.BusBuilder;

/**
 * A callback for what no property says: each bean of this type is applied to the builder of the bus, in the order of
 * {@link org.springframework.core.annotation.Order @Order}, after the properties.
 *
 * <p>It must not need the {@link dev.omnibus.bus.Bus} itself, which is made afterwards.
 */
@FunctionalInterface
public interface BusCustomizer {

    /**
     * Changes the options of the bus, for instance {@code builder.json(mapper)}.
     *
     * @param builder has the properties of the application already
     */
    void customize(BusBuilder builder);
}
