package dev.omnibus.examples.quakes;

import dev.omnibus.rpc.Broadcast;
import dev.omnibus.rpc.Broadcast.Invocation;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Puts questions to all catalogues, and keeps account of the answers. Thread-safe. */
final class Questions {

    /** Longer than it takes to find out that a node has died, which is 5 seconds, even on a machine that is busy. */
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private final RpcClient client;
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger answers = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();
    private final AtomicInteger missing = new AtomicInteger();

    Questions(RpcClient client) {
        this.client = client;
    }

    <T> Replies<T> ask(Invocation<Catalogue, T> question) {
        return note(broadcast(question).ask());
    }

    <T> CompletableFuture<Replies<T>> askAsync(Invocation<Catalogue, T> question) {
        return broadcast(question).askAsync().thenApply(this::note);
    }

    private <T> Broadcast<T> broadcast(Invocation<Catalogue, T> question) {
        return client.broadcast(Catalogue.class, question)
                .with(CallOptions.defaults().withTimeout(TIMEOUT));
    }

    /** How many events all nodes keep together. */
    int count() {
        return sum(ask(Catalogue::count));
    }

    static int sum(Replies<Integer> replies) {
        return replies.values().stream().mapToInt(Integer::intValue).sum();
    }

    private <T> Replies<T> note(Replies<T> replies) {
        asked.incrementAndGet();
        answers.addAndGet(replies.values().size());
        faults.addAndGet(replies.faults().size());
        missing.addAndGet(replies.missing().size() + replies.missingUnnamed());
        return replies;
    }

    int asked() {
        return asked.get();
    }

    int answers() {
        return answers.get();
    }

    int faults() {
        return faults.get();
    }

    int missing() {
        return missing.get();
    }
}
