package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** What Spring Boot prints when an application does not start. */
final class Failures {

    private Failures() {}

    static FailureAnalysis analysisOf(@Nullable Throwable failure) {
        assertThat(failure).as("the application has started").isNotNull();
        FailureAnalyzer ours = SpringFactoriesLoader.forDefaultResourceLocation()
                .load(FailureAnalyzer.class, (type, name, problem) -> {}) // others need a context
                .stream()
                .filter(analyzer -> analyzer.getClass().getName().startsWith("dev.omnibus."))
                .findFirst()
                .orElseThrow();
        FailureAnalysis analysis = ours.analyze(Objects.requireNonNull(failure));
        assertThat(analysis).as("no analysis of %s", failure).isNotNull();
        return Objects.requireNonNull(analysis);
    }
}
