/**
 * The channel engine: ordered, batching sends and bounded, serial receives over a transport. Start at
 * {@link dev.omnibus.internal.channel.Channels}.
 */
@NullMarked
package dev.omnibus.internal.channel;

import org.jspecify.annotations.NullMarked;
