/** Commands for durable topics: what they have kept, how far their groups are, and what these gave up. */
@NullMarked
package dev.omnibus.tools.cli.durable;

import org.jspecify.annotations.NullMarked;
