package dev.omnibus.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.StreamSettings.WhenFull;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.Streams.Loss;
import dev.omnibus.transport.Streams.Trimmed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is trimmed, and what is not. */
abstract class TrimContract extends StreamIdsContract {
    @Test
    void whatAllGroupsAreDoneWithIsTrimmed() {
        openGroup(SETTINGS);
        streams.createGroup(keys, "other", StreamId.EARLIEST).join();
        Consumer x = new Consumer(keys, "other", "x");
        List<StreamId> ids = fill(300);
        streams.turn(a, List.of(), 300).join();
        streams.turn(a, ids, 0).join();
        streams.turn(x, List.of(), 250).join();
        streams.turn(x, ids.subList(0, 200), 0).join();

        Trimmed trimmed = streams.trim(keys, Duration.ZERO).join();
        assertTrue(trimmed.ran());
        assertEquals(200, trimmed.removed());
        assertEquals(100, trimmed.entries());
        assertEquals(Map.of(), trimmed.lost());
        Streams.Range range = streams.range(keys, StreamId.EARLIEST, 1).join();
        assertEquals(ids.get(200), range.entries().get(0).id());
        assertEquals(ids.get(199), range.trimmed());
        assertFalse(streams.trim(keys, Duration.ofMinutes(1))
                .thenCompose(first -> streams.trim(keys, Duration.ofMinutes(1)))
                .join()
                .ran());
    }

    @Test
    void whatANamedFollowerIsNotDoneWithStaysAndWithoutAGroupAllDoes() {
        open(SETTINGS);
        List<StreamId> ids = fill(10);
        assertEquals(0, streams.trim(keys, Duration.ZERO).join().removed());
        assertEquals(Optional.empty(), streams.position(keys, "f").join());
        streams.savePosition(keys, "f", ids.get(3)).join();
        assertEquals(Optional.of(ids.get(3)), streams.position(keys, "f").join());
        assertEquals(0, streams.trim(keys, Duration.ZERO).join().removed()); // a group may still come
        streams.createGroup(keys, "g", StreamId.LATEST).join();

        assertEquals(4, streams.trim(keys, Duration.ZERO).join().removed());
        assertEquals(Map.of("f", ids.get(3)), streams.status(keys).join().followers());
        assertTrue(streams.forgetPosition(keys, "f").join());
        assertFalse(streams.forgetPosition(keys, "f").join());
        assertEquals(6, streams.trim(keys, Duration.ZERO).join().removed());
    }

    @Test
    void whatIsKeptForAWhileStaysForReplayUntilItIsOldOrTheStreamIsFull() {
        openGroup(new StreamSettings(200, 1L << 30, Duration.ofHours(1), Optional.empty(), WhenFull.REFUSE, Map.of()));
        List<StreamId> ids = fill(150);
        read(a, 150);
        streams.turn(a, ids, 0).join();
        assertEquals(0, streams.trim(keys, Duration.ZERO).join().removed());
        fill(50);

        assertTrue(streams.trim(keys, Duration.ZERO).join().removed() > 0);
        assertInstanceOf(AppendResult.Appended.class, send(201, "e201"));
        assertTrue(streams.status(keys).join().entries() >= 51);
    }

    @Test
    void atItsLimitTheOldestGoAndEachGroupIsToldOnce() {
        openGroup(new StreamSettings(20, 1L << 30, Duration.ZERO, Optional.empty(), WhenFull.DROP_OLDEST, Map.of()));
        streams.createGroup(keys, "other", StreamId.EARLIEST).join();
        List<StreamId> ids = fill(50);
        takeOver(a);
        takeOver(b);
        read(a, 5);
        streams.turn(a, ids.subList(0, 2), 0).join();

        Trimmed trimmed = streams.trim(keys, Duration.ZERO).join();
        assertEquals(Map.of("g", 28L, "other", 30L), trimmed.lost());
        assertEquals(20, trimmed.entries());
        Loss loss = takeOver(a).loss().orElseThrow();
        assertEquals(28, loss.count());
        assertTrue(loss.from().compareTo(ids.get(2)) <= 0);
        assertTrue(loss.to().compareTo(ids.get(29)) >= 0 && loss.to().compareTo(ids.get(30)) < 0);
        assertEquals(Optional.empty(), takeOver(b).loss());
        assertEquals(Optional.of(loss), takeOver(a).loss());
        fill(1);
        streams.trim(keys, Duration.ZERO).join();
        streams.lossReported(a, loss).join();
        streams.lossReported(a, loss).join();
        Loss later = takeOver(a).loss().orElseThrow();
        assertEquals(1, later.count());
        streams.lossReported(a, later).join();
        assertEquals(Optional.empty(), takeOver(a).loss());

        assertEquals(List.of(), streams.pending(a, StreamId.EARLIEST, 10).join());
        assertEquals("e32", text(read(a, 1).get(0)));
    }

    @Test
    void whoIsToTellOfALossAndDiesIsReplaced() {
        openGroup(new StreamSettings(1, 1L << 30, Duration.ZERO, Optional.empty(), WhenFull.DROP_OLDEST, Map.of()));
        fill(3);
        streams.trim(keys, Duration.ZERO).join();
        assertTrue(takeOver(a).loss().isPresent());
        assertFalse(takeOver(b).loss().isPresent());
        outlive(b);
        assertTrue(takeOver(b).loss().isPresent());
    }

