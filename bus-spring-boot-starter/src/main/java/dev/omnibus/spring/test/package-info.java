/** Tests of programs that use the starter. Start at {@link dev.omnibus.spring.test.OmnibusTest}. */
@NullMarked
package dev.omnibus.spring.test;

import org.jspecify.annotations.NullMarked;
