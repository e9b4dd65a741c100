package dev.omnibus.rpc;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * By when a call of this method ends, unless the caller's {@link CallOptions#withTimeout} says otherwise:
 * {@code @Timeout(millis = 2_000)}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Timeout {

    /**
     * The time.
     *
     * @return milliseconds, from 1 to less than a day
     */
    long millis();
}
