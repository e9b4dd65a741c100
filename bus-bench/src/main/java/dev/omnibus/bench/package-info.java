/**
 * Measures Omnibus side by side with what one would use instead. Start with {@link dev.omnibus.bench.Main}; the jobs
 * are listed in {@code Jobs}, the peers in {@code Peers}, what must be reached in {@code Budgets}.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
