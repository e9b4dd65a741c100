/**
 * Real Redis processes for tests. Start at {@link dev.omnibus.testing.RedisServer};
 * {@link dev.omnibus.testing.RedisSentinels} and {@link dev.omnibus.testing.RedisCluster} consist of several, and
 * {@link dev.omnibus.testing.FaultProxy} simulates a bad network in front of one, {@link dev.omnibus.testing.LinkProxy}
 * a distant one. {@link dev.omnibus.testing.NodeProcess} is a part of a program that can be killed, and
 * {@link dev.omnibus.testing.LeakCheck} finds what a test leaves behind.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.testing;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
