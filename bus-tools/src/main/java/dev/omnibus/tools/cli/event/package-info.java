/** Commands for what goes over a bus now: to publish it, subscribe to it, watch it, and send it again. */
@NullMarked
package dev.omnibus.tools.cli.event;

import org.jspecify.annotations.NullMarked;
