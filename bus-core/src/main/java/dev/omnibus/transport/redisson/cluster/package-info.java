/** What differs in a cluster: receivers counted on all masters, and since when a master is one. */
@NullMarked
package dev.omnibus.transport.redisson.cluster;

import org.jspecify.annotations.NullMarked;
