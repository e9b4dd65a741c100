/** An application, for the tests of the test slice. */
@NullMarked
package dev.omnibus.spring.test.shop;

import org.jspecify.annotations.NullMarked;
