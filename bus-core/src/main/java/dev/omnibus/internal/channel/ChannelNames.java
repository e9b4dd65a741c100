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
    private static final String PRESENCE = ":presence";
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
        return prefix + PRESENCE;
    }

    /**
     * The Redis glob of the channels that carry calls: those of methods and inboxes. It is one pattern, because what
     * arrives by one is in the order in which it was sent.
     *
     * @return a glob for a pattern subscription
     */
    public String calls() {
        return prefix + ":[ir]*";
    }

    /**
     * The Redis glob of all channels that carry frames: topics, methods, inboxes and presence. Notices of logs and
     * queues, which are no frames, are left out.
     *
     * @return a glob for a pattern subscription
     */
    public String frames() {
        return prefix + ":[eipr]*";
    }

    /** What a channel is for. */
    public enum Use {
        /** The events of a topic. */
        EVENT,
        /** Requests and cancels. */
        METHOD,
        /** Replies and heartbeats. */
        INBOX,
        /** Nodes that come and go. */
        PRESENCE,
        /** Anything else. */
        OTHER
    }

    /**
     * The name of a channel, taken apart.
     *
     * @param use what it is for
     * @param name the topic or the method; empty for others
     * @param node the node whose inbox it is, or that a method's channel belongs to alone; empty for others
     */
    public record Parts(Use use, String name, String node) {}

    /**
     * Takes the name of a channel apart, for those who watch channels of others.
     *
     * @param channel any name
     * @return what it is for
     */
    public Parts parse(String channel) {
        if (channel.startsWith(prefix)) {
            int from = prefix.length();
            if (channel.startsWith(EVENTS, from)) {
                return new Parts(Use.EVENT, channel.substring(from + EVENTS.length()), "");
            }
            if (channel.startsWith(METHODS, from)) {
                String method = channel.substring(from + METHODS.length());
                int at = method.indexOf('@');
                return at < 0
                        ? new Parts(Use.METHOD, method, "")
                        : new Parts(Use.METHOD, method.substring(0, at), method.substring(at + 1));
            }
            if (channel.startsWith(INBOX, from)) {
                return new Parts(Use.INBOX, "", channel.substring(from + INBOX.length()));
            }
            if (channel.length() == from + PRESENCE.length() && channel.endsWith(PRESENCE)) {
                return new Parts(Use.PRESENCE, "", "");
            }
        }
        return new Parts(Use.OTHER, "", "");
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
