package dev.omnibus.spring.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;

/**
 * A switch for {@code @SpringBootTest}: the application's bus is inside the JVM instead of on Redis, and there are
 * beans of {@link BusProbe} and of {@link dev.omnibus.transport.memory.InMemoryNetwork}.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@ImportAutoConfiguration
public @interface AutoConfigureOmnibus {}
