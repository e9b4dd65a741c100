/** What the demonstrations stand on: processes that cannot outlive them, a Redis, a screen, and checks at the end. */
@NullMarked
@CheckReturnValue
package dev.omnibus.examples.stage;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
