package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the leases of every transport must do. Run against Redis, with scripts and without, and in memory. */
abstract class LeaseContract {

    private static final Duration LONG = Duration.ofSeconds(30);

    final String index = "test-" + UUID.randomUUID();
    final String a = index + ":{" + index + "}:a";
    final String b = index + ":{" + index + "}:b";
    Transport here;
    Transport there;

    abstract Transport connect();

    /** As FLUSHALL does. */
    abstract void forget();

    @BeforeEach
    void connectBoth() {
        here = connect();
        there = connect();
    }

    @AfterEach
    void closeBoth() {
        here.endLease(index, a).join();
        here.endLease(index, b).join();
        here.close();
        there.close();
    }

    static void write(Transport transport, String index, String key, String value, Duration ttl) {
        transport.renewLease(index, key, value.getBytes(UTF_8), ttl).join();
    }

    static Map<String, String> texts(LeaseUpdate leases) {
        Map<String, String> texts = new HashMap<>();
        leases.changed().forEach((key, value) -> texts.put(key, new String(value, UTF_8)));
        return texts;
    }

    /** The keys of all that stand, as one sees them who knows nothing. */
    static Set<String> standing(Transport transport, String index) {
        LeaseUpdate leases = transport.leases(index, 0).join();
        assertTrue(leases.all());
        return leases.changed().keySet();
    }

    @Test
    void anIndexThatNobodyWroteToIsEmpty() {
        assertEquals(Set.of(), standing(there, index));
    }

    @Test
    void anEntryThatNobodyWouldReadIsRefusedWhereItIsWritten() {
        CompletionException e = assertThrows(
                CompletionException.class,
                () -> here.renewLease(index, a, new byte[LeaseUpdate.MAX_VALUE_BYTES + 1], LONG)
                        .join());
        TransportException tooLarge = assertInstanceOf(TransportException.class, e.getCause());
        assertEquals(TransportException.Kind.TOO_LARGE, tooLarge.kind());
        assertTrue(tooLarge.notSent());
        assertEquals("The entry " + a + " has 1048577 bytes; it may have 1048576", tooLarge.getMessage());

        here.renewLease(index, b, new byte[LeaseUpdate.MAX_VALUE_BYTES], LONG).join();
        assertEquals(Set.of(b), standing(there, index));
    }

    /** What a reader is told who reads again. Those who may not run scripts may be told of more. */
    final void aReaderGetsOnlyWhatHasChanged() {
        for (int i = 0; i < 1_200; i++) { // more than Redis answers at once
            write(here, index, a + i, "one", LONG);
        }
        write(here, index, b, "two", LONG);
        LeaseUpdate all = there.leases(index, 0).join();
        assertEquals(1_201, all.changed().size());

        write(here, index, b, "zwei", LONG);
        here.endLease(index, a + 7).join();
        LeaseUpdate changed = there.leases(index, all.version()).join();

        assertEquals(Map.of(b, "zwei"), texts(changed));
        assertEquals(Set.of(a + 7), changed.gone().keySet());
        assertEquals(false, changed.all());
        assertEquals(
                LeaseUpdate.unchanged(changed.version()),
                there.leases(index, changed.version()).join());
    }

