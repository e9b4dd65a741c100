/** Lists of Redis as queues. */
@NullMarked
package dev.omnibus.transport.redisson.queue;

import org.jspecify.annotations.NullMarked;
