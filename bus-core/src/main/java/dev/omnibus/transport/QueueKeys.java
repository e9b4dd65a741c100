package dev.omnibus.transport;

/**
 * The names of one queue of calls. All its keys are in the slot of the first one, which has braces around the method
 * that decides that; the others begin with it. Immutable.
 *
 * @param queue the key of the stream in which calls wait, for instance {@code bus:queue:{stock.restock}}
 * @param notices the channel on which it is announced that there is something to do
 * @param inboxes what the channel of a node's inbox begins with, before the node's id
 */
public record QueueKeys(String queue, String notices, String inboxes) {

    /**
     * The key of a hash that expires: what is known of one call, and its answer in the end.
     *
     * @param token the call's id in this queue
     * @return its name
     */
    public String call(String token) {
        return queue + ":call:" + token;
    }

    /**
     * The key of a sorted set: the calls that are not to be begun yet, by when they are.
     *
     * @return its name
     */
    public String later() {
        return queue + ":later";
    }

    /**
     * The key of a sorted set: the leases of the nodes that take calls.
     *
     * @return its name
     */
    public String leases() {
        return queue + ":live";
    }

    /**
     * The key of a hash: of which server the queue is, and until when nothing is taken as it was another one before.
     *
     * @return its name
     */
    public String server() {
        return queue + ":server";
    }
}
