package dev.omnibus.tools.cli.admin;

import dev.omnibus.tools.cli.base.Durations;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A mixin for commands that only stay: how long they do. */
final class Stay {

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End after this time. Default: with Ctrl-C.")
    @Nullable
    Duration wait;

    /** Waits for the time that was given, else until the process is ended. */
    void waitForEnd() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        if (wait == null) {
            never.await();
        } else {
            boolean unusedEnded = never.await(wait.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}
