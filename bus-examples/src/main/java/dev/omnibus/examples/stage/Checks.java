package dev.omnibus.examples.stage;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What must be true at the end, and what was not. Confined to one thread. */
public final class Checks {

    private final List<String> failed = new ArrayList<>();

    /** Nothing was wrong yet. */
    public Checks() {}

    /**
     * Something must be as it was expected.
     *
     * @param what what it is, for the message
     * @param expected as it must be
     * @param actual as it is
     */
    public void equal(String what, Object expected, Object actual) {
        that(Objects.equals(expected, actual), what + " is " + actual + ", not " + expected);
    }

    /**
     * Something must be true.
     *
     * @param condition what must be
     * @param otherwise what is said if it is not
     */
    public void that(boolean condition, String otherwise) {
        if (!condition) {
            failed.add(otherwise);
        }
    }

    /**
     * What was not as it must be.
     *
     * @return a line for each
     */
    public List<String> failed() {
        return failed;
    }
}
