package dev.omnibus.spring.test;

import org.springframework.boot.test.autoconfigure.TestSliceTestContextBootstrapper;

/** What Spring Boot needs to know of {@link OmnibusTest}. */
final class OmnibusTestContextBootstrapper extends TestSliceTestContextBootstrapper<OmnibusTest> {}
