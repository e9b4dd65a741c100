package dev.omnibus.bench.peer;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayDeque;
import java.util.Deque;

/** Closes what was opened, last one first, and all of it, whatever some of it says. Confined to one thread. */
public final class Closing implements AutoCloseable {

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @CanIgnoreReturnValue
    public <T extends AutoCloseable> T add(T resource) {
        opened.push(resource);
        return resource;
    }

    @Override
    public void close() {
        IllegalStateException failed = null;
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                failed = new IllegalStateException("It could not be closed: " + e, e);
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
