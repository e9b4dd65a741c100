/**
 * The listings of the documentation, each of which runs. The larger examples are
 * {@link dev.omnibus.examples.quakes.QuakeDesk}, {@link dev.omnibus.examples.orders.OrderDesk} and
 * {@link dev.omnibus.examples.outbox.OutboxDesk}.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.examples;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