    /** Those who may not run scripts cannot know the time of Redis. */
    final void aReaderIsToldHowLongAgoItWasNoticedThatAnEntryHasEnded() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        long version = there.leases(index, 0).join().version();
        long began = System.nanoTime();
        here.endLease(index, b).join();
        await().until(() -> there.leases(index, version)
                        .join()
                        .gone()
                        .getOrDefault(b, Duration.ZERO)
                        .toMillis()
                >= 50);
        Duration ago = there.leases(index, version).join().gone().getOrDefault(b, Duration.ZERO);
        assertTrue(ago.toNanos() <= System.nanoTime() - began, ago::toString);
    }

    /** Of those who have gone not all are remembered for ever. */
    final void aReaderThatHasMissedTooMuchGetsAll() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        LeaseUpdate before = there.leases(index, 0).join();
        here.endLease(index, b).join();
        for (int i = 0; i < 1_100; i++) {
            write(here, index, a + i, "one", LONG);
            here.endLease(index, a + i).join();
        }
        LeaseUpdate after = there.leases(index, before.version()).join();
        assertTrue(after.all() ? !after.changed().containsKey(b) : after.gone().containsKey(b));
        assertEquals(Set.of(a), standing(there, index));
    }

    /** Does a wrong. */
    void command(List<String> words) {
        throw new UnsupportedOperationException("There is no Redis");
    }

    /**
     * After a wrong at most one entry is missing, and after some renewals none is, for new readers and for old ones.
     */
    final void heals(List<String> wrong) {
        String what = String.join(
                " ",
                wrong.stream().map(word -> word.length() > 99 ? "long" : word).toList());
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        Map<String, String> known = new HashMap<>();
        long version = read(known, 0);
        assertEquals(Map.of(a, "one", b, "two"), known, () -> "before " + what);

        command(wrong);
        for (int i = 0; i < 10; i++) { // one of them is checked
            write(here, index, a, "one", LONG);
            write(here, index, b, "two", LONG);
        }

        assertEquals(Map.of(a, "one", b, "two"), texts(there.leases(index, 0).join()), () -> "after " + what);
        version = read(known, version);
        assertEquals(Map.of(a, "one", b, "two"), known, () -> "after " + what);
        here.endLease(index, b).join();
        read(known, version);
        assertEquals(Map.of(a, "one"), known, () -> "at the end after " + what);
    }

    private long read(Map<String, String> known, long since) {
        LeaseUpdate leases = there.leases(index, since).join();
        if (leases.all()) {
            known.clear();
        }
        known.keySet().removeAll(leases.gone().keySet());
        known.putAll(texts(leases));
        return leases.version();
    }

    @Test
    void leasesAreListedUntilTheyEnd() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);

        LeaseUpdate both = there.leases(index, 0).join();
        here.endLease(index, b).join();
        LeaseUpdate rest = there.leases(index, both.version()).join();

        assertEquals(Map.of(a, "one", b, "two"), texts(both));
        assertTrue(
                rest.all()
                        ? rest.changed().keySet().equals(Set.of(a))
                        : rest.gone().keySet().equals(Set.of(b)));
        assertTrue(rest.version() > both.version());
        assertEquals(Set.of(a), standing(there, index));
    }

    @Test
    void aLeaseThatIsNotRenewedIsGone() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", Duration.ofSeconds(2));
        assertEquals(Set.of(a, b), standing(there, index));

        await().until(() -> standing(there, index).equals(Set.of(a)));
    }

    @Test
    void aRenewedLeaseStaysBeyondItsFirstEnd() {
        await().during(Duration.ofSeconds(1)).until(() -> {
            write(here, index, a, "one", Duration.ofMillis(500));
            return standing(there, index).equals(Set.of(a));
        });
    }

    @Test
    void anEntryWithAnotherValueHasChanged() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        long version = there.leases(index, 0).join().version();

        write(here, index, a, "uno", LONG);

        LeaseUpdate changed = there.leases(index, version).join();
        assertEquals("uno", texts(changed).get(a));
        assertEquals(Set.of(a, b), standing(there, index));
    }

    @Test
    void whatWasForgottenIsThereAgainWithTheNextRenewal() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        long version = there.leases(index, 0).join().version();

        forget();
        assertEquals(
                LeaseUpdate.all(0, Map.of()).changed(),
                there.leases(index, version).join().changed());
        write(here, index, a, "one", LONG);

        LeaseUpdate again = there.leases(index, version).join();
        assertTrue(again.all());
        assertEquals(Map.of(a, "one"), texts(again));
    }
}
