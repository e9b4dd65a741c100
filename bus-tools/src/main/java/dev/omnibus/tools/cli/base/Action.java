package dev.omnibus.tools.cli.base;

import dev.omnibus.bus.Bus;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command: what all of them have. Each returns its exit code. */
public abstract class Action implements Callable<Integer> {

    @Spec
    private @Nullable CommandSpec spec;

    protected final OmnibusCommand omnibus() {
        return (OmnibusCommand)
                Objects.requireNonNull(spec, "set by picocli").root().userObject();
    }

    protected final Output out() {
        return omnibus().out();
    }

    /** A bus of its own; to be closed. */
    protected final Bus connect() {
        return omnibus().connect();
    }

    /** Waits; what an asynchronous failure has thrown is thrown here. */
    protected static <T extends @Nullable Object> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw Failures.unwrapped(e) instanceof Exception failure ? failure : e;
        }
    }

    @Override
    public abstract Integer call() throws Exception;
}
