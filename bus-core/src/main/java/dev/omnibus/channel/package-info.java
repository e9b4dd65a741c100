/**
 * Ordered, batching sends and bounded, serial receives over a transport. Start at {@link dev.omnibus.channel.Channels}.
 */
@NullMarked
package dev.omnibus.channel;

import org.jspecify.annotations.NullMarked;
