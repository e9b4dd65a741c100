/** Many of everything: what nodes, topics and subscriptions cost that have nothing to do. */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench.scale;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
