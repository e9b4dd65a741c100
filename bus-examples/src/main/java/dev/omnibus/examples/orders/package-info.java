/**
 * The order desk: a day of orders on a durable topic, billed by a group of two processes of which one is killed. Start
 * at {@link dev.omnibus.examples.orders.OrderDesk}.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.examples.orders;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
