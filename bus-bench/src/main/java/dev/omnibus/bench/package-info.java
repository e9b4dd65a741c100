/**
 * Measures Omnibus side by side with what one would use instead. Start with {@link dev.omnibus.bench.Main}; what must
 * be reached is in {@code Budgets}. Below it, each on top of the next: {@code job}, what is measured, {@code peer}, who
 * is measured, and {@code server}, what they are measured with; beside them {@code micro}, the microbenchmarks.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
