package dev.omnibus.internal.channel;

import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.StreamKeys;
import java.util.regex.Pattern;

/**
 * The naming scheme: all channels and keys that the bus uses, in one place, so that access control lists can be written
 * from one page. Immutable.
 *
 * @param prefix what every name begins with; {@code bus} by default. Buses with different prefixes are separate
 * @param shardedEvents whether the channels of topics may be sharded as well, and so match no pattern
 */
public record ChannelNames(String prefix, boolean shardedEvents) {

    private static final String EVENTS = ":evt:";
    private static final String METHODS = ":rpc:";
    private static final String INBOX = ":inbox:";
    private static final String QUEUE = ":queue:";
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");

    /**
     * With events that patterns match.
     *
     * @param prefix what every name begins with
     */
    public ChannelNames(String prefix) {
        this(prefix, false);
    }

    /**
     * Checks the prefix.
     *
     * @param prefix what every name begins with
     * @param shardedEvents whether the channels of topics may be sharded
     * @throws IllegalArgumentException if it is not made of letters, digits, {@code _}, {@code -} and inner dots
     */
    public ChannelNames {
        if (!WORD.matcher(prefix).matches()) {
            throw new IllegalArgumentException("The channel prefix \"" + prefix
                    + "\" may only have letters, digits, '_', '-' and dots between them, for instance \"bus\"");
        }
    }

    /**
     * The channel of a topic, or the Redis glob for several when given one.
     *
     * @param topic the topic's name
     * @return its channel
     */
    public String event(String topic) {
        return prefix + EVENTS + topic;
    }

    /**
     * The topic of an event channel.
     *
     * @param channel a name that {@link #event} made
     * @return the topic's name
     */
    public String topic(String channel) {
        return channel.substring(prefix.length() + 5);
    }

    /**
     * The channel that every node that serves a method subscribes to.
     *
     * @param method {@code service.method}
     * @return its channel
     */
    public String method(String method) {
        return prefix + METHODS + method;
    }

    /**
     * The channel of the same method on one node alone.
     *
     * @param method {@code service.method}
     * @param node the node's id
     * @return its channel
     */
    public String method(String method, String node) {
        return prefix + METHODS + method + "@" + node;
    }

    /**
     * The channel on which a node receives its replies.
     *
     * @param node the node's id
     * @return its channel
     */
    public String inbox(String node) {
        return prefix + INBOX + node;
    }

    /**
     * Whether a name is that of an inbox, for receivers of requests that name the channel of the reply.
     *
     * @param channel any name
     * @return true if it is
     */
    public boolean isInbox(String channel) {
        int node = prefix.length() + INBOX.length();
        if (channel.length() <= node || !channel.startsWith(prefix) || !channel.startsWith(INBOX, prefix.length())) {
            return false;
        }
        for (int i = node; i < channel.length(); i++) {
            char c = channel.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether a channel may be sharded where the transport can do that: that of a method or an inbox, which nobody
     * subscribes to by a pattern.
     *
     * @param channel any name
     * @return true if it may
     */
    public boolean isSharded(String channel) {
        return channel.startsWith(prefix)
                && (channel.startsWith(METHODS, prefix.length())
                        || channel.startsWith(INBOX, prefix.length())
                        || (shardedEvents && channel.startsWith(EVENTS, prefix.length())));
    }

    /**
     * The key of a durable topic's log. A cluster of Redis keeps all that belongs to it where it keeps this, because of
     * the braces.
     *
     * @param topic the topic's name
     * @return its name
     */
    public String log(String topic) {
        return prefix + ":log:{" + topic + "}";
    }

    /**
     * The channel on which it is announced that something was appended to a durable topic's log.
     *
     * @param topic the topic's name
     * @return its channel
     */
    public String notices(String topic) {
        return prefix + ":new:" + topic;
    }

    /**
     * All names of a durable topic's log, or of its first partition.
     *
     * @param topic the topic's name
     * @return its keys and channels
     */
    public StreamKeys stream(String topic) {
        return stream(topic, 0);
    }

    /**
     * All names of one partition of a durable topic. The first one has those of the topic itself, so that whoever opens
     * it without partitions finds that it has some.
     *
     * @param topic the topic's name
     * @param partition its number, from 0
     * @return its keys and channels; live events are on the channel of the topic
     */
    public StreamKeys stream(String topic, int partition) {
        String part = partition == 0 ? topic : topic + ":" + partition;
        return new StreamKeys(log(part), event(topic), notices(part));
    }

    /**
     * All names of the queue of a method's calls.
     *
     * @param method {@code service.method}
     * @return its keys and channels
     */
    public QueueKeys queue(String method) {
        return new QueueKeys(prefix + QUEUE + "{" + method + "}", prefix + QUEUE + method, prefix + INBOX);
    }

    /**
     * The channel on which nodes announce that they come, drain or leave.
     *
     * @return its name
     */
    public String presence() {
        return prefix + ":presence";
    }

    /**
     * The key under which the nodes are listed.
     *
     * @return its name
     */
    public String nodes() {
        return prefix + ":nodes";
    }

    /**
     * The key of one node's lease. A cluster of Redis keeps it where it keeps {@link #nodes()}, because of the braces.
     *
     * @param node the node's id
     * @return its name
     */
    public String node(String node) {
        return prefix + ":node:{" + nodes() + "}:" + node;
    }
}
