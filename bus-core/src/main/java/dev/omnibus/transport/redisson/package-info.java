/** The transport over Redis, through Redisson: the only package that knows either. */
@NullMarked
package dev.omnibus.transport.redisson;

import org.jspecify.annotations.NullMarked;
