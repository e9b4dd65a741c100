/** Omnibus in Spring Boot. Start at {@link dev.omnibus.spring.TopicListener}. */
@NullMarked
package dev.omnibus.spring;

import org.jspecify.annotations.NullMarked;
