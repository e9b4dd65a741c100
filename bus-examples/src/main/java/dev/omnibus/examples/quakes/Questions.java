package dev.omnibus.examples.quakes;

import dev.omnibus.rpc.Broadcast;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.ServiceCall;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Puts questions to all catalogues, and keeps account of the answers. Thread-safe. */
final class Questions {

    /** Longer than it takes to find out that a node has died, which is 5 seconds, even on a machine that is busy. */
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private final Broadcast<Catalogue> catalogues;
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger answers = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();
    private final AtomicInteger missing = new AtomicInteger();

    Questions(RpcClient client) {
        catalogues =
                client.broadcast(Catalogue.class).with(CallOptions.defaults().withTimeout(TIMEOUT));
    }

    <T> Replies<T> ask(ServiceCall<Catalogue, T> question) {
        return note(catalogues.ask(question));
    }

    <T> CompletableFuture<Replies<T>> askAsync(ServiceCall<Catalogue, T> question) {
        return catalogues.askAsync(question).thenApply(this::note);
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
