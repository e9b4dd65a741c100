package dev.omnibus.rpc;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the service that an interface is the contract of. Without it, {@code Stock} is called {@code stock}. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface ServiceName {

    /**
     * The name: tokens of letters, digits, {@code _} and {@code -} with dots between them.
     *
     * @return the service's name
     */
    String value();
}
