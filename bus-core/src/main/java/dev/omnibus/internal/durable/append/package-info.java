/**
 * The publishers of a durable topic: events are appended in batches, once each, and confirmed by replicas if that is
 * wanted.
 */
@NullMarked
package dev.omnibus.internal.durable.append;

import org.jspecify.annotations.NullMarked;
