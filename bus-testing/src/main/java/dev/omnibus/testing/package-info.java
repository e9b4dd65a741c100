/**
 * Real Redis processes for tests. Start at {@link dev.omnibus.testing.RedisServer};
 * {@link dev.omnibus.testing.RedisSentinels} and {@link dev.omnibus.testing.RedisCluster} are made of several, and
 * {@link dev.omnibus.testing.FaultProxy} is a bad network in front of one.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.testing;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
