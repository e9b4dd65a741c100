package dev.omnibus.rpc.internal.broadcast;

import dev.omnibus.internal.channel.Message;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The late responders of one broadcast: nodes that come into the directory while it waits, and the answers of those
 * that are not in it yet. Thread-safe.
 */
final class LateResponders {

    /** More strangers than that are not kept. */
    static final int MAX_STRANGERS = 1_000;

    /** More bytes than that of their answers are not kept. */
    private static final long MAX_BYTES = 4L * 1024 * 1024;

    private final ClientRuntime client;
    private final String method;
    private final Consumer<String> known;
    private final Consumer<String> follower = this::noticed;
    private final Map<String, RpcCodec.Response> strangers = new HashMap<>(); // guarded by this, like all below
    private long bytes; // of their answers
    private boolean following;

    /**
     * Prepares it.
     *
     * @param known gets each node that comes, goes or changes, if it is there; perhaps more than once
     */
    LateResponders(ClientRuntime client, String method, Consumer<String> known) {
        this.client = client;
        this.method = method;
        this.known = known;
    }

    /** Keeps the answer of a stranger; false if it has answered before, or too much is kept already. */
    synchronized boolean hold(RpcCodec.Response reply) {
        long size = reply.size();
        if (strangers.size() >= MAX_STRANGERS || bytes + size > MAX_BYTES || strangers.containsKey(reply.from())) {
            return false;
        }
        strangers.put(reply.from(), apart(reply));
        bytes += size;
        return true;
    }

    /** Without the frame in which it came, which may be much larger. */
    private static RpcCodec.Response apart(RpcCodec.Response reply) {
        return new RpcCodec.Response(
                reply.id(),
                reply.from(),
                apart(reply.result()),
                reply.code(),
                reply.message(),
                reply.type(),
                apart(reply.details()),
                reply.retryAfterMillis(),
                reply.size());
    }

    private static @Nullable Message apart(@Nullable Message part) {
        return part == null ? null : WireBytes.detached(part);
    }

    /** The answer that is kept of a node that is no stranger any more. */
    synchronized RpcCodec.@Nullable Response release(String node) {
        RpcCodec.Response held = strangers.remove(node);
        bytes -= held == null ? 0 : held.size();
        return held;
    }

    synchronized int held() {
        return strangers.size();
    }

    /**
     * Begins to follow the directory, and reports the nodes that have come meanwhile.
     *
     * @param wanted whether somebody still waits for them
     */
    void follow(BooleanSupplier wanted) {
        synchronized (this) {
            if (!following && wanted.getAsBoolean()) {
                following = true;
                client.directory().follow(follower);
            }
        }
        if (!wanted.getAsBoolean()) { // ended meanwhile
            forget();
            return;
        }
        client.directory().refresh().whenComplete((done, failure) -> {
            List<String> ids;
            synchronized (this) {
                ids = new ArrayList<>(strangers.keySet());
            }
            client.directory().serving(method).forEach(node -> ids.add(node.id())); // come before it was followed
            ids.forEach(this::report);
        });
    }

    /** A node has come, gone or changed. Called under the lock of the directory, so it is handled elsewhere. */
    private void noticed(String node) {
        client.execute(() -> report(node));
    }

    private void report(String node) {
        if (client.directory().knows(node)) {
            known.accept(node);
        }
    }

    /** The broadcast has ended. */
    synchronized void forget() {
        strangers.clear();
        bytes = 0;
        if (following) {
            following = false;
            client.directory().unfollow(follower);
        }
    }
}
