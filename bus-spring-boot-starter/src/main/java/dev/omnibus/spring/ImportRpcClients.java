package dev.omnibus.spring;

import dev.omnibus.spring.internal.RpcClientRegistrar;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.AliasFor;

/**
 * An import of client proxies: registers a bean for each contract, which calls the nodes that serve it, for
 * constructors to ask for.
 *
 * <pre>{@code
 * @SpringBootApplication
 * @ImportRpcClients(Stock.class)
 * class Shop { … }
 *
 * @RestController
 * class StockController {
 *     StockController(Stock stock) { … }
 * }
 * }</pre>
 *
 * <p>Such a bean is a fallback: where the application has a bean of its own that implements the contract, that one is
 * injected, and {@link Remote @Remote Stock} is the proxy all the same. How long calls wait is said by the contract or
 * by {@code omnibus.clients.<service>.timeout}.
 *
 * @see dev.omnibus.rpc.RpcClient#proxy(Class, dev.omnibus.rpc.CallOptions)
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Import(RpcClientRegistrar.class)
public @interface ImportRpcClients {

    /**
     * The contracts, as {@link #contracts()}.
     *
     * @return interfaces
     */
    @AliasFor("contracts")
    Class<?>[] value() default {};

    /**
     * The contracts to call.
     *
     * @return interfaces
     */
    @AliasFor("value")
    Class<?>[] contracts() default {};

    /**
     * Packages in which every interface with {@link dev.omnibus.rpc.ServiceName @ServiceName} is a contract to call.
     * Those below them count as well.
     *
     * @return names of packages, which may be placeholders: {@code ${…}}
     */
    String[] basePackages() default {};

    /**
     * The packages of these classes, otherwise as {@link #basePackages()}.
     *
     * @return any classes in them
     */
    Class<?>[] basePackageClasses() default {};
}
