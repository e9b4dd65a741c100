/** Servers that peers are measured with, and the link to them. */
@NullMarked
@CheckReturnValue
package dev.omnibus.bench.server;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
