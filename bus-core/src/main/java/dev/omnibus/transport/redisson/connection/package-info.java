/** Connections to Redis by Redisson: how they are set up, watched and ended, and why they fail. */
@NullMarked
package dev.omnibus.transport.redisson.connection;

import org.jspecify.annotations.NullMarked;