    @Test
    void whatIsTooOldGoesAndIsTold() {
        openGroup(new StreamSettings(
                1000, 1L << 30, Duration.ZERO, Optional.of(Duration.ofMillis(1)), WhenFull.REFUSE, Map.of()));
        fill(10);
        await().until(() -> {
            streams.trim(keys, Duration.ZERO).join();
            return streams.status(keys).join().entries() == 0;
        });
        assertEquals(10, takeOver(a).loss().orElseThrow().count());
        assertEquals(List.of(), read(a, 10));
    }

    @Test
    void theLimitInBytesIsALimitInEntries() {
        openGroup(new StreamSettings(1_000_000, 200_000, Duration.ZERO, Optional.empty(), WhenFull.REFUSE, Map.of()));
        String event = "x".repeat(1_000);
        long first = 1;
        boolean full = false;
        while (!full && first < 2_000) {
            full = send(first, event, event, event, event, event) instanceof AppendResult.Full;
            first += 5;
            streams.trim(keys, Duration.ZERO).join();
        }
        assertTrue(first > 50 && first < 1_000, "full at " + first);
    }

    /** What two groups and a follower still need, as they see it. */
    private static final class Model {

        final Map<String, NavigableSet<StreamId>> needed = new TreeMap<>(); // by group, what it is not done with
        final Map<String, List<StreamId>> held = new TreeMap<>(); // by group, what was read and not acknowledged
        Optional<StreamId> followed = Optional.empty();
        final NavigableSet<StreamId> all = new TreeSet<>();

        boolean needs(StreamId id) {
            return needed.values().stream().anyMatch(ids -> ids.contains(id))
                    || followed.filter(at -> id.compareTo(at) > 0).isPresent();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatSomebodyNeedsIsNeverTrimmedAndAllElseIs(long seed) {
        open(SETTINGS);
        Random random = new Random(seed);
        Model model = new Model();
        for (int i = 0; i < 120; i++) {
            String group = random.nextBoolean() ? "g" : "h";
            switch (random.nextInt(8)) {
                case 0, 1 -> {
                    List<StreamId> ids = fill(1 + random.nextInt(150));
                    model.all.addAll(ids);
                    model.needed.values().forEach(needed -> needed.addAll(ids));
                }
                case 2 -> create(model, group, random.nextBoolean());
                case 3, 4 -> readSome(model, group, random);
                case 5 -> acknowledgeSome(model, group, random);
                case 6 -> follow(model, random);
                default -> trimAndCheck(model);
            }
        }
        trimAndCheck(model);
    }

    private void create(Model model, String group, boolean all) {
        streams.createGroup(keys, group, all ? StreamId.EARLIEST : StreamId.LATEST)
                .join();
        List<StreamId> there = all ? present() : List.of();
        model.needed.computeIfAbsent(group, any -> new TreeSet<>(there));
    }

    private void readSome(Model model, String group, Random random) {
        if (model.needed.containsKey(group)) {
            Consumer consumer = new Consumer(keys, group, random.nextBoolean() ? "a" : "b");
            List<StreamId> read = ids(read(consumer, 1 + random.nextInt(120)));
            model.held.computeIfAbsent(group, any -> new ArrayList<>()).addAll(read);
        }
    }

    private void acknowledgeSome(Model model, String group, Random random) {
        List<StreamId> held = model.held.getOrDefault(group, List.of());
        List<StreamId> done = held.stream()
                .filter(id -> random.nextInt(10) > 0)
                .limit(1 + random.nextInt(200))
                .toList();
        if (!done.isEmpty()) {
            assertEquals(
                    done.size(),
                    streams.turn(new Consumer(keys, group, "a"), done, 0).join().acknowledged());
            held.removeAll(done);
            model.needed.getOrDefault(group, new TreeSet<>()).removeAll(done);
        }
    }

    private void follow(Model model, Random random) {
        if (random.nextInt(3) == 0) {
            streams.forgetPosition(keys, "f").join();
            model.followed = Optional.empty();
        } else if (!model.all.isEmpty()) {
            List<StreamId> all = List.copyOf(model.all);
            StreamId at = all.get(random.nextInt(all.size()));
            streams.savePosition(keys, "f", at).join();
            model.followed = Optional.of(at);
        }
    }

    private void trimAndCheck(Model model) {
        List<StreamId> before = present();
        assertEquals(Map.of(), streams.trim(keys, Duration.ZERO).join().lost());
        List<StreamId> after = present();
        List<StreamId> needed = before.stream().filter(model::needs).toList();
        boolean noGroup = model.needed.isEmpty();
        assertEquals(
                noGroup
                        ? before
                        : needed.isEmpty() ? List.of() : before.subList(before.indexOf(needed.get(0)), before.size()),
                after);
    }

    private List<StreamId> present() {
        return ids(streams.range(keys, StreamId.EARLIEST, 1_000_000).join().entries());
    }
}
