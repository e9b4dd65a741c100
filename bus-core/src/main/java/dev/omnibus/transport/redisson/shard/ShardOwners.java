package dev.omnibus.transport.redisson.shard;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisClient;

/**
 * A table of the masters that own the slots. Redisson reads it from a server once a second; what a server has answered
 * since then about one of its slots is newer, and counts until Redisson has read something else.
 *
 * <p>Thread-safe.
 */
public final class ShardOwners {

    private static final int FIELDS_BEFORE_SLOTS = 8;
    private static final int ADDRESS = 1; // of the fields in a line of CLUSTER NODES
    private static final int FLAGS = 2;
    private static final Pattern ADDRESS_OF_SERVER = Pattern.compile(".+:\\d{1,5}");

    private record Correction(@Nullable RedisClient read, String address) {}

    private final Masters masters;
    private final Map<Integer, Correction> corrections = new ConcurrentHashMap<>(); // by slot
    private final Map<RedisClient, CompletableFuture<List<String[]>>> asked = new HashMap<>(); // guarded by this
    private final Map<RedisClient, CompletableFuture<List<String[]>>> waiting =
            new HashMap<>(); // for these; guarded by this

    public ShardOwners(Masters masters) {
        this.masters = masters;
    }

    /** The master that owns a slot now; null if none is known, or Redisson has no connection to it yet. */
    @Nullable
    RedisClient of(int slot) {
        RedisClient read = read(slot);
        Correction correction = corrections.isEmpty() ? null : corrections.get(slot);
        if (correction == null) {
            return read;
        }
        if (correction.read == read) {
            return masters.at(correction.address);
        }
        corrections.remove(slot, correction);
        return read;
    }

    private @Nullable RedisClient read(int slot) {
        Object master = masters.of(slot);
        return master == null ? null : masters.server(master);
    }

    /** A server has answered that another one owns the slot; where it does not say which, Redisson will read it. */
    void moved(int slot, String address) {
        if (ADDRESS_OF_SERVER.matcher(address).matches()) {
            corrections.put(slot, new Correction(read(slot), address));
        }
    }

    /**
     * Asks a server, no earlier than now, whether it is the master that owns a slot; notes which one is if it is not. A
     * replica serves the subscribers and publishers of its master's channels as well, without being counted, or
     * counting, with the others: this distinguishes it.
     */
    CompletableFuture<Boolean> confirms(RedisClient server, int slot) {
        return ask(server).thenApply(nodes -> {
            for (String[] fields : nodes) {
                if (has(fields, slot)) {
                    boolean here = fields[FLAGS].startsWith("myself,") && fields[FLAGS].contains("master");
                    if (!here) {
                        moved(slot, fields[ADDRESS].replaceFirst("@.*", ""));
                    }
                    return here;
                }
            }
            return false;
        });
    }

    /** Those who ask while an answer is awaited get the next one, together. */
    private CompletableFuture<List<String[]>> ask(RedisClient server) {
        CompletableFuture<List<String[]>> answer = new CompletableFuture<>();
        synchronized (this) {
            if (asked.containsKey(server)) {
                return waiting.computeIfAbsent(server, any -> answer);
            }
            asked.put(server, answer);
        }
        send(server, answer);
        return answer;
    }

    private void send(RedisClient server, CompletableFuture<List<String[]>> answer) {
        masters.nodes(server).thenApply(ShardOwners::fields).whenComplete((nodes, failure) -> {
            CompletableFuture<List<String[]>> next;
            synchronized (this) {
                next = waiting.remove(server);
                if (next == null) {
                    asked.remove(server);
                } else {
                    asked.put(server, next);
                }
            }
            try {
                boolean unused = failure == null ? answer.complete(nodes) : answer.completeExceptionally(failure);
            } finally {
                if (next != null) {
                    send(server, next);
                }
            }
        });
    }

    /** Of each line, once for all who have asked. */
    private static List<String[]> fields(String nodes) {
        return nodes.lines().map(line -> line.split(" ", -1)).toList();
    }

    /** A line ends with ranges such as 0-5460 and single slots such as 7; what is in brackets is under way. */
    private static boolean has(String[] fields, int slot) {
        for (int i = FIELDS_BEFORE_SLOTS; i < fields.length; i++) {
            String range = fields[i];
            if (!range.isEmpty() && range.charAt(0) != '[') {
                int dash = range.indexOf('-');
                int first = Integer.parseInt(range, 0, dash < 0 ? range.length() : dash, 10);
                int last = dash < 0 ? first : Integer.parseInt(range, dash + 1, range.length(), 10);
                if (first <= slot && slot <= last) {
                    return true;
                }
            }
        }
        return false;
    }
}
