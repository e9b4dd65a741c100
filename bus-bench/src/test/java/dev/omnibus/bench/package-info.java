@NullMarked
package dev.omnibus.bench;

import org.jspecify.annotations.NullMarked;
