/** Topics and events. Start at {@link dev.omnibus.bus.Bus}. */
@NullMarked
package dev.omnibus.bus;

import org.jspecify.annotations.NullMarked;
