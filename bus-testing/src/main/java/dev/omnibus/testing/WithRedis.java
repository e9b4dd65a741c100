package dev.omnibus.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A JUnit extension that injects a server, {@linkplain RedisServer#obtain() obtained} for the test class and closed
 * after its last test, into {@link RedisServer} parameters of its constructor and methods. Parameters of type
 * {@link RedisSentinels} or {@link RedisCluster} get one of these, started for the class.
 *
 * <p>The tests of the class and of its nested classes share the servers and their data. Needs JUnit 5.13 or newer on
 * the class path, which this library does not depend on.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RedisExtension.class)
public @interface WithRedis {

    /**
     * The number of replicas of each master, in a cluster or behind Sentinels, where there is always at least one.
     *
     * @return 0 by default
     */
    int replicas() default 0;
}
