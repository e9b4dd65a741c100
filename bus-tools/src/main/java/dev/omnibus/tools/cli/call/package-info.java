/** Commands for calls: who serves what and how often it is called, and to call it, ask all, or serve it. */
@NullMarked
package dev.omnibus.tools.cli.call;

import org.jspecify.annotations.NullMarked;
