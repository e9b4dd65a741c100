/**
 * An outbox: orders that are written to a database and published on a durable topic, both or neither, though the
 * process is killed between the two. Start at {@link dev.omnibus.examples.outbox.OutboxDesk}.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.examples.outbox;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
