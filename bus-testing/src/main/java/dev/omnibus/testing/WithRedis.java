package dev.omnibus.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives the {@link RedisServer} parameters of a JUnit test class, in its constructor or its methods, one
 * {@linkplain RedisServer#obtain() obtained} server, closed after the last test of the class. Parameters that are
 * {@link RedisSentinels} or a {@link RedisCluster} are given one of these, started for the class.
 *
 * <p>The tests of the class and of its nested classes share the servers and what they leave in them. Needs JUnit 5.13
 * or newer on the class path, which this library does not bring along.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RedisExtension.class)
public @interface WithRedis {

    /**
     * How many replicas each master has behind Sentinels, where there is always one at least, or in a cluster.
     *
     * @return none by default
     */
    int replicas() default 0;
}
