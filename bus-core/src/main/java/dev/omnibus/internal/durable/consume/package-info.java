/**
 * The readers of a durable topic: consumers, which share the events of a group, and followers, which read all of them.
 */
@NullMarked
package dev.omnibus.internal.durable.consume;

import org.jspecify.annotations.NullMarked;
