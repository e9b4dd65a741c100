/** A real Redis process for tests. Start at {@link dev.omnibus.testing.RedisServer}. */
@NullMarked
@CheckReturnValue
package dev.omnibus.testing;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
