package dev.omnibus.examples.quakes;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What must be true at the end, and what was not. Confined to one thread. */
final class Checks {

    private final List<String> failed = new ArrayList<>();

    void equal(String what, Object expected, Object actual) {
        that(Objects.equals(expected, actual), what + " is " + actual + ", not " + expected);
    }

    void that(boolean condition, String otherwise) {
        if (!condition) {
            failed.add(otherwise);
        }
    }

    List<String> failed() {
        return failed;
    }
}
