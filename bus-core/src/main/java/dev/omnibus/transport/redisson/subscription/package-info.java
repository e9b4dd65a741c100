/**
 * What one Redisson client is subscribed to, over reconnects and slot migrations. Start at
 * {@link dev.omnibus.transport.redisson.subscription.Subscriptions}.
 */
@NullMarked
package dev.omnibus.transport.redisson.subscription;

import org.jspecify.annotations.NullMarked;
