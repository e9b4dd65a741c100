package dev.omnibus.rpc;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method of a contract that does no harm when it is executed twice. Only such a method is tried again when it may
 * have run already: its node died, an attempt timed out, the link broke.
 *
 * @see CallOptions#withRetries
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Idempotent {}
