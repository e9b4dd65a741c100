/** Jobs: what is measured, in the same way for every peer. */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench.job;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
