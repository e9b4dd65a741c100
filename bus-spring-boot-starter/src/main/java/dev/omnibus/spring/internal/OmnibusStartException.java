package dev.omnibus.spring.internal;

/** What keeps the application from starting, and what to do about it. Immutable. */
public final class OmnibusStartException extends RuntimeException {

    private final String action;

    public OmnibusStartException(String problem, String action) {
        super(problem);
        this.action = action;
    }

    public OmnibusStartException(String problem, String action, Throwable cause) {
        super(problem, cause);
        this.action = action;
    }

    String action() {
        return action;
    }
}
