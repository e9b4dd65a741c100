package dev.omnibus.spring;

import dev.omnibus.rpc.ServiceOptions;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;
import org.springframework.stereotype.Component;

/**
 * A served component: a bean whose contracts other processes can call, from when the application has started until it
 * stops. On a class it makes that a component; on a {@code @Bean} method it serves what that gives.
 *
 * <pre>{@code
 * @RpcService
 * class WarehouseStock implements Stock { … }
 * }</pre>
 *
 * <p>Calls that run when the application stops are finished, and no new ones arrive. A service that cannot be served,
 * such as a second one with the same method, keeps the application from starting.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@Component
public @interface RpcService {

    /**
     * The name of the bean.
     *
     * @return as {@link Component#value()}
     */
    @AliasFor(annotation = Component.class, attribute = "value")
    String value() default "";

    /**
     * The contracts to serve.
     *
     * @return interfaces that the bean implements; by default all that the class itself or one above it names, but
     *     those without methods and those of Java, Jakarta, Kotlin and Spring
     */
    Class<?>[] contracts() default {};

    /**
     * How many calls run at a time.
     *
     * @return a number, which may be a placeholder: {@code ${…}}; that of {@code omnibus.service.concurrency} by
     *     default, and 64 without one
     * @see ServiceOptions#concurrency()
     */
    String concurrency() default "";

    /**
     * How many more calls may wait.
     *
     * @return a number, which may be a placeholder: {@code ${…}}; that of {@code omnibus.service.queue} by default, and
     *     1,024 without one
     * @see ServiceOptions#queue()
     */
    String queue() default "";

    /**
     * Whether this node takes queued calls as well.
     *
     * @return not by default
     * @see ServiceOptions#withQueued()
     */
    boolean queued() default false;
}
