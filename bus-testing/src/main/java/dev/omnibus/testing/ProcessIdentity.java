package dev.omnibus.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** One process, told apart from a later one with the same pid by when it started. */
record ProcessIdentity(long pid, Instant started) {
    /**
     * Two JVMs may see the same process start up to a second apart: Linux gives ticks since boot, and the boot time, in
     * whole seconds, moves when the clock is corrected. Without this a live owner would look like a stranger.
     */
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    static ProcessIdentity of(ProcessHandle process) {
        // A process that is gone already has no start; the epoch matches nothing that runs.
        return new ProcessIdentity(process.pid(), process.info().startInstant().orElse(Instant.EPOCH));
    }

    /** Empty when it has ended, also when its pid now belongs to a stranger. */
    Optional<ProcessHandle> findRunning() {
        return ProcessHandle.of(pid).filter(this::startedThen);
    }

    private boolean startedThen(ProcessHandle process) {
        return process.info()
                .startInstant()
                .filter(start -> Duration.between(started, start).abs().compareTo(TOLERANCE) <= 0)
                .isPresent();
    }

    static ProcessIdentity parse(String text) {
        int space = text.indexOf(' ');
        return new ProcessIdentity(Long.parseLong(text.substring(0, space)), Instant.parse(text.substring(space + 1)));
    }

    @Override
    public String toString() {
        return pid + " " + started;
    }
}
