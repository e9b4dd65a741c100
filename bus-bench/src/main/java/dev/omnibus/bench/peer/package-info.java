/** Libraries that are compared, each behind the same interfaces. */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench.peer;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
