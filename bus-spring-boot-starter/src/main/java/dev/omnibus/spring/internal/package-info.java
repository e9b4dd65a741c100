/** How annotated beans become subscriptions and services. No API. */
@NullMarked
package dev.omnibus.spring.internal;

import org.jspecify.annotations.NullMarked;
