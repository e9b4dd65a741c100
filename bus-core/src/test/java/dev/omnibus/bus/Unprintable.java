package dev.omnibus.bus;

/** Exceptions as the worst programs have them: whoever looks at one is thrown at. */
final class Unprintable {

    private Unprintable() {}

    static final class Failure extends RuntimeException {

        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("thrown by getMessage");
        }

        @Override
        public String toString() {
            throw new StackOverflowError("thrown by toString");
        }

        @Override
        public synchronized Throwable getCause() {
            throw new IllegalStateException("thrown by getCause");
        }
    }

    static final class Fault extends Error {

        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new AssertionError("thrown by getMessage");
        }
    }

    /** Its causes go round. */
    static Throwable round() {
        RuntimeException first = new IllegalStateException("first");
        first.initCause(new IllegalStateException("second", first));
        return first;
    }
}
