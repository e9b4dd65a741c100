package dev.omnibus.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Logs on the server: entries are appended to a stream, and stay there until every consumer group has acknowledged them
 * and for as long as its settings say. What durable topics are made of.
 *
 * <p>A group shares its entries among its consumers. An entry that was read is pending with its consumer until that one
 * acknowledges it. A consumer has a lease, on the server's clock; once that has ended, another one takes its pending
 * entries over, however long they have been there: who is slow is not dead.
 *
 * <p>Every operation is atomic at the server, and all that it compares are times of the server's clock. One without an
 * answer may be repeated: it does nothing twice, unless it says otherwise. Futures fail with a
 * {@link TransportException} only, whose kind says what the server has refused. They may complete on the transport's
 * own thread: dependents must neither block nor throw. What is asked within {@link Transport#together} goes in one
 * write. Thread-safe.
 */
public interface Streams extends AutoCloseable {

    // The stream itself

    /**
     * Creates a stream, or finds it: whoever comes first writes the settings. It then has an epoch, a random text,
     * which is another one if the server was emptied since.
     *
     * @param stream which
     * @param settings to be written if there is none
     * @return completes with the description that stands, which may have other settings
     */
    CompletableFuture<Description> open(StreamKeys stream, StreamSettings settings);

    /**
     * Reads the description of a stream.
     *
     * @param stream which
     * @return completes with it; empty if nobody has opened that stream, or the server was emptied since
     */
    CompletableFuture<Optional<Description>> describe(StreamKeys stream);

    /**
     * The description of a stream.
     *
     * @param epoch a random text, equal for as long as the stream has lost no history but by trimming
     * @param settings as its first user has written them
     * @param created whether it was this call that has written them
     */
    record Description(String epoch, StreamSettings settings, boolean created) {}

    /**
     * Appends entries of one publisher, in sequence. The server knows the last sequence of each publisher, and appends
     * only what is behind it, so that a call without an answer can be repeated. For a publisher, one call at a time. An
     * entry whose id is known, from whichever publisher, is not appended either: it counts as the entry that is there,
     * with that one's position.
     *
     * <p>If there are entries behind the last sequence, the frame is published on the stream's event channel, and if
     * something was appended, the last position on its notice channel. The publisher is remembered for
     * {@link #PUBLISHER_REMEMBERED}, and longer with every append.
     *
     * <p>For a user who may not run scripts, it is not atomic: what is repeated is appended again, ids count for
     * nothing, and holes are not found; see {@link StreamStatus#atomic}.
     *
     * @param stream which; must have been opened
     * @param append what
     * @return completes with what has become of it
     */
    CompletableFuture<AppendResult> append(StreamKeys stream, Append append);

    /** How long a publisher that appends nothing is remembered. An append without entries counts. */
    Duration PUBLISHER_REMEMBERED = Duration.ofMinutes(10);

    /**
     * What to append.
     *
     * @param epoch of the stream, as the publisher knows it
     * @param publisher its id
     * @param first the sequence of the first entry; without entries, the next one that there will be
     * @param gapAllowed whether it is in order that the server does not know the publisher or has not got the entries
     *     before the first one: the publisher is new, or what is missing is lost
     * @param repaired whether the entries are appended once more, after they were lost, so that they may have been
     *     handled before
     * @param entries the bytes of each, with sequences that rise by one; perhaps none, to find a hole and to be
     *     remembered. No more than {@link #MAX_ENTRIES}
     * @param frame what to publish on the event channel
     * @param ids the ids of the entries, if they have some
     */
    record Append(
            String epoch,
            String publisher,
            long first,
            boolean gapAllowed,
            boolean repaired,
            List<byte[]> entries,
            byte[] frame,
            Optional<StreamIds> ids) {

        /**
         * Checks how many entries there are and copies the list.
         *
         * @param epoch of the stream
         * @param publisher its id
         * @param first at least 1
         * @param gapAllowed whether entries may be missing before it
         * @param repaired whether they may have been handled before
         * @param entries the bytes of each
         * @param frame what to publish
         * @param ids one for each entry, or none at all
         */
        public Append {
            if (first < 1 || entries.size() > MAX_ENTRIES) {
                throw new IllegalArgumentException(
                        "At most " + MAX_ENTRIES + " entries from 1 on, not " + entries.size() + " from " + first);
            }
            int expected = entries.size();
            if (ids.filter(all -> all.each().isEmpty() || all.each().size() != expected)
                    .isPresent()) {
                throw new IllegalArgumentException("Each entry has an id, or none has: " + ids);
            }
            entries = List.copyOf(entries);
        }
    }

    /** How many entries an append has at most, and an answer: what a script can hand over in one call. */
    int MAX_ENTRIES = 4_000;

    /** What has become of an append. */
    sealed interface AppendResult {

        /**
         * All entries are there, be it since now or since before.
         *
         * @param last the last sequence of this publisher; 0 if it is not known and nothing was appended
         * @param id the position of the entry with that sequence; empty if it has none yet
         * @param from the sequence from which on the positions up to the last one follow each other without a gap
         * @param known the positions of entries with ids by their sequences; of all, if the user may not run scripts
         */
        record Appended(long last, Optional<StreamId> id, long from, Map<Long, StreamId> known)
                implements AppendResult {

            /**
             * Of entries without ids.
             *
             * @param last the last sequence of this publisher
             * @param id the position of the entry with that sequence
             * @param from the sequence from which on the positions follow each other
             */
            public Appended(long last, Optional<StreamId> id, long from) {
                this(last, id, from, Map.of());
            }

            /**
             * The position of an entry.
             *
             * @param sequence of the entry
             * @return empty if it was appended before the latest call that has appended something, and has no id
             */
            public Optional<StreamId> idOf(long sequence) {
                StreamId there = known.get(sequence);
                if (there != null) {
                    return Optional.of(there);
                }
                return sequence < from || sequence > last
                        ? Optional.empty()
                        : id.map(end -> new StreamId(end.millis(), end.sequence() - (last - sequence)));
            }
        }

        /**
         * Nothing was appended: the server has not got the entries before the first one. It has forgotten them, if they
         * had been acknowledged.
         *
         * @param last the last sequence that it knows of this publisher; 0 if it does not know it
         */
        record Hole(long last) implements AppendResult {}

        /** Nothing was appended: the stream is full. {@link #trim} may make room. */
        record Full() implements AppendResult {}

        /** Nothing was appended: the stream has another epoch, or none. Open it again. */
        record OtherEpoch() implements AppendResult {}
    }

    /**
     * Waits until what a publisher has appended is at replicas, or in the append-only file, for a moment that is short
     * enough not to hold up others. It has a connection of its own.
     *
     * @param stream which
     * @param publisher its id
     * @param sequence of the last entry that is waited for
     * @param replicas by how many it is to be confirmed
     * @param synced whether it is to be in the append-only file of the server and of these replicas
     * @return completes with whether that is so; false if it is not yet, and then it may be asked again. Fails with
     *     {@link TransportException.Kind#REFUSED} or {@link TransportException.Kind#NOT_ALLOWED} if that server or user
     *     cannot say so
     */
    CompletableFuture<Boolean> confirm(
            StreamKeys stream, String publisher, long sequence, int replicas, boolean synced);

    /**
     * Reads entries without a group.
     *
     * @param stream which
     * @param after the position before the first one; {@link StreamId#EARLIEST} to begin with the oldest
     * @param count how many at most, at least 1
     * @return completes with entries in order; none if there are none yet
     */
    CompletableFuture<Range> range(StreamKeys stream, StreamId after, int count);

    /**
     * Entries that follow each other.
     *
     * @param entries in order
     * @param trimmed up to which position, at least, all entries are gone. If it is behind the one that was read after,
     *     entries may have gone unseen
     */
    record Range(List<StreamEntry> entries, StreamId trimmed) {}

    /**
     * Removes what need not be kept: what all groups and named followers are done with, if it is old enough or a limit
     * is reached; without a group, only what was kept for as long as the settings say. What a group has not
     * acknowledged only goes if its age is over the limit, or if a limit is reached and the settings say so; then its
     * loss is recorded for the group. Runs once in a while, for all users together.
     *
     * @param stream which
     * @param every does nothing if somebody has trimmed the stream within that time
     * @return completes with what was done
     */
    CompletableFuture<Trimmed> trim(StreamKeys stream, Duration every);

    /**
     * What was trimmed.
     *
     * @param ran false if somebody else has done it a moment ago; then the rest says nothing
     * @param removed how many entries have gone
     * @param more whether there is more to remove: call it again
     * @param entries how many are left
     * @param bytes how much memory they take, as the server estimates it; 0 if the user may not ask for it
     * @param fullAt at how many entries the stream is full, by both limits
     * @param lost how many of the removed entries each group had not acknowledged; no group without a loss
     */
    record Trimmed(
            boolean ran, long removed, boolean more, long entries, long bytes, long fullAt, Map<String, Long> lost) {}

    // Groups and their consumers

    /**
     * Creates a group, unless there is one of that name.
     *
     * @param stream which; is created if it is not there
     * @param group its name
     * @param after the position before its first entry; {@link StreamId#EARLIEST} for all that is there,
     *     {@link StreamId#LATEST} for what comes from now on
     * @return completes with whether it was this call that has created it
     */
    CompletableFuture<Boolean> createGroup(StreamKeys stream, String group, StreamId after);

    /**
     * Removes a group and all that belongs to it, also its dead letters, so that nothing waits for it any more.
     *
     * @param stream which
     * @param group its name
     * @return completes with whether there was one
     */
    CompletableFuture<Boolean> dropGroup(StreamKeys stream, String group);

    /**
     * A consumer of a group. One becomes known with its first {@link #takeOver}.
     *
     * @param stream the stream
     * @param group the group's name
     * @param name its own, unique in the group; not {@link #NOBODY}
     * @param single whether only one consumer of the group is active at a time; then it is so for all of them. The
     *     first one is, until its lease ends or it leaves
     */
    record Consumer(StreamKeys stream, String group, String name, boolean single) {

        /**
         * Checks the names.
         *
         * @param stream the stream
         * @param group not empty
         * @param name not empty, and not {@link #NOBODY}
         * @param single whether only one is active
         */
        public Consumer {
            if (group.isEmpty() || name.isEmpty() || name.equals(NOBODY)) {
                throw new IllegalArgumentException("No names of a group and a consumer: " + group + ", " + name);
            }
        }

        /**
         * One of several that are active.
         *
         * @param stream the stream
         * @param group not empty
         * @param name not empty, and not {@link #NOBODY}
         */
        public Consumer(StreamKeys stream, String group, String name) {
            this(stream, group, name, false);
        }
    }

    /** The consumer with which released entries are pending. */
    String NOBODY = "-";

    /**
     * Acknowledges what was handled, and reads what is new, in one write.
     *
     * <p>If the answer is lost, what was read is pending all the same: see {@link #pending}.
     *
     * @param consumer who
     * @param handled the entries to acknowledge
     * @param count how many to read at most; 0 to read none
     * @return completes with entries that nobody had before, in order; none if another consumer is the active one.
     *     Fails with {@link TransportException.Kind#NO_GROUP} if the group is gone
     */
    CompletableFuture<Turn> turn(Consumer consumer, List<StreamId> handled, int count);

    /**
     * What came of a turn.
     *
     * @param acknowledged how many of the entries that were handled had been pending until then. Those that were not
     *     had been acknowledged before: by a call whose answer was lost, or by somebody else, who had taken them over
     * @param entries what was read
     */
    record Turn(long acknowledged, List<StreamEntry> entries) {}

    /**
     * Reads what is pending with a consumer, and changes nothing of it. Entries that are gone are acknowledged by this,
     * and left out.
     *
     * @param consumer who
     * @param after the position before the first one
     * @param count how many at most, at least 1; less where they are large
     * @return completes with entries in order; none if there are no more
     */
    CompletableFuture<List<StreamEntry>> pending(Consumer consumer, StreamId after, int count);

    /**
     * Renews a consumer's lease, and takes over entries that nobody has: those of consumers whose lease has ended, and
     * released ones that are due. A dead consumer is removed when it has no entry left, and not before. To be called
     * within a third of each lease: where nobody has renewed for twice as long, nobody could, and all have another
     * lease from now on, once until they renew.
     *
     * @param consumer who
     * @param lease how long it stands from now on
     * @param count how many entries to take at most; less where they are large; perhaps 0, and then a single consumer
     *     does not become the active one, but stays it
     * @param candidate whether a single consumer may become the active one, now or later
     * @return completes with what was taken. If that is lost, it is pending all the same: see {@link #pending}. Fails
     *     with {@link TransportException.Kind#REFUSED} if the group has a single active consumer, and this is not to be
     *     one
     */
    CompletableFuture<TakeOver> takeOver(Consumer consumer, Duration lease, int count, boolean candidate);

    /**
     * What came of a take-over.
     *
     * @param wasGone whether the consumer was not known, or others have begun to take its entries over since its lease
     *     had ended: what it has read may not be its own any more, see {@link #pending}
     * @param entries what was taken, now pending with this consumer; of dead consumers as suspects
     * @param more whether there is more to take
     * @param removed dead consumers that are gone for good
     * @param loss what was trimmed although the group had not acknowledged it, if there is something to be reported and
     *     this consumer is to do that; repeated until {@link #lossReported}, or until its lease has ended
     * @param active whether it may read. A single active consumer has taken all that others had when there is no
     *     {@code more}, in the order of the stream; a consumer that waits for its turn takes nothing
     * @param candidates of single consumers, those that may be or become the active one, and whose lease stands
     */
    record TakeOver(
            boolean wasGone,
            List<StreamEntry> entries,
            boolean more,
            Set<String> removed,
            Optional<Loss> loss,
            boolean active,
            Set<String> candidates) {}

    /**
     * What was trimmed although a group had not acknowledged it.
     *
     * @param from the first position that may be missing
     * @param to the last one
     * @param count how many entries; if it is not known, how many there were at most
     */
    record Loss(StreamId from, StreamId to, long count) {}

    /**
     * Says that a loss was reported, so that nobody does it again.
     *
     * @param consumer who
     * @param loss as it was received
     * @return completes when it is written
     */
    CompletableFuture<Void> lossReported(Consumer consumer, Loss loss);

    /**
     * Writes down what was tried with an entry, for instance before a suspect is started.
     *
     * @param consumer who has it
     * @param entry which
     * @param attempts as they are from now on
     * @return completes with false if the consumer does not have it (any more), and then nothing has changed
     */
    CompletableFuture<Boolean> attempted(Consumer consumer, StreamId entry, StreamEntry.Attempts attempts);

    /**
     * Gives an entry away, for any consumer to take over.
     *
     * @param consumer who has it
     * @param entry which
     * @param attempts as they are from now on
     * @param delay not before that time has passed
     * @return completes with false if the consumer does not have it (any more), and then nothing has changed
     */
    CompletableFuture<Boolean> release(
            Consumer consumer, StreamId entry, StreamEntry.Attempts attempts, Duration delay);

    /**
     * Releases all that a consumer has, with its attempts untouched, and removes the consumer.
     *
     * @param consumer who
     * @param stays whether it is not removed: if it was the active one, another one may be that now
     * @return completes with false if there was too much for one call: call it again
     */
    CompletableFuture<Boolean> leave(Consumer consumer, boolean stays);

    // Dead letters

    /**
     * Puts an entry among the dead letters of its group, and acknowledges it.
     *
     * @param consumer who has it
     * @param entry which
     * @param attempts as they are at the end
     * @param reason why
     * @return completes with what has become of it
     */
    CompletableFuture<Buried> bury(Consumer consumer, StreamId entry, StreamEntry.Attempts attempts, String reason);

    /** What has become of an entry that was to be a dead letter. */
    enum Buried {
        /** It is one, and not pending any more; or it had been trimmed and is just not pending any more. */
        DONE,
        /** Nothing has changed: the consumer does not have it, any more. */
        NOT_OWNER,
        /** The consumer still has it, with these attempts: there are {@link Streams#MAX_DEAD_LETTERS} already. */
        FULL
    }

    /** How many dead letters a group has at most. */
    int MAX_DEAD_LETTERS = 10_000;

    /**
     * Lists dead letters.
     *
     * @param stream which
     * @param group whose
     * @param after the dead letter before the first one; {@link StreamId#EARLIEST} to begin with the oldest
     * @param count how many at most, at least 1
     * @return completes with them, in order
     */
    CompletableFuture<List<DeadLetter>> deadLetters(StreamKeys stream, String group, StreamId after, int count);

    /**
     * A dead letter.
     *
     * @param id its own position, which also says when it became one
     * @param entry the position of the entry that it was
     * @param event its bytes; null as in {@link StreamEntry}. Not to be changed
     * @param reason why
     * @param attempts what had been tried
     */
    record DeadLetter(
            StreamId id, StreamId entry, byte @Nullable [] event, String reason, StreamEntry.Attempts attempts) {}

    /**
     * Appends a dead letter to the stream again, for its group only, also if the stream is full, and removes it from
     * the dead letters.
     *
     * @param stream which
     * @param group whose
     * @param letter its own position
     * @return completes with false if there is no such dead letter
     */
    CompletableFuture<Boolean> redeliver(StreamKeys stream, String group, StreamId letter);

    /**
     * Removes a dead letter.
     *
     * @param stream which
     * @param group whose
     * @param letter its own position
     * @return completes with false if there is no such dead letter
     */
    CompletableFuture<Boolean> discard(StreamKeys stream, String group, StreamId letter);

    // Named followers

    /**
     * Reads where a named follower is.
     *
     * @param stream which
     * @param follower its name
     * @return completes with the position of the last entry that it is done with; empty if it has none
     */
    CompletableFuture<Optional<StreamId>> position(StreamKeys stream, String follower);

    /**
     * Writes where a named follower is; what it is not done with is not trimmed before a limit is reached.
     *
     * @param stream which
     * @param follower its name
     * @param position of the last entry that it is done with
     * @return completes when it is written
     */
    CompletableFuture<Void> savePosition(StreamKeys stream, String follower, StreamId position);

    /**
     * Forgets a named follower, so that nothing waits for it any more.
     *
     * @param stream which
     * @param follower its name
     * @return completes with whether there was one
     */
    CompletableFuture<Boolean> forgetPosition(StreamKeys stream, String follower);

    // Roles

    /**
     * Takes a role, or renews the lease of it: something that one does at a time, for all others. Not for a user who
     * may not run scripts.
     *
     * @param stream which
     * @param role the role's name
     * @param holder who wants it
     * @param lease for how long, on the server's clock, unless it is renewed; zero gives it back
     * @return completes with whether that holder has it now
     */
    CompletableFuture<Boolean> hold(StreamKeys stream, String role, String holder, Duration lease);

    // Status

    /**
     * Reads the state of a stream.
     *
     * @param stream which
     * @return completes with it; of a stream that is not there, with one that is empty
     */
    CompletableFuture<StreamStatus> status(StreamKeys stream);

    /**
     * Asks the server that has a stream how well it keeps what it is given, as far as this user may know.
     *
     * @param stream which
     * @return completes with what it says
     */
    CompletableFuture<StreamServer> server(StreamKeys stream);

    /**
     * Compares the history of the server with the one that was written into the description last, and writes it. If it
     * is another one, all that is there now was appended before, and what has been acknowledged since may have been
     * lost.
     *
     * @param stream which
     * @param history as {@link StreamServer#history} has it
     * @param another whether this user knows that it is another one than before, should none have been written
     * @return completes with the position up to which entries may be handed out although they were acknowledged;
     *     {@link StreamId#EARLIEST} if there are none, or nobody has opened the stream
     */
    CompletableFuture<StreamId> doubted(StreamKeys stream, String history, boolean another);

    /**
     * Says which connection is the newest. As long as it is the same, so is the server: the answers that came before
     * this call are of one {@linkplain StreamServer#history history}.
     *
     * @return a number that no other connection has
     */
    long newestConnection();

    /** Lets go of the connection for reads. What is under way fails, unless others use it as well. Idempotent. */
    @Override
    void close();
}
