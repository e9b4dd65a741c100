package dev.omnibus.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The identity of a process: its pid, and its start time, which distinguishes it from a later process with the same
 * pid.
 */
record ProcessIdentity(long pid, Instant started) {
    /**
     * Two JVMs may see start times of the same process up to a second apart: Linux reports ticks since boot, and the
     * boot time, in whole seconds, moves when the clock is corrected. Without this tolerance a live owner would look
     * like another process.
     */
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    static ProcessIdentity of(ProcessHandle process) {
        // A process that has ended has no start time; the epoch matches no running process.
        return new ProcessIdentity(process.pid(), process.info().startInstant().orElse(Instant.EPOCH));
    }

    /** Returns the process; empty if it has ended, even if its pid now belongs to another process. */
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
