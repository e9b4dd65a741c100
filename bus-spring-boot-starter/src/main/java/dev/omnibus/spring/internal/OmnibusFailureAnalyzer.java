package dev.omnibus.spring.internal;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows what is wrong and what to do instead of a stack trace. */
final class OmnibusFailureAnalyzer extends AbstractFailureAnalyzer<OmnibusStartException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, OmnibusStartException cause) {
        return new FailureAnalysis(String.valueOf(cause.getMessage()), cause.action(), cause);
    }
}
