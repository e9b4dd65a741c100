/** Microbenchmarks: what single steps cost. */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench.micro;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
