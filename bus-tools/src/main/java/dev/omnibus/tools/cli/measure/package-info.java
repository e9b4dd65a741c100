/** Commands that measure: the way to Redis, latencies, throughput; of events as well as of calls. */
@NullMarked
package dev.omnibus.tools.cli.measure;

import org.jspecify.annotations.NullMarked;
