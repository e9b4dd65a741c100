package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
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

    static void write(Transport link, String index, String key, String value, Duration ttl) {
        link.renewLease(index, key, value.getBytes(UTF_8), ttl).join();
    }

    static Map<String, String> texts(Leases leases) {
        Map<String, String> texts = new HashMap<>();
        leases.changed().forEach((key, value) -> texts.put(key, new String(value, UTF_8)));
        return texts;
    }

    @Test
    void anIndexThatNobodyWroteToIsEmpty() {
        Leases leases = there.leases(index, 0).join();
        assertEquals(Set.of(), leases.keys());
        assertEquals(Map.of(), leases.changed());
    }

    @Test
    void leasesAreListedUntilTheyEnd() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);

        Leases both = there.leases(index, 0).join();
        here.endLease(index, b).join();
        Leases rest = there.leases(index, both.version()).join();

        assertEquals(Map.of(a, "one", b, "two"), texts(both));
        assertEquals(Set.of(a), rest.keys());
        assertTrue(rest.version() > both.version());
    }

    @Test
    void aLeaseThatIsNotRenewedIsGone() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", Duration.ofSeconds(2));
        assertEquals(Set.of(a, b), there.leases(index, 0).join().keys());

        await().until(() -> there.leases(index, 0).join().keys().equals(Set.of(a)));
    }

    @Test
    void aRenewedLeaseStaysBeyondItsFirstEnd() {
        await().during(Duration.ofSeconds(1)).until(() -> {
            write(here, index, a, "one", Duration.ofMillis(500));
            return there.leases(index, 0).join().keys().equals(Set.of(a));
        });
    }

    @Test
    void whatSaysSomethingNewHasChanged() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        long version = there.leases(index, 0).join().version();

        write(here, index, a, "uno", LONG);

        Leases changed = there.leases(index, version).join();
        assertEquals("uno", texts(changed).get(a));
        assertEquals(Set.of(a, b), changed.keys());
    }

    @Test
    void whatWasForgottenIsThereAgainWithTheNextRenewal() {
        write(here, index, a, "one", LONG);
        write(here, index, b, "two", LONG);
        long version = there.leases(index, 0).join().version();

        forget();
        assertEquals(Set.of(), there.leases(index, version).join().keys());
        write(here, index, a, "one", LONG);

        Leases again = there.leases(index, version).join();
        assertEquals(Set.of(a), again.keys());
        assertEquals(Map.of(a, "one"), texts(again));
    }
}
