/**
 * What carries frames between processes: channel names and bytes, and nothing above them. Start at
 * {@link dev.omnibus.transport.Transport}.
 */
@NullMarked
package dev.omnibus.transport;

import org.jspecify.annotations.NullMarked;
