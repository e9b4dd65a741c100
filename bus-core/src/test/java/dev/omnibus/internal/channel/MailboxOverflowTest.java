package dev.omnibus.internal.channel;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.concurrent.Mailbox.Limits;
import dev.omnibus.internal.concurrent.Mailbox.Overflow;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What gives way when a mailbox is full, and who is told. */
class MailboxOverflowTest {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Semaphore turns = new Semaphore(0); // one for each item that may be handled
    private final List<Integer> taken = new CopyOnWriteArrayList<>();
    private final List<String> told = new CopyOnWriteArrayList<>();

    private final Mailbox.Handler<Integer> handler = new Mailbox.Handler<>() {
        @Override
        public void handle(Integer item, Executor next) {
            taken.add(item);
            turns.acquireUninterruptibly();
        }

        @Override
        public void dropping() {
            told.add("dropping");
        }

        @Override
        public void dropped(long items) {
            told.add("dropped " + items);
        }
    };

    @AfterEach
    void letGo() {
        turns.release(1_000_000);
        executor.shutdownNow();
    }

    @Test
    void theOldestGiveWayButNotWhatIsBeingHandled() throws Exception {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor, Notes.TIMER.on(executor), 1, new Limits(4, 1_000, Overflow.DROP_OLDEST), item -> 1, handler);
        mailbox.offer(0);
        await().until(() -> taken.equals(List.of(0)));
        for (int i = 1; i <= 100; i++) {
            assertTrue(mailbox.offer(i));
        }
        assertEquals(4, mailbox.size());
        assertEquals(97, mailbox.dropped());
        assertEquals(List.of("dropping"), told);
        turns.release(1_000);
        mailbox.close().get(10, SECONDS);
        assertEquals(List.of(0, 98, 99, 100), taken);
        assertEquals(List.of("dropping", "dropped 97"), told);
    }

    @Test
    void asManyOldOnesGiveWayAsTheBytesOfTheNewOneTake() throws Exception {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                1,
                new Limits(100, 100, Overflow.DROP_OLDEST),
                item -> item,
                handler);
        mailbox.offer(10);
        await().until(() -> taken.size() == 1);
        for (int size : List.of(20, 30, 40)) {
            mailbox.offer(size);
        }
        mailbox.offer(45);
        assertEquals(95, mailbox.bytes());
        mailbox.offer(5_000); // more than all; it still takes the place of those that wait
        assertEquals(5_010, mailbox.bytes());
        turns.release(1_000);
        mailbox.close().get(10, SECONDS);
        assertEquals(List.of(10, 5_000), taken);
        assertEquals(0, mailbox.bytes());
    }

    @Test
    void withKeysTheOldestGiveWayToo() throws Exception {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                2,
                new Limits(5, 1_000, Overflow.DROP_OLDEST),
                item -> 1,
                item -> item % 3,
                handler);
        mailbox.offer(0);
        mailbox.offer(1);
        await().until(() -> taken.size() == 2);
        for (int i = 2; i < 1_000; i++) {
            assertTrue(mailbox.offer(i));
        }
        assertEquals(5, mailbox.size());
        turns.release(10_000);
        mailbox.close().get(10, SECONDS);
        assertEquals(List.of(0, 1, 997, 998, 999), taken.stream().sorted().toList());
        assertEquals(995, mailbox.dropped());
    }

    @Test
    void anEpisodeEndsWhenLessThanHalfIsThereAndTheNextIsToldAgain() throws Exception {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                2,
                new Limits(10, 1_000),
                item -> 1,
                handler); // two threads: no chunks
        IntStream.range(0, 10).forEach(mailbox::offer);
        assertFalse(mailbox.offer(10));
        assertFalse(mailbox.offer(11));
        assertEquals(List.of("dropping"), told);
        turns.release(5);
        await().until(() -> mailbox.size() == 5);
        assertEquals(List.of("dropping"), told);
        turns.release(1);
        await().until(() -> told.equals(List.of("dropping", "dropped 2")));

        IntStream.range(0, 7).forEach(mailbox::offer);
        assertEquals(List.of("dropping", "dropped 2", "dropping"), told);
        assertEquals(10, mailbox.size());
        mailbox.close();
        assertEquals(List.of("dropping", "dropped 2", "dropping", "dropped 1"), told);
        assertFalse(mailbox.offer(12));
        assertEquals(3, mailbox.dropped()); // what is offered to a closed one is not dropped for lack of room
    }

    @Test
    void whatAnAbandonedMailboxHoldsIsDroppedButNotWhatIsBeingHandled() throws Exception {
        for (boolean keyed : List.of(false, true)) {
            taken.clear();
            told.clear();
            Mailbox<Integer> mailbox = keyed
                    ? new Mailbox<>(
                            executor,
                            Notes.TIMER.on(executor),
                            2,
                            new Limits(1_000, 1_000),
                            item -> 1,
                            item -> item % 2,
                            handler)
                    : new Mailbox<>(
                            executor, Notes.TIMER.on(executor), 1, new Limits(1_000, 1_000), item -> 1, handler);
            mailbox.offer(0);
            await().until(() -> taken.equals(List.of(0)));
            for (int i = 1; i < 100; i++) {
                mailbox.offer(2 * i); // all behind the first
            }
            CompletableFuture<Void> ended = mailbox.abandon();
            assertEquals(List.of("dropping", "dropped 99"), told);
            assertEquals(1, mailbox.size());
            assertFalse(ended.isDone());
            assertFalse(mailbox.offer(100));
            turns.release(1);
            ended.get(10, SECONDS);
            assertEquals(List.of(0), taken);
            assertEquals(0, mailbox.size());
            assertEquals(100, mailbox.offered());
        }
    }

    @Test
    void whatAThreadHasTakenIsDroppedToo() throws Exception {
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, new Limits(1_000, 1_000), item -> 1, handler);
        mailbox.offer(0);
        await().until(() -> taken.equals(List.of(0)));
        for (int i = 1; i <= 100; i++) {
            mailbox.offer(i);
        }
        turns.release(1);
        await().until(() -> taken.equals(List.of(0, 1))); // together with the 99 others
        CompletableFuture<Void> ended = mailbox.abandon();
        turns.release(1);
        ended.get(10, SECONDS);
        assertEquals(List.of(0, 1), taken);
        assertEquals(List.of("dropping", "dropped 99"), told);
        assertEquals(0, mailbox.size());
    }

    @Test
    void whatHasNoWeightFindsRoomBesideATooLargeItem() {
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, new Limits(100, 10), item -> item, handler);
        assertTrue(mailbox.offer(5_000));
        assertFalse(mailbox.offer(1));
        assertTrue(mailbox.offer(0));
    }

    @Test
    void aHandlerThatThrowsWhenToldStopsNothing() throws Exception {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor, Notes.TIMER.on(executor), 1, new Limits(1, 10), item -> 1, new Mailbox.Handler<>() {
                    @Override
                    public void handle(Integer item, Executor next) {
                        turns.acquireUninterruptibly();
                        taken.add(item);
                    }

                    @Override
                    public void dropping() {
                        throw new IllegalStateException("on purpose; its trace belongs to this test");
                    }
                });
        assertTrue(mailbox.offer(1));
        assertFalse(mailbox.offer(2));
        turns.release(10);
        await().until(() -> mailbox.size() == 0);
        assertTrue(mailbox.offer(3));
        mailbox.close().get(10, SECONDS);
        assertEquals(List.of(1, 3), taken);
    }

    @Test
    void underLoadEveryItemIsHandledOrCountedAndTheEpisodesAddUp() throws Exception {
        for (Overflow overflow : Overflow.values()) {
            told.clear();
            taken.clear();
            turns.release(1_000_000);
            Mailbox<Integer> mailbox = new Mailbox<>(
                    executor, Notes.TIMER.on(executor), 2, new Limits(16, 1_000, overflow), item -> 1, handler);
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                threads.add(new Thread(() -> IntStream.range(0, 5_000).forEach(mailbox::offer)));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            mailbox.close().get(10, SECONDS);
            assertEquals(20_000, taken.size() + mailbox.dropped());
            long reported = 0;
            for (int i = 0; i < told.size(); i++) {
                assertEquals(i % 2 == 0, told.get(i).equals("dropping"));
                reported += i % 2 == 0 ? 0 : Long.parseLong(told.get(i).substring("dropped ".length()));
            }
            assertEquals(mailbox.dropped(), reported);
        }
    }
}
