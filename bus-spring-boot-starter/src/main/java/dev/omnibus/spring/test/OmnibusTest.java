package dev.omnibus.spring.test;

import dev.omnibus.spring.RpcService;
import dev.omnibus.spring.TopicListener;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.autoconfigure.OverrideAutoConfiguration;
import org.springframework.boot.test.context.filter.annotation.TypeExcludeFilters;
import org.springframework.context.annotation.ComponentScan.Filter;
import org.springframework.core.annotation.AliasFor;
import org.springframework.test.context.BootstrapWith;
import org.springframework.test.context.junit.jupiter.SpringExtension;

/**
 * A test slice: the listeners and services of the application, on a bus inside the JVM, without Redis and without the
 * rest of the application.
 *
 * <pre>{@code
 * @OmnibusTest
 * class ShippingTest {
 *     @Autowired BusProbe probe;
 *
 *     @Test
 *     void anOrderIsShipped() {
 *         probe.bus().publish("orders.placed", new OrderPlaced("o-17"));
 *         assertEquals("o-17", probe.await("orders.shipped", OrderShipped.class).data().id());
 *     }
 * }
 * }</pre>
 *
 * <p>Of the components only those are scanned that are an {@link RpcService} or have a {@link TopicListener}; what they
 * need besides is given by the test, for instance with {@code @MockitoBean} or {@code @Import}.
 *
 * @see AutoConfigureOmnibus
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@BootstrapWith(OmnibusTestContextBootstrapper.class)
@ExtendWith(SpringExtension.class)
@OverrideAutoConfiguration(enabled = false)
@TypeExcludeFilters(OmnibusTypeExcludeFilter.class)
@AutoConfigureOmnibus
@ImportAutoConfiguration
public @interface OmnibusTest {

    /**
     * Properties of the test.
     *
     * @return in the form {@code key=value}
     */
    String[] properties() default {};

    /**
     * Whether only listeners and services are scanned.
     *
     * @return true by default
     */
    boolean useDefaultFilters() default true;

    /**
     * What is scanned besides.
     *
     * @return filters
     */
    Filter[] includeFilters() default {};

    /**
     * What is not scanned.
     *
     * @return filters
     */
    Filter[] excludeFilters() default {};

    /**
     * Auto-configuration that is not wanted.
     *
     * @return classes
     */
    @AliasFor(annotation = ImportAutoConfiguration.class, attribute = "exclude")
    Class<?>[] excludeAutoConfiguration() default {};
}
