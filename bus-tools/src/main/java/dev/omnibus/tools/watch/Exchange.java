package dev.omnibus.tools.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A request with its replies, as far as they have been seen: one of a call to a node, several of a broadcast.
 * Immutable.
 *
 * @param request the request
 * @param answers its replies, in the order in which they came
 * @param expected the nodes that were known to serve the method when a broadcast was sent; the node itself of a call to
 *     one; empty if not known
 * @param cancelled whether the caller has cancelled it
 */
public record Exchange(Seen request, List<Answer> answers, Set<String> expected, boolean cancelled) {

    /**
     * One reply.
     *
     * @param reply the message
     * @param latency the time between the two messages, as this process has read them
     */
    public record Answer(Seen reply, Duration latency) {}

    /**
     * Copies the collections.
     *
     * @param request the request
     * @param answers its replies
     * @param expected the nodes that are to answer
     * @param cancelled whether the caller has cancelled it
     */
    public Exchange {
        answers = List.copyOf(answers);
        expected = Set.copyOf(expected);
    }

    /**
     * The nodes that have not answered, of those that are known.
     *
     * @return their ids
     */
    public Set<String> missing() {
        Set<String> missing = new HashSet<>(expected);
        answers.forEach(answer -> missing.remove(answer.reply().from()));
        return Set.copyOf(missing);
    }

    /**
     * Whether no further reply is awaited.
     *
     * @return true if a call to one node was answered, or every node that is known has answered a broadcast; false for
     *     a broadcast of which nobody is known
     */
    public boolean isComplete() {
        return request.isBroadcast() ? !expected.isEmpty() && missing().isEmpty() : !answers.isEmpty();
    }

    Exchange with(Answer answer) {
        List<Answer> more = new ArrayList<>(answers);
        more.add(answer);
        return new Exchange(request, more, expected, cancelled);
    }

    Exchange asCancelled() {
        return new Exchange(request, answers, expected, true);
    }
}
