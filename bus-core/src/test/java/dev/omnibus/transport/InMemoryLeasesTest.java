package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class InMemoryLeasesTest extends LeaseContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Test
    void aRenewalAloneChangesNothing() {
        write(here, index, a, "one", Duration.ofSeconds(30));
        long version = there.leases(index, 0).join().version();

        write(here, index, a, "one", Duration.ofSeconds(30));

        assertEquals(
                LeaseUpdate.unchanged(version), there.leases(index, version).join());
    }

    @Test
    void aReaderGetsWhatHasChangedAndNoMore() {
        aReaderGetsOnlyWhatHasChanged();
    }

    @Test
    void aReaderIsToldHowLongAgoAnEntryHasEnded() {
        aReaderIsToldHowLongAgoItWasNoticedThatAnEntryHasEnded();
    }

    @Test
    void aReaderWhoHasMissedMuchForgetsWhoIsGone() {
        aReaderThatHasMissedTooMuchGetsAll();
    }

    @Override
    Transport connect() {
        return network.open();
    }

    @Override
    void forget() {
        network.forget();
    }
}
