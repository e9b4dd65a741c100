/** Connections to Redis by Redisson: made, watched, ended, and told why not. */
@NullMarked
package dev.omnibus.transport.redisson.connection;

import org.jspecify.annotations.NullMarked;
