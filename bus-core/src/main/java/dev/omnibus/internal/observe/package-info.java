/** What observers see, and the trace that is passed on. Start at {@link dev.omnibus.internal.observe.Observed}. */
@NullMarked
package dev.omnibus.internal.observe;

import org.jspecify.annotations.NullMarked;
