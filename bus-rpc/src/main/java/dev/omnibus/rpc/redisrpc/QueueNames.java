package dev.omnibus.rpc.redisrpc;

import dev.omnibus.internal.channel.ChannelNames;
import java.util.regex.Pattern;

/**
 * The names of the lists around a queue. Those that are ours share its slot in a cluster.
 *
 * @param queue what clients push to
 * @param server whose names they are; unique
 */
record QueueNames(String queue, String server) {

    /** The leases of all servers on queues of a bus; what follows the prefix of the bus. */
    private static final String INDEX = ":queue-servers";

    private static final Pattern TAGGED = Pattern.compile("[^{}]*\\{[^{}]+}[^{}]*");
    private static final int LONGEST = 512;

    /** Checks what a program calls a queue. */
    static String required(String queue) {
        if (queue.isEmpty() || queue.length() > LONGEST || queue.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "The name of a queue must have 1 to " + LONGEST + " characters and no control characters");
        }
        return queue;
    }

    private String tagged() {
        return TAGGED.matcher(queue).matches() ? queue : "{" + queue + "}";
    }

    /** Where a request is between the moment it is taken and the moment it is executed. */
    String taken() {
        return tagged() + ":taken:" + server;
    }

    /** The lists of taken requests of all servers on the queue. */
    String servers() {
        return tagged() + ":servers";
    }

    /** Whether a name is one that a server must not answer to: around the queue, or in the directories of the bus. */
    boolean areOurs(String name, ChannelNames bus) {
        return name.equals(queue)
                || name.equals(servers())
                || name.startsWith(tagged() + ":taken:")
                || name.equals(bus.nodes())
                || name.startsWith(bus.nodes() + ":")
                || name.startsWith(bus.node(""))
                || name.equals(index(bus.prefix()))
                || name.startsWith(index(bus.prefix()) + ":");
    }

    /** The name under which the leases of servers are listed. */
    static String index(String prefix) {
        return prefix + INDEX;
    }

    /** The key of the lease behind a list of taken requests, in the slot of the index. */
    static String lease(String prefix, String taken) {
        return index(prefix) + ":{" + index(prefix) + "}:" + taken;
    }
}
